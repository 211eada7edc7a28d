"""An answer sent while it is made.

turn ─► compile, first pieces ─┬─ an error, or all there is: the end of the turn, then an ordinary response
  (WHOLE_BYTES)                └─ more: 200, pieces ─┬─ the end: the end of the body
                                                     └─ an error, or a reader that stopped: no end; the
                                                        connection is closed, which nobody can take for one
A client that leaves before its turn has none; one that leaves later has its query stopped, wherever it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gatelog.api.principal import Principal
from gatelog.api.workers import Turn, Workers
from gatelog.errors import GatelogError, KqlChangedError, KqlError

log = logging.getLogger("gatelog.api")

WHOLE_BYTES = 1024 * 1024
"""Answers up to this size are complete before their first byte is sent: an error still has its status."""

READER_IDLE_S = 60.0
"""A client that takes nothing for so long is given up: its query holds memory and a turn."""

Opened = Callable[[], AbstractContextManager[Iterator[bytes]]]


class LiveAnswer(Response):
    """The pieces of `opened`, which is entered, read and left in the principal's turn, in threads. `broken`
    closes the document if it breaks off, all but its last brace; a member `error` follows.
    """

    def __init__(
        self,
        workers: Workers,
        principal: Principal,
        opened: Opened,
        media_type: str,
        more_headers: Mapping[str, str] = MappingProxyType({}),
        *,
        broken: bytes = b"",
    ) -> None:
        super().__init__(media_type=media_type)
        self._more_headers = more_headers
        self._broken = broken
        self._workers = workers
        self._principal = principal
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        gone = asyncio.create_task(_left(receive))
        try:
            async with AsyncExitStack() as stack:
                turn = await _before(gone, stack.enter_async_context(self._workers.turn(self._principal)))
                if turn is None:
                    return
                pieces = Pieces(self._opened)
                try:
                    head, more = await turn.run_unless(gone, pieces.read, WHOLE_BYTES)
                    if more:
                        await self._stream(head, pieces, turn, gone, send)
                        return
                finally:
                    if gone.done():
                        await turn.stop()
                    await turn.run(pieces.close)
            # All of it is here: whoever reads it slowly keeps nobody waiting.
            whole = Response(head, headers=self._more_headers, media_type=self.media_type)
            await self._within_patience(whole(scope, receive, send))
        except GatelogError:
            if not gone.done():
                raise
        finally:
            gone.cancel()

    async def _within_patience(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(READER_IDLE_S):
                await sending
        except TimeoutError:
            self._warn_of_reader()

    def _warn_of_reader(self) -> None:
        log.warning("a client stopped reading its answer", extra={"principal": self._principal.name})

    async def _stream(
        self, head: bytes, pieces: Pieces, turn: Turn, gone: asyncio.Task[None], send: Send
    ) -> None:
        named = {"content-type": self.media_type or "", **self._more_headers}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            piece, more = head, True
            while more and not gone.done():
                await _sent(send, piece)
                piece, more = await turn.run_unless(gone, pieces.read, 1)
            if not more:
                await _sent(send, piece, last=True)
        except TimeoutError:
            self._warn_of_reader()
        except GatelogError as error:
            if gone.done():
                return
            log.warning("an answer broke off", extra={"principal": self._principal.name})
            await _sent(send, self._tail(error))

    def _tail(self, error: GatelogError) -> bytes:
        if not self._broken:
            return b""
        message = str(error) if isinstance(error, KqlError) else "the store failed"
        return (
            self._broken
            + b',"error":'
            + msgspec.json.encode({"code": "broken_off", "message": message})
            + b"}"
        )


class LiveOrFault(Response):
    """`live`; or, of an error before its first byte, the response that `failed` makes of it."""

    def __init__(self, live: LiveAnswer, failed: Callable[[Exception], Response]) -> None:
        super().__init__(media_type=live.media_type)
        self._live = live
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._live(scope, receive, sending)
        except Exception as error:
            if begun:
                raise
            await self._failed(error)(scope, receive, send)


class Pieces:
    """Reads a document from threads, one call at a time. One whose tables change after it was compiled, and
    before any of it was read, is opened once more: compiled anew it is answered, or refused as what it is.
    """

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._stack = ExitStack()
        self._iterator: Iterator[bytes] | None = None
        self._may_open_again = True

    def read(self, least: int) -> tuple[bytes, bool]:
        """At least so many bytes, and whether there may be more; fewer only at the end."""
        try:
            return self._read(least)
        except KqlChangedError:
            if not self._may_open_again:
                raise
            log.info("a table changed before its query ran: compiled once more")
            self._iterator = None
            return self._read(least)
        finally:
            self._may_open_again = False

    def _read(self, least: int) -> tuple[bytes, bool]:
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


async def _before(gone: asyncio.Task[None], entering: Coroutine[Any, Any, Turn]) -> Turn | None:
    """What `entering` gives, or None if the client leaves before."""
    entered = asyncio.create_task(entering)
    try:
        await asyncio.wait({gone, entered}, return_when=asyncio.FIRST_COMPLETED)
        turn = await entered if entered.done() else None
        return None if gone.done() else turn
    finally:
        entered.cancel()
