"""An HTTP/1.1 server on the event loop: accepts, sweeps, drains."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from ssl import SSLContext

from gatelog.errors import ProtocolError
from gatelog.http1.handlers import RequestHandler
from gatelog.http1.server_connection import ServerConnection
from gatelog.http1.server_state import Connection, ErrorBody, ServerState, ServerStatistics
from gatelog.http1.settings import ServerSettings
from gatelog.http1.tick import Tick

SWEPT_AT_ONCE = 64
"""Connections whose times are compared in one turn of the loop: 60 µs, up to a millisecond if all end."""

_BACKLOG = 2048  # connections the kernel completes while the loop is busy


class Server:
    """Serves HTTP/1.1 on one address.

    `handler_factory` makes one handler per request. `on_refused` hears of requests that were refused before a
    handler existed; `error_body` shapes the answers to those (default: plain text).
    """

    def __init__(
        self,
        handler_factory: Callable[[], RequestHandler],
        settings: ServerSettings,
        *,
        on_refused: Callable[[ProtocolError], None] | None = None,
        error_body: ErrorBody | None = None,
    ) -> None:
        self._tick = Tick(self.sweep)
        self._state = ServerState(handler_factory, settings, on_refused, error_body, self._tick)
        self._listener: asyncio.Server | None = None
        self.port = 0
        """The port listened on, once started."""

    async def start(
        self, host: str, port: int, *, ssl: SSLContext | None = None, reuse_port: bool = False
    ) -> None:
        """Listen on `host`:`port` (0: any free port). OSError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: ServerConnection(self._state),
            host,
            port,
            ssl=ssl,
            ssl_handshake_timeout=self._state.settings.header_timeout_s if ssl else None,
            ssl_shutdown_timeout=self._state.settings.linger_timeout_s if ssl else None,
            backlog=_BACKLOG,
            reuse_port=reuse_port,
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        self._state.loop = loop
        self._tick.start(loop)

    def stop_accepting(self) -> None:
        """Close the listening socket; open connections go on."""
        if self._listener is not None:
            self._listener.close()

    async def drain(self, grace_s: float) -> None:
        """Stop accepting, let running requests finish for up to `grace_s` seconds, then abort the rest."""
        self.stop_accepting()
        self._state.draining = True
        for connection in list(self._state.connections):
            connection.finish()
        if not await self._empty_within(grace_s):
            for connection in list(self._state.connections):
                connection.shut_down()
            await self._empty_within(_CLOSING_S)
        self._tick.stop()

    async def _empty_within(self, timeout_s: float) -> bool:
        empty = asyncio.Event()
        self._state.on_empty = empty.set
        if not self._state.connections:
            return True
        try:
            await asyncio.wait_for(empty.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def sweep(self, now: float) -> None:
        """Enforce all timeouts as of `now`, in seconds of the tick's clock. Called by the tick."""
        self._tick.now = now
        self._sweep_some([each for each in self._state.connections if each.due <= now], now)

    def _sweep_some(self, waiting: list[Connection], now: float) -> None:
        """Some of them now, the others in the loop's next turns: running calls do not wait for a thousand."""
        for connection in waiting[-SWEPT_AT_ONCE:]:
            if connection in self._state.connections:
                connection.sweep(now)
        del waiting[-SWEPT_AT_ONCE:]
        if waiting:
            self._state.call_soon(partial(self._sweep_some, waiting, now))

    def statistics(self) -> ServerStatistics:
        """Counts since the start, and open connections."""
        return self._state.statistics()


_CLOSING_S = 1.0  # an aborted transport reports its end within one turn of the loop
