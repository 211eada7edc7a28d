"""Keep-alive connections to one origin.

send ─┬─ an idle, quiet connection ──────▶ carries the call at once (the youngest first)
      └─ none ─▶ queue ─▶ the next connection that opens or comes free, in order
                  │  one attempt to connect per waiting call, up to `connections_max` in all
                  └─ an attempt fails: the oldest waiting call fails with its reason
"""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gatelog.http1.call import UpstreamCall, chunk, last_chunk
from gatelog.http1.client_connection import ClientConnection
from gatelog.http1.failures import FailureReason
from gatelog.http1.handlers import ResponseHandler
from gatelog.http1.outbox import Outbox
from gatelog.http1.settings import ClientSettings
from gatelog.http1.tick import Tick

_TLS_CLOSE_S = 2.0  # an origin that does not answer our close_notify is not waited for


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """A pool now, and counts since its start."""

    open: int
    idle: int
    connecting: int
    waiting: int
    opened: int
    reused: int


class Pool:
    """Sends calls to one origin. Used from one event loop only."""

    def __init__(
        self,
        host: str,
        port: int,
        settings: ClientSettings,
        *,
        ssl: tls.SSLContext | None = None,
        server_hostname: str | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._settings = settings
        self.buffer_bytes_max = settings.buffer_bytes_max
        self._ssl = ssl
        self._server_hostname = server_hostname
        self._loop = loop
        self.outbox = Outbox(self._call_soon)
        self._tick = Tick(self.sweep)
        self._open: set[ClientConnection] = set()
        self._idle: list[ClientConnection] = []
        self._waiting: deque[UpstreamCall] = deque()
        self._connecting = 0
        self._attempts: set[asyncio.Task[None]] = set()
        self._closed = False
        self._opened = self._reused = 0

    def send(
        self,
        head: bytes,
        body: bytes | None,
        handler: ResponseHandler,
        *,
        head_request: bool = False,
        end: bool = True,
        chunked: bool = False,
    ) -> UpstreamCall:
        """Send a request; the answer goes to `handler`.

        `head` is complete with its empty line. `end=False`: the body goes on with `write` and `end` of the
        returned call. `chunked`: framing is added to all parts of the body, as the head must say.
        `head_request`: the method is HEAD. Failures are told after this returned; `on_sent` may come before.
        """
        call = UpstreamCall(
            self,
            _first_bytes(head, body, end=end, chunked=chunked),
            handler,
            head_request=head_request,
            upload_ended=end,
            chunked=chunked,
            since=self._tick.now,
        )
        while self._idle:
            connection = self._idle.pop()
            if not connection.usable:
                continue
            if connection.is_quiet():
                self._reused += 1
                connection.carry(call)
                return call
            connection.close()
        self._enqueue(call)
        return call

    def close(self) -> None:
        """Close all connections; running and waiting calls fail."""
        self._closed = True
        self._tick.stop()
        for attempt in self._attempts:
            attempt.cancel()
        for connection in list(self._open):
            connection.abort("the pool was closed")
        while self._waiting:
            self._waiting.popleft().fail(FailureReason.POOL_EXHAUSTED, "the pool was closed")

    def statistics(self) -> PoolStatistics:
        """The pool as it stands."""
        return PoolStatistics(
            open=len(self._open),
            idle=len(self._idle),
            connecting=self._connecting,
            waiting=len(self._waiting),
            opened=self._opened,
            reused=self._reused,
        )

    def sweep(self, now: float) -> None:
        """Enforce all timeouts as of `now`, in seconds of the tick's clock. Called by the tick."""
        self._tick.now = now
        for connection in list(self._open):
            connection.sweep(now)
        limit_s = self._settings.connect_timeout_s
        while self._waiting and now - self._waiting[0].since >= limit_s:
            reason = FailureReason.CONNECT_TIMEOUT if self._connecting else FailureReason.POOL_EXHAUSTED
            self._waiting.popleft().fail(reason, f"no connection within {limit_s:g} s")

    def _call_soon(self, callback: Callable[[], None]) -> None:
        assert self._loop is not None, "a connection was made"
        self._loop.call_soon(callback)

    # ── the calls' side (Queue) ───────────────────────────────────────────────────────────────────

    def withdraw(self, call: UpstreamCall) -> None:
        """Forget a call that waits."""
        if call in self._waiting:
            self._waiting.remove(call)

    # ── the connections' side (ConnectionOwner) ───────────────────────────────────────────────────

    def opened(self, connection: ClientConnection) -> None:
        """A connection is open."""
        self._opened += 1
        self._open.add(connection)

    def released(self, connection: ClientConnection) -> None:
        """A connection is free for another call."""
        # A new connection is not asked: the session tickets of TLS 1.3 come unasked, and are no answer.
        if self._closed or (self._waiting and connection.reused and not connection.is_quiet()):
            connection.close()
        elif self._waiting:
            self._reused += connection.reused
            connection.carry(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: ClientConnection) -> None:
        """A connection cannot carry calls any more."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._open_for_waiting()

    # ── connecting ────────────────────────────────────────────────────────────────────────────────

    def _enqueue(self, call: UpstreamCall) -> None:
        loop = self._loop = self._loop or asyncio.get_running_loop()
        if self._closed or len(self._waiting) >= self._settings.waiting_max:
            detail = "the pool is closed" if self._closed else f"{len(self._waiting)} calls wait already"
            loop.call_soon(call.fail, FailureReason.POOL_EXHAUSTED, detail)
            return
        self._tick.start(loop)
        call.since = self._tick.now
        self._waiting.append(call)
        self._open_for_waiting()

    def _open_for_waiting(self) -> None:
        if self._loop is None or self._closed:
            return
        room = self._settings.connections_max - len(self._open) - self._connecting
        for _ in range(min(room, len(self._waiting) - self._connecting)):
            self._connecting += 1
            attempt = self._loop.create_task(self._connect())
            self._attempts.add(attempt)
            attempt.add_done_callback(self._attempts.discard)

    async def _connect(self) -> None:
        try:
            connection = await self._open_connection()
        except (OSError, UnicodeError) as error:
            self._connecting -= 1
            self._connect_failed(error)
        else:
            self._connecting -= 1
            self.released(connection)
        self._open_for_waiting()

    async def _open_connection(self) -> ClientConnection:
        async with asyncio.timeout(self._settings.connect_timeout_s):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: ClientConnection(self, self._settings, self._tick),
                self._host,
                self._port,
                ssl=self._ssl,
                server_hostname=self._server_hostname,
                ssl_shutdown_timeout=_TLS_CLOSE_S if self._ssl else None,
            )
        if not connection.usable:
            raise ConnectionResetError("closed as soon as it was open")
        return connection

    def _connect_failed(self, error: OSError | UnicodeError) -> None:
        if self._waiting:
            reason = _reason_of(error, with_tls=self._ssl is not None)
            self._waiting.popleft().fail(reason, f"{self._host}:{self._port}: {error or 'timed out'}")


def _first_bytes(head: bytes, body: bytes | None, *, end: bool, chunked: bool) -> bytes:
    if not chunked:
        return head + body if body else head
    first = head + chunk(body) if body else head
    return first + last_chunk(()) if end else first


def _reason_of(error: OSError | UnicodeError, *, with_tls: bool) -> FailureReason:
    """What went wrong while connecting. TLS comes first: its errors are OSErrors too."""
    if isinstance(error, tls.SSLError):
        return FailureReason.TLS
    if isinstance(error, socket.gaierror | UnicodeError):
        return FailureReason.DNS
    if isinstance(error, TimeoutError):
        return FailureReason.CONNECT_TIMEOUT
    if with_tls and isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return FailureReason.TLS
    return FailureReason.CONNECT_REFUSED
