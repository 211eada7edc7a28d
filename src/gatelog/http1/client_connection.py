"""One connection to an origin: carries one call at a time.

┌──────┐ carry ┌─────────┐ head ┌──────────┐ answer complete
│ IDLE ├──────▶│ WAITING ├─────▶│ READING  ├───────┬──▶ IDLE     upload ended, nothing unexpected came
└──┬───┘       └────┬────┘      └────┬─────┘       └──▶ closed   otherwise
   │                └───────┬────────┘
   │                        └ reset, timeout, not strict ──▶ closed; the call fails
   └ FIN, expired, unsolicited bytes ──▶ closed
"""

from __future__ import annotations

import asyncio
import logging
import select
from typing import Protocol, cast

from gatelog.errors import BodyTooLargeError, ProtocolError
from gatelog.http1.call import UpstreamCall
from gatelog.http1.failures import FailureReason
from gatelog.http1.head import ResponseHead
from gatelog.http1.outbox import Outbox, Sender
from gatelog.http1.response_parser import ResponseParser
from gatelog.http1.settings import ClientSettings
from gatelog.http1.tick import Tick

logger = logging.getLogger("gatelog.http1")


class ConnectionOwner(Protocol):
    """What a connection needs of its pool."""

    outbox: Outbox

    def opened(self, connection: ClientConnection) -> None:
        """The connection is open."""

    def released(self, connection: ClientConnection) -> None:
        """The connection is free for another call."""

    def lost(self, connection: ClientConnection) -> None:
        """The connection cannot carry calls any more."""


class ClientConnection(asyncio.Protocol):
    """Protocol of one connection to an origin; also the carrier of its current call."""

    __slots__ = (
        "_call",
        "_lost",
        "_missed",
        "_owner",
        "_parser",
        "_poll",
        "_reading",
        "_sender",
        "_settings",
        "_since",
        "_tick",
        "_transport",
        "reused",
    )

    _transport: asyncio.Transport
    _sender: Sender

    def __init__(self, owner: ConnectionOwner, settings: ClientSettings, tick: Tick) -> None:
        self._owner = owner
        self._settings = settings
        self._tick = tick
        self._parser = ResponseParser(settings, self._head_received, self._body_received)
        self._call: UpstreamCall | None = None
        self._since = tick.now
        self._missed = tick.missed
        self._reading = True
        self.reused = False
        """Has carried a call before."""
        self._lost = True

    @property
    def usable(self) -> bool:
        """Open, and nothing unexpected has come. A transport may close before it tells `connection_lost`."""
        return not self._lost and not self._transport.is_closing()

    def is_quiet(self) -> bool:
        """Whether nothing waits to be read: before a call is sent, that is its end, or an answer to nobody.

        The loop has yet to tell of it; the next call would take it for its own answer.
        """
        return not self._poll.poll(0)

    def carry(self, call: UpstreamCall) -> None:
        """Send a call on this idle connection."""
        self._call = call
        self._since = self._tick.now
        self._parser.begin(head_request=call.head_request)
        self._sender.write(call.attach(self))
        call.attached()

    # ── the transport's side ──────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is open, TLS included."""
        self._transport = cast(asyncio.Transport, transport)
        self._sender = Sender(self._transport, self._owner.outbox)
        self._transport.set_write_buffer_limits(high=self._settings.buffer_bytes_max)
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._lost = False
        self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes of the origin."""
        if self._call is None:
            self.close()
            return
        parser = self._parser
        try:
            parser.feed(data)
        except ProtocolError as error:
            too_large = isinstance(error, BodyTooLargeError)
            self._fail(FailureReason.TOO_LARGE if too_large else FailureReason.PROTOCOL, str(error))
            return
        if parser.head is not None:  # half a head, or an interim one, is not what is waited for
            self._since = self._tick.now
        if parser.complete:
            self._finish()

    def eof_received(self) -> None:
        """asyncio: the origin sent FIN. The transport closes."""
        self._lost = True
        if self._call is None:
            self._owner.lost(self)
        elif self._parser.at_end_of_input():
            self._finish()
        else:
            self._fail(FailureReason.RESET, "the origin closed the connection before the answer ended")

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone."""
        self._lost = True
        self._owner.lost(self)
        self._fail(FailureReason.RESET, f"the connection was lost: {exc or 'closed'}")

    def pause_writing(self) -> None:
        """asyncio: the origin reads slowly."""
        if self._call is not None:
            self._call.deliver(self._call.handler.on_pause_upload)

    def resume_writing(self) -> None:
        """asyncio: the origin caught up."""
        if self._call is not None:
            self._call.deliver(self._call.handler.on_resume_upload)

    # ── the call's side (Carrier) ─────────────────────────────────────────────────────────────────

    def upload(self, data: bytes) -> None:
        """Write bytes of the request."""
        self._since = self._tick.now
        self._sender.write(data)

    def set_reading(self, wanted: bool) -> None:
        """Read the answer, or stop reading it."""
        if wanted is self._reading or self._transport.is_closing():
            return
        self._reading = wanted
        self._since = self._tick.now
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def drop(self) -> None:
        """Close at once and forget the call."""
        self._call = None
        self._lost = True
        self._owner.lost(self)
        self._sender.flush()
        self._transport.abort()

    # ── the answer ────────────────────────────────────────────────────────────────────────────────

    def _head_received(self, head: ResponseHead) -> None:
        call = self._call
        if call is not None and not call.done:
            try:
                call.handler.on_head(head)
            except Exception:
                logger.exception("response handler failed in on_head")
                call.broken()

    def _body_received(self, data: bytes) -> None:
        call = self._call
        if call is not None and not call.done:
            try:
                call.handler.on_body(data)
            except Exception:
                logger.exception("response handler failed in on_body")
                call.broken()

    def _finish(self) -> None:
        call, parser = self._call, self._parser
        if call is None:
            return
        self._call = None
        trailers = parser.trailers
        if self._can_be_reused(call):
            self.reused = True
            self._since = self._tick.now
            self._missed = self._tick.missed
            if not self._reading:
                self.set_reading(True)
            self._owner.released(self)
        else:
            self.close()
        call.finish(trailers)

    def _can_be_reused(self, call: UpstreamCall) -> bool:
        parser = self._parser
        keep_alive = parser.head is not None and parser.head.keep_alive
        return keep_alive and self.usable and call.upload_ended and not (parser.surplus or parser.until_close)

    def _fail(self, reason: FailureReason, detail: str) -> None:
        call = self._call
        if call is None:
            return
        self.drop()
        parser = self._parser
        call.fail(
            reason,
            detail,
            head_received=parser.head is not None,
            reused_connection=self.reused,
            answer_begun=parser.begun,
        )

    # ── the pool's side ───────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Close an idle connection."""
        self._lost = True
        self._owner.lost(self)
        self._sender.flush()
        self._transport.close()

    def abort(self, detail: str) -> None:
        """Close whatever is going on."""
        if self._call is None:
            self.close()
        else:
            self._fail(FailureReason.RESET, detail)

    def sweep(self, now: float) -> None:
        """Compare times with limits; `now` in seconds of the tick's clock."""
        settings = self._settings
        silent_s = now - self._since
        call = self._call
        if call is None:
            missed_s = self._tick.missed - self._missed  # the origin's clock went on
            if silent_s + missed_s >= settings.keepalive_timeout_s:
                self.close()
        elif now - call.since >= settings.total_timeout_s:
            self._fail(
                FailureReason.TOTAL_TIMEOUT, f"no complete answer within {settings.total_timeout_s:g} s"
            )
        elif not self._reading:
            return
        elif self._parser.head is None:
            if silent_s >= settings.first_byte_timeout_s:
                detail = f"no answer within {settings.first_byte_timeout_s:g} s"
                self._fail(FailureReason.FIRST_BYTE_TIMEOUT, detail)
        elif silent_s >= settings.idle_timeout_s:
            self._fail(FailureReason.IDLE_TIMEOUT, f"the answer stalled for {settings.idle_timeout_s:g} s")
