"""A client connection that costs little: one call at a time, and nothing said about it that was not seen.

call ──► head ──► body ──► end      Answer
           └─────────────── connection lost: BrokenCallError, with what had come until then
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httptools

# A backend that stalls is a defect of a test's own making: nothing here waits longer.
CALL_TIMEOUT_S = 60.0


class Answer:
    """What a client was shown. `ended`: the whole message came, so somebody relies on its record."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ended = False

    @property
    def request_id(self) -> str:
        """The gateway's name for the call, "" while no head came."""
        return self.headers.get("x-gatelog-request-id", "")

    @property
    def text(self) -> str:
        """The text of the model in it, from a message or from the deltas of a stream (as far as it came)."""
        body = bytes(self.body)
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            return "".join(_text(event, "delta") for event in _events(body))
        return _text(json.loads(body), "message") if self.ended and self.status == 200 else ""


class BrokenCallError(ConnectionError):
    """The connection was lost before the end of the answer; `answer` is what had come."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("the connection was lost before the end of the answer")
        self.answer = answer


class Connection(asyncio.Protocol):
    """One connection to a gateway, and what was last shown on it. After an error it is of no more use."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self.answer = Answer()
        self._done: asyncio.Future[None] | None = None
        self._bytes_max: int | None = None
        self.open = False

    @classmethod
    async def connect(cls, port: int) -> Connection:
        """A connection to a port of this machine; OSError."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    async def call(self, request: bytes, *, abort_after: int | None = None) -> Answer:
        """Send a request and wait for the end of its answer, or reset the connection once `abort_after`
        bytes of its body have come. BrokenCallError.
        """
        self.answer = answer = Answer()
        self._parser = httptools.HttpResponseParser(self)
        self._done = asyncio.get_running_loop().create_future()
        self._bytes_max = abort_after
        self._transport.write(request)
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await self._done
        return answer

    def send(self, data: bytes) -> None:
        """Hand bytes to the socket; what becomes of them is not waited for."""
        self._transport.write(data)

    def pause(self) -> None:
        """Read nothing more: the client is slow."""
        self._transport.pause_reading()

    def close(self) -> None:
        """Leave at once."""
        self.open = False
        self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.open = True

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        with contextlib.suppress(httptools.HttpParserError):  # what comes after an abort is nobody's
            self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        """The end, whoever wanted it."""
        del error  # asyncio's signature; to a client every end before the answer's is the same
        self.open = False
        if self._done is not None and not self._done.done():
            self._done.set_exception(BrokenCallError(self.answer))

    # httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line."""
        self.answer.headers[name.decode().lower()] = value.decode()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self.answer.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self.answer.body += data
        if self._bytes_max is not None and len(self.answer.body) >= self._bytes_max:
            self.close()

    def on_message_complete(self) -> None:
        """The client has seen the end."""
        self.answer.ended = True
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


def chat_request(
    key: str,
    body: dict[str, Any],
    *,
    simulate: dict[str, Any] | None = None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """A chat call as bytes; `simulate` is what the simulator is told about its delivery."""
    content = json.dumps(body).encode()
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "host: gateway.test",
        f"authorization: Bearer {key}",
        "content-type: application/json",
        f"content-length: {len(content)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if simulate is not None:
        lines.append(f"x-simulate: {json.dumps(simulate)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def _events(body: bytes) -> list[Any]:
    """The events of a stream that came whole, without the mark of its end."""
    lines = [line[6:] for line in body.split(b"\n\n")[:-1] if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def _text(document: Any, member: str) -> str:
    return "".join(choice.get(member, {}).get("content") or "" for choice in document.get("choices", []))
