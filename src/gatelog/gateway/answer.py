"""One attempt at one backend, and the way its answer takes to the client.

    on_head ─► on_body* ─► on_end            the backend's message
       │          │           │
       │          ├─ tap      │              kept for the record, never re-serialised
       │          ├─ usage filter            the chunk that only the gateway asked for is taken out
       │          └─ deliver, or hold ──┐
       │                                ▼
       └────────── complete: the held end goes out once the record is durable

Bytes go on as they come. Held back is only the end of the answer (its last piece by Content-Length, or the
event that clients take for the end of a stream), only where the product says `required`, and only until the
journal has it.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol

from gatelog.gateway.headers import ResponseHeaders
from gatelog.gateway.tap import Tap
from gatelog.http1 import Failure, Header, ResponseHead, UpstreamCall
from gatelog.model import Direction, Headers, Part
from gatelog.provider import TerminalWatch, UsageChunkFilter

if TYPE_CHECKING:
    from gatelog.errors import SpoolError
    from gatelog.gateway.backend import Backend
    from gatelog.gateway.call import Call
    from gatelog.gateway.own_answer import OwnAnswer

log = logging.getLogger("gatelog.gateway")

DEFECT = "call %s: defect in the gateway"

# A stream's last event usually comes with the end of the message. Where it does not, it waits no longer than
# this for the end before it is recorded and released by itself.
END_AFTER_LAST_EVENT_S = 0.02

# Once its last event is out, a stream that stays silent for this long is over, whatever its backend still
# means to say: until its End is written, a crash would leave the record of a call that broke off.
SILENCE_AFTER_LAST_EVENT_S = 1.0

_PLAIN = (b"", b"identity")

_COMPLAINTS = frozenset({400, 422})
"""How a backend refuses a parameter: 422 is that of the model inference API."""

# One that complains about stream_options is small; anything larger is not that.
COMPLAINT_BYTES_MAX = 16 * 1024


class Asker(Protocol):
    """Who asked the backend, and hears where it did not answer the call."""

    def failed(self, answer: Answer, failure: Failure) -> None:
        """The backend could not be reached, or broke off."""

    def without_usage(self, answer: Answer) -> None:
        """The backend complains of what the gateway added to the request."""


class Answer:
    """Implements `http1.ResponseHandler` for one attempt."""

    __slots__ = (
        "_asker",
        "_call",
        "_filter",
        "_held",
        "_holding",
        "_last_event_seen",
        "_left",
        "_maybe_complaint",
        "_releasing",
        "_watch",
        "backend",
        "content_length",
        "first_byte_ns",
        "head",
        "headers",
        "injected",
        "last_byte_ns",
        "path",
        "sent_ns",
        "stream",
        "tap",
        "upstream",
    )

    def __init__(self, call: Call, asker: Asker, backend: Backend, *, injected: bool) -> None:
        self._call = call
        self._asker = asker
        self.backend = backend
        self.injected = injected
        self.upstream: UpstreamCall | None = None
        self.head: ResponseHead | None = None
        self.tap: Tap | None = None
        self.path = ""
        self.headers: ResponseHeaders | None = None
        self.content_length: int | None = None
        self.stream = False
        self.sent_ns = self.first_byte_ns = self.last_byte_ns = 0
        self._filter: UsageChunkFilter | None = None
        self._watch: TerminalWatch | None = None
        self._held: list[bytes] = []
        self._holding = False
        self._releasing = False
        self._last_event_seen = False
        self._maybe_complaint = False
        self._left: int | None = None

    # the backend's message

    def on_sent(self) -> None:
        """The request is on its way."""
        self.sent_ns = self._call.elapsed_ns()
        self._call.sent(self)

    def on_head(self, head: ResponseHead) -> None:
        """The backend answers."""
        call = self._call
        self.head = head
        self.first_byte_ns = call.elapsed_ns()
        self.backend.health.mark_reached()
        self.headers = headers = ResponseHeaders(head.headers, call.request_id_bytes)
        self.content_length = head.content_length
        self.stream = headers.content_type.startswith(b"text/event-stream") and self._has_body(head)
        if self.injected:
            self._maybe_complaint = self._holding = head.status in _COMPLAINTS
            if self.stream and headers.encoding in _PLAIN:
                self._filter = UsageChunkFilter()
                self.content_length = None
        if call.required:
            self._left = head.content_length
            if self.stream and self._left is None:
                self._watch = TerminalWatch()
                # Compressed although it was asked not to: the end cannot be seen, so any piece may be it.
                self._holding = self._holding or headers.encoding not in _PLAIN
        self.tap = Tap(
            call.context.journal,
            call.sequence,
            keep=call.keep_bodies,
            watches_tokens=self.stream and call.identity.streams_deltas,
        )
        call.answering(self)

    def _has_body(self, head: ResponseHead) -> bool:
        """Whether more follows; else the head is the end of the answer (RFC 9112 section 6.3)."""
        bodiless = self._call.head.method == b"HEAD" or head.status == 204 or head.status == 304
        return not bodiless and head.content_length != 0

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        call = self._call
        tap = self.tap
        assert tap is not None, "body before head"
        had_token = tap.token_seen
        tap.add(data)
        self.last_byte_ns = call.elapsed_ns()
        if tap.token_seen and not had_token:
            call.first_token_ns = self.last_byte_ns
        piece = data if self._filter is None else self._filter.feed(data)
        if self._left is not None:
            self._left -= len(data)
            self._holding = self._holding or self._left <= 0
        elif self._watch is not None and not self._holding and self._watch.feed(data):
            self._holding = self._last_event_seen = True
        if self._holding:
            self._hold(piece)
        elif piece:
            call.deliver(self, piece)

    def on_end(self, trailers: list[Header]) -> None:
        """The backend's message is complete."""
        del trailers  # model providers send none; they are not passed on
        try:
            self._ended()
        except Exception:
            log.exception(DEFECT, self._call.request_id)
            self._call.end_by_defect()

    def _ended(self) -> None:
        if self._filter is not None and (rest := self._filter.flush()):
            self._hold(rest)
        if self._maybe_complaint and b"stream_options" in b"".join(self._held):
            self._asker.without_usage(self)
        else:
            self._call.answered(self)

    def on_failure(self, failure: Failure) -> None:
        """The backend could not be reached, or broke off."""
        try:
            self._asker.failed(self, failure)
        except Exception:
            log.exception(DEFECT, self._call.request_id)
            self._call.end_by_defect()

    def on_pause_upload(self) -> None:
        """The backend takes no more of the request body for now."""
        self._call.pause_upload()

    def on_resume_upload(self) -> None:
        """The backend takes more of the request body."""
        self._call.resume_upload()

    # what the client gets of it

    def start_reply(self) -> None:
        """Send the client the head of the answer."""
        assert self.head is not None, "a reply starts with the backend's head"
        assert self.headers is not None, "which has headers"
        self._call.reply.start(self.head.status, self.headers.forwarded, content_length=self.content_length)

    def _hold(self, piece: bytes) -> None:
        if not piece:
            return
        self._held.append(piece)
        if not self._maybe_complaint:
            if self._watch is not None:
                self._release_soon()
        elif self.held_bytes > COMPLAINT_BYTES_MAX:
            self._maybe_complaint = False
            self._holding = self._left is not None and self._left <= 0
            if not self._holding:
                self._call.deliver(self, self.take_held())

    @property
    def undecided(self) -> bool:
        """Whether this may turn out to be a complaint about what the gateway added, not the answer."""
        return self._maybe_complaint

    def take_held(self) -> bytes:
        """What the client has yet to be sent; forgotten here."""
        if not self._held:
            return b""
        held = b"".join(self._held)
        self._held.clear()
        return held

    @property
    def held_bytes(self) -> int:
        """Size of what is held."""
        return sum(map(len, self._held)) if self._held else 0

    def _release_soon(self) -> None:
        if not self._releasing:
            self._releasing = True
            self._call.later(END_AFTER_LAST_EVENT_S, self._record_and_release)

    def _record_and_release(self) -> None:
        """The last event came, the end of the message did not: record so far, then let the event go."""
        call = self._call
        if call.sealed or self.tap is None or not self._held:
            return
        piece = self.take_held()
        part = Part(call.sequence, Direction.RESPONSE, self.tap.rest())

        def recorded(error: SpoolError | None) -> None:
            self._releasing = False
            if error is not None:
                call.answer_lost()
                return
            call.deliver(self, piece)
            if self._held:
                self._release_soon()
            elif self._last_event_seen:
                call.later(SILENCE_AFTER_LAST_EVENT_S, partial(self._over_if_silent, self.last_byte_ns))

        call.journal_part(part, recorded)

    def _over_if_silent(self, last_byte_ns: int) -> None:
        """The message may not end for minutes, or never: what the client saw end is recorded as ended."""
        if not self._call.sealed and self.last_byte_ns == last_byte_ns and self.upstream is not None:
            self.upstream.cancel()
            self.on_end([])

    @property
    def usage_injected(self) -> bool:
        """Whether a usage chunk was taken out for the client."""
        return self._filter is not None and self._filter.removed

    @property
    def recorded_headers(self) -> Headers:
        """The backend's headers for the record."""
        return self.headers.recorded if self.headers is not None else []

    def broken_stream_event(self, broken: OwnAnswer) -> bytes:
        """The event that tells a client its stream broke; empty where it could not stand on its own."""
        last = self.tap.last if self.tap is not None else b""
        at_border = self._filter is not None or not last or last.endswith((b"\n\n", b"\r\n\r\n"))
        if not (self.stream and self.content_length is None and at_border):
            return b""
        return b"data: " + broken.body(self._call.identity.operation) + b"\n\n"
