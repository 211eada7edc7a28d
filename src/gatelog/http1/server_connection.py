"""One client's connection, along the phases that `phase` draws.

Pipelined requests wait as raw bytes in `_pipelined` until the reply before them has ended; no more is read
above `buffer_bytes_max`.

End of input (FIN) while a request is unanswered counts as "client gone": HTTP clients that give up close
their socket, and a FIN is all that is seen of it. A client that half-closes and still wants its answer gets
none. For the same reason reading goes on while a request is answered.
"""

from __future__ import annotations

import asyncio
import logging

from gatelog.errors import BodyTooLargeError, ProtocolError
from gatelog.http1.failures import AbortReason
from gatelog.http1.head import RequestHead
from gatelog.http1.phase import Phase
from gatelog.http1.reply import Reply
from gatelog.http1.request_parser import RequestParser
from gatelog.http1.running_request import RunningRequest
from gatelog.http1.server_state import ServerState
from gatelog.http1.server_timeouts import enforce_timeouts

logger = logging.getLogger("gatelog.http1")

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ServerConnection(RunningRequest):
    """Protocol of one accepted connection; also the owner of its current `Reply`."""

    __slots__ = (
        "_owes_continue",
        "_parser",
        "_paused_at",
        "_pipelined",
        "body_bytes",
        "body_since",
        "served",
    )

    def __init__(self, server: ServerState) -> None:
        super().__init__(server)
        self.served = False
        """Whether a request has come before."""
        self._parser = RequestParser(server.settings, self._body_received)
        self._pipelined = bytearray()
        self.body_bytes = 0
        """Of the body that is read or drained, as received."""
        self.body_since = server.tick.now
        """When it began, or would have without the time that the handler had it paused."""
        self._paused_at = server.tick.now
        self._owes_continue = False

    @property
    def head_begun(self) -> bool:
        """Whether a part of a head has come."""
        return self._parser.head_begun

    # ── the transport's side ──────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is open, TLS included."""
        self.use(transport)
        if not self.server.open(self):
            self.answer(503, "too many connections")
            self.close()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of the client."""
        self.due = 0.0
        at = 0
        while at < len(data):
            phase = self.phase
            if phase is Phase.HEAD:
                at = self._read_head(data, at)
            elif phase is Phase.BODY or phase is Phase.DRAINING:
                at = self._read_body(data, at)
            else:
                if phase is Phase.ANSWERING or phase is Phase.FLUSHING:
                    self._pipeline(data[at:])
                return

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        """asyncio: the connection is gone."""
        self.server.lost(self)
        self.end_request(AbortReason.CLIENT_GONE)
        self.phase = Phase.CLOSED

    def resume_writing(self) -> None:
        """asyncio: the client has read most of what was waiting."""
        super().resume_writing()
        if self.phase is Phase.FLUSHING:
            self._next_request()

    # ── requests ──────────────────────────────────────────────────────────────────────────────────

    def _read_head(self, data: bytes, start: int) -> int:
        parser = self._parser
        begun = parser.head_begun
        try:
            raw, end = parser.next_head(data, start)
            if raw:
                self._begin_request(parser.read_head(raw, self.peer), body_here=end < len(data))
            elif not begun:
                self.since = self.server.tick.now
        except ProtocolError as error:
            self.refuse(error)
            return len(data)
        return end

    def _begin_request(self, head: RequestHead, *, body_here: bool) -> None:
        server = self.server
        server.requests += 1
        self.phase = Phase.BODY
        self.since = server.tick.now
        self.served = True
        self.body_bytes = 0
        self.body_since = server.tick.now
        self._owes_continue = head.expect_continue and not self._parser.complete and not body_here
        handler = server.make_handler()
        if handler is None:
            self.answer(500, "internal error")
            return
        self._reply = reply = Reply(self, self.sender, head)
        self._handler = handler
        try:
            handler.on_request(head, reply)
        except Exception:
            logger.exception("request handler failed in on_request")
            self._failed()
        if self.writing_paused and self._handler is handler:
            self._tell(handler.on_pause)
        if self._owes_continue and self.reading:
            self._send_continue()
        if self._parser.complete:
            self._request_ended()

    def _send_continue(self) -> None:
        reply = self._reply
        if reply is not None and not (reply.started or reply.withheld):
            self._owes_continue = False
            self.sender.write(_CONTINUE)

    def _read_body(self, data: bytes, start: int) -> int:
        self.since = self.server.tick.now
        self._owes_continue = False
        phase = self.phase
        try:
            end = self._parser.read_body(data, start)
        except ProtocolError as error:
            self._broken_body(error)
            return len(data)
        if self.phase is phase:  # a reply that ended meanwhile begins to count anew
            self.body_bytes += end - start
        if self._parser.complete:
            self._request_ended()
        elif self.phase is Phase.DRAINING and self.body_bytes > self.server.settings.drain_bytes_max:
            self.linger()
            return len(data)
        return end

    def _body_received(self, data: bytes) -> None:
        handler = self._handler
        if handler is not None and self.phase is Phase.BODY:
            try:
                handler.on_body(data)
            except Exception:
                logger.exception("request handler failed in on_body")
                self._failed()

    def _broken_body(self, error: ProtocolError) -> None:
        if self.phase is Phase.BODY:
            too_large = isinstance(error, BodyTooLargeError)
            reason = AbortReason.TOO_LARGE if too_large else AbortReason.MALFORMED_BODY
            self.end_request(reason, error.status, str(error))
        else:
            self.linger()

    def _request_ended(self) -> None:
        if self.phase is Phase.BODY:
            self.phase = Phase.ANSWERING
            if not self.reading:
                self.set_reading(True)
            handler = self._handler
            if handler is not None:
                try:
                    handler.on_end(self._parser.trailers)
                except Exception:
                    logger.exception("request handler failed in on_end")
                    self._failed()
        elif self.phase is Phase.DRAINING:
            self._exchange_over()

    def _pipeline(self, data: bytes) -> None:
        self._pipelined += data
        if len(self._pipelined) > self.server.settings.buffer_bytes_max:
            self.set_reading(False)

    def _exchange_over(self) -> None:
        self.phase = Phase.FLUSHING
        self.since = self.server.tick.now
        if self.writing_paused:
            return
        if self._pipelined:
            self.server.call_soon(self._next_request)
        else:
            self._next_request()

    def _next_request(self) -> None:
        if self.phase is not Phase.FLUSHING or self.writing_paused:
            return
        if self.server.draining:
            self._close_gently()
            return
        self.phase = Phase.HEAD
        if not self.reading:
            self.set_reading(True)
        if self._pipelined:
            data = bytes(self._pipelined)
            self._pipelined.clear()
            self.data_received(data)

    # ── the reply's side (ReplyOwner) ─────────────────────────────────────────────────────────────

    def keeps_alive(self) -> bool:
        """Whether another request may follow this one."""
        parser = self._parser
        return not (
            self.server.draining
            or self._handler is None  # the request broke off
            or self._owes_continue
            or parser.body_left > self.server.settings.drain_bytes_max
        )

    def reply_ended(self, *, keep_alive: bool) -> None:
        """The reply is complete; the request may not be."""
        self._handler = self._reply = None
        if not keep_alive:
            self._close_gently()
        elif self.phase is Phase.ANSWERING:
            self._exchange_over()
        else:
            self.phase = Phase.DRAINING
            self.body_bytes = 0
            self.body_since = self.server.tick.now
            self.set_reading(True)

    def pause_request(self) -> None:
        """Stop reading the body."""
        if self.phase is Phase.BODY and self.reading:
            self._paused_at = self.server.tick.now
            self.set_reading(False)

    def resume_request(self) -> None:
        """Read the body again, or ask for it if the client waits for that."""
        self.since = now = self.server.tick.now
        if not self.reading:
            self.body_since += now - self._paused_at
            self.set_reading(True)
        if self._owes_continue:
            self._send_continue()

    # ── ends ──────────────────────────────────────────────────────────────────────────────────────

    def _close_gently(self) -> None:
        """Close after the last reply; a client that may still be sending gets time to read it."""
        if self._pipelined or not self._parser.complete:
            self.linger()
        else:
            self.close()

    # ── the server's side ─────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Close as soon as no request is running (drain)."""
        self.due = 0.0
        if self.phase is Phase.HEAD and self.served and not self.head_begun:
            self.close()

    def shut_down(self) -> None:
        """Close now; a running request is aborted."""
        self.lose(AbortReason.SHUTDOWN)

    def sweep(self, now: float) -> None:
        """Compare times with limits; `now` in seconds of the tick's clock."""
        enforce_timeouts(self, now)
