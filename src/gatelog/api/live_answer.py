"""An answer sent while it is made.

compile, first pieces ─┬─ an error, or all there is: an ordinary response, with its length
  (WHOLE_BYTES)        └─ more: 200, pieces ─┬─ the end: the end of the body
                                             ├─ an error, or a reader that stopped: no end; the connection is
                                             │  closed, which a client cannot take for one
                                             └─ the client left: the query is stopped
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import MappingProxyType

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gatelog.api.principal import Principal
from gatelog.api.workers import Turn, Workers
from gatelog.errors import GatelogError, KqlError

log = logging.getLogger("gatelog.api")

WHOLE_BYTES = 1024 * 1024
"""Answers up to this size are complete before their first byte is sent: an error still has its status."""

READER_IDLE_S = 60.0
"""A client that takes nothing for so long is given up: its query holds memory and a turn."""

Opened = Callable[[], AbstractContextManager[Iterator[bytes]]]


class LiveAnswer(Response):
    """The pieces of `opened`, which is entered, read and left in the principal's turn, in threads."""

    def __init__(
        self,
        workers: Workers,
        principal: Principal,
        opened: Opened,
        media_type: str,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(media_type=media_type)
        self._more_headers = more_headers
        self._workers = workers
        self._principal = principal
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._workers.turn(self._principal) as run:
            pieces = Pieces(self._opened)
            try:
                head, more = await run(pieces.read, WHOLE_BYTES)
                if more:
                    await self._stream(head, pieces, run, receive, send)
                else:
                    whole = Response(head, headers=self._more_headers, media_type=self.media_type)
                    await whole(scope, receive, send)
            finally:
                await run(pieces.close)

    async def _stream(self, head: bytes, pieces: Pieces, run: Turn, receive: Receive, send: Send) -> None:
        named = {"content-type": self.media_type or "", **self._more_headers}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_left(receive))
        try:
            piece, more = head, True
            while more and not gone.done():
                await _sent(send, piece)
                piece, more = await run(pieces.read, 1)
            if not more:
                await _sent(send, piece, last=True)
        except TimeoutError:
            log.warning("a client stopped reading its answer", extra={"principal": self._principal.name})
        except GatelogError as error:
            log.warning("an answer broke off", extra={"principal": self._principal.name})
            await _sent(send, self._tail(error))
        finally:
            gone.cancel()

    def _tail(self, error: GatelogError) -> bytes:
        if self.media_type != "application/json":
            return b""
        message = str(error) if isinstance(error, KqlError) else "the store failed"
        return b'],"error":' + msgspec.json.encode({"code": "broken_off", "message": message}) + b"}"


class Pieces:
    """Reads a document from threads, one call at a time."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._iterator: Iterator[bytes] | None = None

    def read(self, least: int) -> tuple[bytes, bool]:
        """At least so many bytes, and whether there may be more; fewer only at the end."""
        read = bytearray()
        try:
            if self._iterator is None:
                self._iterator = self._stack.enter_context(self._opened())
            for piece in self._iterator:
                read += piece
                if len(read) >= least:
                    return bytes(read), True
        except BaseException as error:
            # The document knows what an error of the engine means to the client.
            self._stack.__exit__(type(error), error, error.__traceback__)
            raise
        self._stack.close()
        return bytes(read), False

    def close(self) -> None:
        """Stop, wherever it is."""
        self._stack.close()


async def _sent(send: Send, piece: bytes, *, last: bool = False) -> None:
    message: Message = {"type": "http.response.body", "body": piece, "more_body": not last}
    async with asyncio.timeout(READER_IDLE_S):
        await send(message)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
