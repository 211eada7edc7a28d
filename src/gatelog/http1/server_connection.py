"""One client's connection: requests in, replies out, one request at a time.

            strict head         body read              reply ended
   ┌──────┐           ┌──────┐             ┌───────────┐             ┌──────────┐
   │ HEAD ├──────────▶│ BODY ├────────────▶│ ANSWERING ├────────────▶│ FLUSHING │
   └┬────▲┘           └───┬──┘             └─────┬─────┘             └────┬─────┘
    │    │                │ reply ended first    │ not to be kept         │ the client has
    │    │          ┌─────▼────┐  too    ┌───────▼───┐                    │ read enough
    │    │          │ DRAINING ├────────▶│ LINGERING │                    │
    │    │          └─────┬────┘  much   └───▲───┬───┘                    │
    │    └────────────────┴──────────────────│───│────────────────────────┘
    └── refused ─────────────────────────────┘   └── the client closes, or a moment later ──▶ CLOSED

   From every state: abort, reset, timeout ──▶ CLOSED.

Pipelined requests wait as raw bytes in `_held` until the reply before them has ended; no more is read above
`buffer_bytes_max`.

End of input (FIN) while a request is unanswered counts as "client gone": HTTP clients that give up close
their socket, and a FIN is all that is seen of it. A client that half-closes and still wants its answer gets
none. For the same reason reading goes on while a request is answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, cast

from gatelog.errors import ProtocolError
from gatelog.http1.failures import AbortReason
from gatelog.http1.handlers import RequestHandler
from gatelog.http1.head import Header, RequestHead
from gatelog.http1.message_parser import HEAD_END
from gatelog.http1.reply import Reply, last_answer
from gatelog.http1.request_parser import Peer, RequestParser
from gatelog.http1.server_state import ServerState
from gatelog.http1.strict import check_unfinished

logger = logging.getLogger("gatelog.http1")

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FRESH_S = 1.0  # a connection just made may be about to send: a drain gives it this long


class _Phase(Enum):
    HEAD = 0
    BODY = 1
    ANSWERING = 2
    DRAINING = 3
    FLUSHING = 4
    LINGERING = 5
    CLOSED = 6


class ServerConnection(asyncio.Protocol):
    """Protocol of one accepted connection; also the owner of its current `Reply`."""

    __slots__ = (
        "_drained",
        "_handler",
        "_held",
        "_owes_continue",
        "_parser",
        "_peer",
        "_phase",
        "_reading",
        "_reply",
        "_served",
        "_server",
        "_since",
        "_transport",
        "_unsent",
        "_unsent_since",
        "_writing_paused",
    )

    _transport: asyncio.Transport
    _peer: Peer

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self._parser = RequestParser(server.settings, self._body_received)
        self._phase = _Phase.HEAD
        self._held = bytearray()
        self._handler: RequestHandler | None = None
        self._reply: Reply | None = None
        self._since = self._unsent_since = server.tick.now
        self._unsent = 0
        self._drained = 0
        self._served = False
        self._reading = True
        self._writing_paused = False
        self._owes_continue = False

    # ── the transport's side ──────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is open, TLS included."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._server.settings.buffer_bytes_max)
        self._peer = _peer_of(self._transport)
        if not self._server.open(self):
            self._answer(503, "too many connections")
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of the client."""
        held = self._held
        if not held:
            self._advance(data)
            return
        seen = len(held)
        held += data
        if self._phase is not _Phase.HEAD:
            self._bound_held()
        elif held.find(HEAD_END, max(0, seen - 3)) >= 0:
            self._take_held()
        else:
            self._check_unfinished(seen)

    def eof_received(self) -> None:
        """asyncio: the client sent FIN. The transport closes after what is written has left."""
        if self._handler is not None:
            self._abort(AbortReason.CLIENT_GONE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        """asyncio: the connection is gone."""
        self._server.lost(self)
        if self._handler is not None:
            self._abort(AbortReason.CLIENT_GONE)
        self._phase = _Phase.CLOSED

    def pause_writing(self) -> None:
        """asyncio: more than the mark is waiting for the client."""
        self._writing_paused = True
        if self._handler is not None:
            self._deliver(self._handler.on_pause)

    def resume_writing(self) -> None:
        """asyncio: the client has read most of what was waiting."""
        self._writing_paused = False
        if self._handler is not None:
            self._deliver(self._handler.on_resume)
        elif self._phase is _Phase.FLUSHING:
            self._next_request()

    # ── requests ──────────────────────────────────────────────────────────────────────────────────

    def _advance(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            phase = self._phase
            if phase is _Phase.HEAD:
                at = self._read_head(data, at)
            elif phase is _Phase.BODY or phase is _Phase.DRAINING:
                at = self._read_body(data, at)
            else:
                if phase is _Phase.ANSWERING or phase is _Phase.FLUSHING:
                    self._held += data[at:]
                    self._bound_held()
                return

    def _take_held(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        self._advance(data)

    def _bound_held(self) -> None:
        if len(self._held) > self._server.settings.buffer_bytes_max:
            self._set_reading(False)

    def _read_head(self, data: bytes, start: int) -> int:
        end = data.find(HEAD_END, start) + len(HEAD_END)
        if end < len(HEAD_END):
            self._held += data[start:]
            self._since = self._server.tick.now
            self._check_unfinished(0)
            return len(data)
        try:
            head = self._parser.read_head(data[start:end], self._peer)
        except ProtocolError as error:
            self._refuse(error)
            return len(data)
        self._begin_request(head, body_here=end < len(data))
        return end

    def _check_unfinished(self, seen: int) -> None:
        try:
            check_unfinished(self._held, seen, self._server.settings)
        except ProtocolError as error:
            self._refuse(error)

    def _begin_request(self, head: RequestHead, *, body_here: bool) -> None:
        server = self._server
        server.requests += 1
        self._phase = _Phase.BODY
        self._since = server.tick.now
        self._served = True
        self._drained = 0
        self._owes_continue = head.expect_continue and not self._parser.complete and not body_here
        handler = server.make_handler()
        if handler is None:
            self._answer(500, "internal error")
            return
        self._reply = reply = Reply(self, self._transport, head)
        self._handler = handler
        self._deliver(handler.on_request, head, reply)
        if self._owes_continue and self._reading:
            self._send_continue()
        if self._parser.complete:
            self._request_ended()

    def _send_continue(self) -> None:
        reply = self._reply
        if reply is not None and not reply.started and not self._transport.is_closing():
            self._owes_continue = False
            self._transport.write(_CONTINUE)

    def _read_body(self, data: bytes, start: int) -> int:
        self._since = self._server.tick.now
        self._owes_continue = False
        try:
            end = self._parser.read_body(data, start)
        except ProtocolError as error:
            self._broken_body(error)
            return len(data)
        if self._phase is _Phase.DRAINING:
            self._drained += end - start
            if self._drained > self._server.settings.drain_bytes_max:
                self._linger()
                return len(data)
        if self._parser.complete:
            self._request_ended()
        return end

    def _body_received(self, data: bytes) -> None:
        if self._phase is _Phase.BODY and self._handler is not None:
            self._deliver(self._handler.on_body, data)

    def _broken_body(self, error: ProtocolError) -> None:
        if self._phase is _Phase.BODY:
            reason = AbortReason.TOO_LARGE if error.status == 413 else AbortReason.MALFORMED_BODY
            self._abort(reason, error.status, str(error))
        else:
            self._linger()

    def _request_ended(self) -> None:
        if self._phase is _Phase.BODY:
            self._phase = _Phase.ANSWERING
            self._set_reading(True)
            if self._handler is not None:
                self._deliver(self._handler.on_end, self._parser.trailers)
        elif self._phase is _Phase.DRAINING:
            self._exchange_over()

    def _exchange_over(self) -> None:
        self._phase = _Phase.FLUSHING
        self._since = self._server.tick.now
        if self._writing_paused:
            return
        if self._held:
            self.call_soon(self._next_request)
        else:
            self._next_request()

    def _next_request(self) -> None:
        if self._phase is not _Phase.FLUSHING:
            return
        if self._server.draining:
            self._close()
            return
        self._phase = _Phase.HEAD
        self._set_reading(True)
        if self._held:
            self._take_held()

    # ── the reply's side (ReplyOwner) ─────────────────────────────────────────────────────────────

    def keeps_alive(self) -> bool:
        """Whether another request may follow this one."""
        parser = self._parser
        return not (
            self._server.draining
            or self._owes_continue
            or parser.surplus
            or parser.body_left > self._server.settings.drain_bytes_max
        )

    def reply_ended(self, *, keep_alive: bool) -> None:
        """The reply is complete; the request may not be."""
        self._handler = self._reply = None
        if not keep_alive or self._parser.surplus:
            self._close()
        elif self._phase is _Phase.ANSWERING:
            self._exchange_over()
        else:
            self._phase = _Phase.DRAINING
            self._set_reading(True)

    def reply_aborted(self) -> None:
        """The handler ends the connection; it is not told again."""
        self._handler = self._reply = None
        self._drop()

    def pause_request(self) -> None:
        """Stop reading the body."""
        if self._phase is _Phase.BODY:
            self._set_reading(False)

    def resume_request(self) -> None:
        """Read the body again, or ask for it if the client waits for that."""
        self._since = self._server.tick.now
        self._set_reading(True)
        if self._owes_continue:
            self._send_continue()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back at the end of this turn of the loop."""
        loop = self._server.loop
        assert loop is not None, "the server was started"
        loop.call_soon(callback)

    # ── ends ──────────────────────────────────────────────────────────────────────────────────────

    def _deliver(self, method: Callable[..., None], *arguments: Any) -> None:
        try:
            method(*arguments)
        except Exception:  # whatever the application raises ends its request, not the server
            logger.exception("request handler failed in %s", getattr(method, "__name__", method))
            self._abort(AbortReason.HANDLER_ERROR, 500, "internal error")

    def _abort(self, reason: AbortReason, status: int = 0, message: str = "") -> None:
        """End the request for the handler; answer with `status` if nothing was sent yet, else drop it all."""
        handler, reply = self._handler, self._reply
        if handler is None or reply is None:
            return
        self._handler = self._reply = None
        self._server.aborted += 1
        reply.detach()
        if status and not reply.started:
            self._answer(status, message, reply.error_headers)
        else:
            self._drop()
        try:
            handler.on_abort(reason)
        except Exception:  # as in _deliver; nothing is left to end
            logger.exception("request handler failed in on_abort")

    def _refuse(self, error: ProtocolError) -> None:
        """Answer a request that no handler will see, and close."""
        self._server.refuse(error)
        self._answer(error.status, str(error))

    def _answer(self, status: int, message: str, call_headers: Sequence[Header] = ()) -> None:
        if not self._transport.is_closing():
            headers, body = self._server.error_answer(status, message)
            names = {name for name, _ in call_headers}
            headers = [header for header in headers if header[0] not in names]
            self._transport.write(last_answer(status, [*headers, *call_headers], body))
        self._linger()

    def _close(self) -> None:
        """Close after the last reply, gently if the client may still be sending."""
        if self._held or self._parser.surplus or not self._parser.complete:
            self._linger()
        else:
            self._phase = _Phase.CLOSED
            self._transport.close()

    def _linger(self) -> None:
        """Discard input for a moment: to close on unread bytes is a reset, which may destroy the answer."""
        self._phase = _Phase.LINGERING
        self._since = self._server.tick.now
        self._held.clear()
        self._set_reading(True)
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def _drop(self) -> None:
        self._phase = _Phase.CLOSED
        self._held.clear()
        self._transport.abort()

    def _set_reading(self, wanted: bool) -> None:
        if wanted is not self._reading and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    # ── the server's side ─────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Close as soon as no request is running (drain)."""
        if self._phase is _Phase.HEAD and not self._held and self._served:
            self._drop_idle()

    def shut_down(self) -> None:
        """Close now; a running request is aborted."""
        if self._handler is not None:
            self._abort(AbortReason.SHUTDOWN)
        else:
            self._drop()

    def sweep(self, now: float) -> None:
        """Compare times with limits; `now` in seconds of the loop's clock."""
        settings = self._server.settings
        idle_s = now - self._since
        phase = self._phase
        if phase is _Phase.HEAD:
            self._sweep_head(idle_s)
        elif phase is _Phase.BODY and self._reading and idle_s >= settings.body_idle_timeout_s:
            self._abort(AbortReason.BODY_TIMEOUT, 408, f"no body for {settings.body_idle_timeout_s:g} s")
        elif phase is _Phase.DRAINING and idle_s >= settings.body_idle_timeout_s:
            self._drop()
        elif phase is _Phase.LINGERING and idle_s >= settings.linger_timeout_s:
            self._transport.close()
        self._sweep_unsent(now)

    def _sweep_head(self, idle_s: float) -> None:
        settings = self._server.settings
        if self._held:
            if idle_s >= settings.header_timeout_s:
                detail = f"no complete head within {settings.header_timeout_s:g} s"
                self._refuse(ProtocolError("header_timeout", detail, status=408))
            return
        limit_s = settings.keepalive_timeout_s if self._served else settings.header_timeout_s
        if idle_s >= (_FRESH_S if self._server.draining else limit_s):
            self._drop_idle()

    def _drop_idle(self) -> None:
        self._phase = _Phase.CLOSED
        self._transport.close()

    def _sweep_unsent(self, now: float) -> None:
        """A client that takes no byte of what waits for it is a slow reader; any change is progress."""
        unsent = self._transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent = unsent
            self._unsent_since = now
        elif now - self._unsent_since >= self._server.settings.write_idle_timeout_s:
            if self._handler is not None:
                self._abort(AbortReason.SLOW_READER)
            else:
                self._drop()


def _peer_of(transport: asyncio.Transport) -> Peer:
    address = transport.get_extra_info("peername")
    tls = transport.get_extra_info("ssl_object")
    tls_version = (tls.version() or "").removeprefix("TLSv") if tls is not None else ""
    if not isinstance(address, tuple):  # a Unix socket has no address
        return "", 0, tls_version
    return address[0], address[1], tls_version
