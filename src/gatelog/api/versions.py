"""Clients that speak another version of HTTP, or would like to.

An older one, HTTP/1.0, knows no chunks: an answer whose length is not known ends with the connection.
A newer one offers HTTP/2 in the head of its first request (`Upgrade: h2c`, as Java's client does wherever
there is no TLS). The offer is declined by answering in HTTP/1.1.

https://www.rfc-editor.org/rfc/rfc9112#section-6.1
https://www.rfc-editor.org/rfc/rfc9110#section-7.8
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def head_without_offer(
    method: bytes, target: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The head of a request again, as it would be without its `Upgrade`."""
    lines = [b"%s %s HTTP/%s" % (method, target, version.encode())]
    lines += [name + b": " + value for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])


class UntilClosed:
    """Sends the answer to a request of HTTP/1.0; the connection is closed behind it anyway."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        cycle.waiting_for_100_continue = False  # RFC 9110, 10.1.1
        self._cycle = cycle
        self._send = cycle.send
        self._length_is_known = False

    async def __call__(self, message: Message) -> None:
        """One piece of it. uvicorn writes chunks without a length; here it is told that of each piece."""
        if message["type"] == "http.response.start":
            self._length_is_known = any(name == b"content-length" for name, _ in message.get("headers", ()))
            if not self._length_is_known:
                self._cycle.chunked_encoding = False
        elif not self._length_is_known:
            self._cycle.expected_content_length = len(message.get("body", b""))
        await self._send(message)  # type: ignore[arg-type]  # Starlette's type of the same messages
