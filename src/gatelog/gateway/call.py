"""One call, from its first byte to its record.

    on_request ─┬─ refuse ─────────────────────────────────────────────┐
                ├─ body held whole (JSON, or none)                     │
                └─ body passed on as it comes (uploads: see upload.py) │
                        │                                              │
                     Start ──durable──► attempt ──► attempt …          │
                     (best_effort: does not wait)      │ none left ────┤
                                                    answer             │
                                                       │               ▼
                                    client gone ──► sealed: End ──durable──► the client sees the end
                                                             (best_effort: does not wait)

Every path ends in `_seal` (see recorded_call.py), once.
"""

from __future__ import annotations

from functools import partial

from gatelog.errors import SpoolError
from gatelog.gateway.answer import Answer
from gatelog.gateway.attempts import Attempts
from gatelog.gateway.ending import ABORTED, drains
from gatelog.gateway.headers import RequestHeaders
from gatelog.gateway.held_body import HeldBody
from gatelog.gateway.identify import Identity, identify, is_held_whole
from gatelog.gateway.own_answer import UNREACHABLE, OwnAnswer
from gatelog.gateway.recorded_call import RecordedCall
from gatelog.gateway.records import start_record
from gatelog.gateway.request_id import new_request_id
from gatelog.gateway.upload import Upload
from gatelog.http1 import AbortReason, Header, Reply, RequestHead
from gatelog.model import EndReason
from gatelog.spool import Level

_NOBODY = Identity("")


class Call(RecordedCall):
    """Implements `http1.RequestHandler` for one request."""

    __slots__ = ()

    # ── the request ──────────────────────────────────────────────────────────────────────────────────────

    def on_request(self, head: RequestHead, reply: Reply) -> None:
        """A request head arrived."""
        context = self.context
        self.head = head
        self.reply = reply
        if page := context.pages.get(head.path):
            self.sealed = True
            page(reply)
            return
        self.received_at_ns = context.clock.now_ns()
        self._start_ns = self._monotonic_ns()
        self.sequence = context.journal.account.open_call()
        self.request_id = new_request_id(self.received_at_ns)
        self.request_id_bytes = self.request_id.encode("ascii")
        reply.error_headers = ((b"x-gatelog-request-id", self.request_id_bytes),)
        self.headers = RequestHeaders(head.headers)
        self.identity = _NOBODY  # what is recorded if identifying fails
        self.identity = identify(context, head, self.headers)
        if self.identity.refusal is not None:
            self.refuse(self.identity.refusal)
        else:
            self._admit()

    def _admit(self) -> None:
        """Whether there is room to record the call; then how its body is taken in."""
        context = self.context
        product = self.identity.product
        operation = self.identity.operation
        assert product is not None, "an identified call has a product"
        assert operation is not None, "an identified call has an operation"
        self.required = product.required
        level = context.journal.level
        if self.required and level >= Level.REJECT:
            self.refuse(OwnAnswer("capture_unavailable"))
            return
        self.keep_bodies = self.required or level < Level.DEGRADE
        held_whole = is_held_whole(self.head, operation, self.headers.content_type)
        limit = context.json_body_bytes_max if held_whole else context.upload_bytes_max
        if (self.head.content_length or 0) > limit:
            self.refuse(OwnAnswer("too_large", str(limit)))
        elif held_whole:
            self._held = HeldBody(self, context.buffers, limit)
        else:
            self.upload = Upload(self, self.reply, limit)
            self.record_start(more=True)

    def on_body(self, data: bytes) -> None:
        """A piece of the request body."""
        self.received_bytes += len(data)
        body = self.upload or self._held
        if body is not None and not self.sealed:
            body.receive(data)

    def on_end(self, trailers: list[Header]) -> None:
        """The request body is complete."""
        del trailers  # clients of model APIs send none; they are not passed on
        body = self.upload or self._held
        if body is not None and not self.sealed:
            self.request_complete_ns = self.elapsed_ns()
            body.finish()

    def record_start(self, *, more: bool) -> None:
        """Say that the call exists, then forward it. `more`: its body follows in pieces."""
        self._started = True
        record = start_record(self, more=more)
        if self.required:
            self.context.journal.start(record, self._start_settled)
        else:
            self.context.journal.start(record)
            self._dispatch()

    def _start_settled(self, error: SpoolError | None) -> None:
        self.guarded(partial(self._go_on_after_start, error))

    def _go_on_after_start(self, error: SpoolError | None) -> None:
        if self.sealed:
            return
        if error is not None:
            self.refuse(OwnAnswer("capture_unavailable"))
        else:
            self._dispatch()

    def _dispatch(self) -> None:
        product = self.identity.product
        assert product is not None, "only identified calls are forwarded"
        self.attempts = attempts = Attempts(self, product.backends)
        attempts.try_next(UNREACHABLE)

    @property
    def can_restart(self) -> bool:
        """Whether another backend may still be asked."""
        return self.upload is None or self.upload.can_restart

    def sent(self, answer: Answer) -> None:
        """The head of the request has a connection: only now the body may leave, and no backend be next."""
        if self.upload is not None and answer.upstream is not None and not self.sealed:
            self.upload.connect(answer.upstream)

    # ── the answer ───────────────────────────────────────────────────────────────────────────────────────

    def answering(self, answer: Answer) -> None:
        """A backend answers: from now on the tick writes down what has come."""
        if answer.undecided:
            return
        if answer.stream or answer.content_length is None:
            self.context.live.add(self)
        if answer.stream and self.client_gone is None:
            answer.start_reply()

    def deliver(self, answer: Answer, piece: bytes) -> None:
        """Send the client a piece of the answer now."""
        if self.client_gone is not None or not piece:
            return
        if not self.reply.started:
            answer.start_reply()
        self.reply.write(piece)

    def answered(self, answer: Answer) -> None:
        """The backend's message is complete."""
        if not self.sealed and self.attempts is not None:
            self.attempts.note(answer, "answered")
            self._seal(EndReason.COMPLETE)

    def broken_off(self, broken: OwnAnswer) -> None:
        """The answer broke off in the middle; what follows is honest about it."""
        if self.reply.started:
            self.broken = broken
            self._seal(broken.reason, error=broken.name)
        else:
            self.refuse(broken)

    # ── the client ───────────────────────────────────────────────────────────────────────────────────────

    def on_abort(self, reason: AbortReason) -> None:
        """The client is gone, or its request cannot be completed."""
        if self.client_gone is not None or (self.sealed and self.reply.given is not None):
            return  # sealed: the answer that waits for its record is shown all the same
        self.client_gone = ABORTED[reason]
        self.client_slow = False
        if not self.sealed and not drains(self, reason):
            self._abandon(reason)

    def _abandon(self, reason: AbortReason) -> None:
        answer = self.answer
        if answer is not None and answer.upstream is not None:
            answer.upstream.cancel()
            if self.attempts is not None:
                self.attempts.note(answer, "cancelled")
        self._seal(ABORTED[reason], error=reason.value)

    def on_pause(self) -> None:
        """The client reads slowly: so does the gateway, now or once it asks a backend."""
        if self.client_gone is not None:
            return
        self.client_slow = True
        if self.answer is not None and self.answer.upstream is not None:
            self.answer.upstream.pause_reading()

    def on_resume(self) -> None:
        """The client reads on."""
        self.client_slow = False
        if self.answer is not None and self.answer.upstream is not None:
            self.answer.upstream.resume_reading()

    def pause_upload(self) -> None:
        """The backend takes no more of the request body for now."""
        if self.upload is not None:
            self.upload.pause()

    def resume_upload(self) -> None:
        """The backend takes more of the request body."""
        if self.upload is not None:
            self.upload.resume()
