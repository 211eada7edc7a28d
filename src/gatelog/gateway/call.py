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

Every path ends in `_seal`, once: one Start and one End for each accepted call, whatever became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from gatelog.errors import SpoolError
from gatelog.gateway.answer import Answer
from gatelog.gateway.attempts import Attempts
from gatelog.gateway.context import Context
from gatelog.gateway.headers import RequestHeaders, decodable_encodings
from gatelog.gateway.identify import Identity, find_request_flaw, identify, is_held_whole
from gatelog.gateway.own_answer import UNREACHABLE, OwnAnswer, answer_to
from gatelog.gateway.records import end_record, start_record
from gatelog.gateway.request_id import new_request_id
from gatelog.gateway.tap import Tap
from gatelog.gateway.upload import Upload
from gatelog.http1 import AbortReason, Failure, Header, Reply, RequestHead
from gatelog.model import EndReason, OperationKind, Part
from gatelog.provider import NotJson, RequestShape, scan_request, with_include_usage
from gatelog.spool import Level

log = logging.getLogger("gatelog.gateway")

_STREAM_KINDS: Final = frozenset({OperationKind.CHAT, OperationKind.COMPLETIONS})

_ABORTED: Final = {
    AbortReason.CLIENT_GONE: EndReason.CLIENT_ABORT,
    AbortReason.BODY_TIMEOUT: EndReason.CLIENT_TIMEOUT,
    AbortReason.SLOW_READER: EndReason.SLOW_CLIENT,
    AbortReason.TOO_LARGE: EndReason.REFUSED,
    AbortReason.MALFORMED_BODY: EndReason.REFUSED,
    AbortReason.SHUTDOWN: EndReason.SHUTDOWN,
    AbortReason.HANDLER_ERROR: EndReason.GATEWAY_ERROR,
}

_NOBODY: Final = Identity("")


# What http1 answers by itself where nothing was answered yet; a client that is gone gets nothing.
_ABORT_STATUS: Final = {
    AbortReason.BODY_TIMEOUT: 408,
    AbortReason.TOO_LARGE: 413,
    AbortReason.MALFORMED_BODY: 400,
    AbortReason.HANDLER_ERROR: 500,
}


class Call:
    """Implements `http1.RequestHandler` for one request."""

    __slots__ = (
        "_chunks",
        "_context",
        "_held_bytes",
        "_own_answer",
        "_start_ns",
        "_started",
        "_upload",
        "abort_status",
        "answer",
        "attempts",
        "body",
        "broken",
        "client_gone",
        "first_token_ns",
        "head",
        "headers",
        "identity",
        "keep_bodies",
        "received_at_ns",
        "received_bytes",
        "reply",
        "request_complete_ns",
        "request_id",
        "request_id_bytes",
        "required",
        "sealed",
        "sequence",
        "shape",
    )

    head: RequestHead
    headers: RequestHeaders
    identity: Identity
    reply: Reply
    request_id: str
    request_id_bytes: bytes

    def __init__(self, context: Context) -> None:
        self._context = context
        self.sequence = self.received_at_ns = self._start_ns = 0
        self.sealed = self.required = self._started = False
        self.keep_bodies = True
        self.client_gone: EndReason | None = None
        self.abort_status = 0
        self.shape: RequestShape | None = None
        self.answer: Answer | None = None
        self.attempts: Attempts | None = None
        self.broken: OwnAnswer | None = None
        self.body = b""
        self.received_bytes = self.request_complete_ns = self.first_token_ns = 0
        self._upload: Upload | None = None
        self._own_answer: OwnAnswer | None = None
        self._chunks: list[bytes] = []
        self._held_bytes = 0

    # ── the request ──────────────────────────────────────────────────────────────────────────────────────

    def on_request(self, head: RequestHead, reply: Reply) -> None:
        """A request head arrived."""
        context = self._context
        self.head = head
        self.reply = reply
        if page := context.pages.get(head.path):
            self.sealed = True
            page(reply)
            return
        self.received_at_ns = context.clock.now_ns()
        self._start_ns = context.clock.monotonic_ns()
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
        context = self._context
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
        elif not held_whole:
            self._upload = Upload(self, self.reply, limit)
            self._record_start(more=True)

    def on_body(self, data: bytes) -> None:
        """A piece of the request body."""
        self.received_bytes += len(data)
        if self.sealed:
            return
        if self._upload is not None:
            self._upload.receive(data)
        elif self.received_bytes > self._context.json_body_bytes_max:
            self.refuse(OwnAnswer("too_large", str(self._context.json_body_bytes_max)))
        elif not self._context.buffers.take(len(data)):
            self.refuse(OwnAnswer("buffers_full"))
        else:
            self._held_bytes += len(data)
            self._chunks.append(data)

    def on_end(self, trailers: list[Header]) -> None:
        """The request body is complete."""
        del trailers  # clients of model APIs send none; they are not passed on
        if self.sealed:
            return
        self.request_complete_ns = self.elapsed_ns()
        if self._upload is not None:
            self._upload.finish()
            return
        self._collect_body()
        product = self.identity.product
        if (
            product is not None
            and product.refuse_bad_json
            and (flaw := find_request_flaw(self.head, self.body))
        ):
            self.refuse(OwnAnswer("not_json", flaw))
            return
        if self.body:
            try:
                self.shape = scan_request(self.body)
            except NotJson:
                self.shape = None  # goes on as it is: the backend says what is wrong with it
        self._record_start(more=False)

    def _collect_body(self) -> None:
        chunks = self._chunks
        self.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()

    def _record_start(self, *, more: bool) -> None:
        self._started = True
        record = start_record(self, more=more)
        if self.required:
            self._context.journal.start(record, self._start_settled)
        else:
            self._context.journal.start(record)
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

    # ── attempts ─────────────────────────────────────────────────────────────────────────────────────────

    def _dispatch(self) -> None:
        product = self.identity.product
        assert product is not None, "only identified calls are forwarded"
        self.attempts = Attempts(product.backends, self._context.clock.monotonic_ns())
        self._try_next(UNREACHABLE)

    def _try_next(self, otherwise: OwnAnswer) -> None:
        assert self.attempts is not None, "dispatched before"
        backend = self.attempts.next()
        if backend is None:
            self.refuse(otherwise)
        else:
            self._attempt(Answer(self, backend, injected=self._wants_usage()))

    def _wants_usage(self) -> bool:
        """Whether the gateway must ask for usage because the client did not."""
        shape, product, operation = self.shape, self.identity.product, self.identity.operation
        return (
            shape is not None
            and shape.stream is True
            and not shape.include_usage
            and product is not None
            and product.inject_usage
            and operation is not None
            and operation.kind in _STREAM_KINDS
        )

    def _attempt(self, answer: Answer) -> None:
        head = self.head
        backend = answer.backend
        operation = self.identity.operation
        assert operation is not None, "only identified calls are forwarded"
        self.answer = answer
        headers = list(self.headers.forwarded)
        body = self.body
        if answer.injected:
            body = with_include_usage(body)
        if self.shape is not None and self.shape.stream is True:
            headers.append((b"accept-encoding", b"identity"))  # the end of a stream must be seen to be held
        elif self.headers.accept_encoding is not None:
            headers.append((b"accept-encoding", decodable_encodings(self.headers.accept_encoding)))
        answer.path = backend.path(operation, head.target.decode("latin-1"))
        request_head = backend.request_head(head.method, answer.path, headers, self._framing(len(body)))
        is_upload = self._upload is not None
        answer.upstream = backend.pool.send(
            request_head,
            None if is_upload else body,
            answer,
            head_request=head.method == b"HEAD",
            end=not is_upload,
            chunked=is_upload and head.content_length is None,
        )
        if answer.sent_ns:
            self.sent(answer)

    def sent(self, answer: Answer) -> None:
        """The head of the request has a connection: only now the body may leave, and no backend be next."""
        if self._upload is not None and answer.upstream is not None and not self.sealed:
            self._upload.connect(answer.upstream)

    def _framing(self, body_bytes: int) -> bytes:
        """The header line that says where the body ends; GET and the like without a body need none."""
        head = self.head
        if self._upload is None:
            announced = body_bytes or head.content_length is not None or head.chunked
            return b"content-length: %d\r\n" % body_bytes if announced else b""
        if head.content_length is not None:
            return b"content-length: %d\r\n" % head.content_length
        return b"transfer-encoding: chunked\r\n"

    def attempt_failed(self, answer: Answer, failure: Failure) -> None:
        """The backend could not be reached, or broke off: the next one, or the end."""
        attempts = self.attempts
        if self.sealed or attempts is None:
            return
        refusal = answer_to(failure)
        if failure.head_received:
            attempts.note(answer, failure.reason.value, failure.detail)
            self._broken_off(refusal)
        elif attempts.failed(answer, failure, self._context.clock.monotonic_ns()) and self._can_restart():
            self._try_next(refusal)
        else:
            self.refuse(refusal)

    def _can_restart(self) -> bool:
        return self._upload is None or self._upload.can_restart

    def retry_without_usage(self, answer: Answer) -> None:
        """The backend does not know stream_options: the same call as the client sent it."""
        if self.sealed or self.attempts is None:
            return
        self.attempts.note(answer, "rejected_stream_options")
        self._attempt(Answer(self, answer.backend, injected=False))

    # ── the answer ───────────────────────────────────────────────────────────────────────────────────────

    def new_tap(self, *, stream: bool) -> Tap:
        """Where the body of an answer is kept."""
        operation = self.identity.operation
        deltas = stream and operation is not None and operation.kind in _STREAM_KINDS
        return Tap(self._context.journal, self.sequence, keep=self.keep_bodies, watches_tokens=deltas)

    def answering(self, answer: Answer) -> None:
        """A backend answers: from now on the tick writes down what has come."""
        if answer.undecided:
            return
        if answer.stream or answer.content_length is None:
            self._context.live.add(self)
        if answer.stream and self.client_gone is None:
            self._start_reply(answer)

    def tick(self) -> None:
        """Write down what has come of the answer."""
        if self.answer is not None and self.answer.tap is not None:
            self.answer.tap.flush()

    def deliver(self, answer: Answer, piece: bytes) -> None:
        """Send the client a piece of the answer now."""
        if self.client_gone is None and piece:
            self._start_reply(answer)
            self.reply.write(piece)

    def _start_reply(self, answer: Answer) -> None:
        if not self.reply.started:
            assert answer.head is not None, "a reply starts with the backend's head"
            self.reply.start(answer.head.status, answer.client_headers, content_length=answer.content_length)

    def answered(self, answer: Answer) -> None:
        """The backend's message is complete."""
        if not self.sealed and self.attempts is not None:
            self.attempts.note(answer, "answered")
            self._seal(EndReason.COMPLETE)

    def _broken_off(self, broken: OwnAnswer) -> None:
        """The answer broke off in the middle; what follows is honest about it."""
        if self.reply.started:
            self.broken = broken
            self._seal(broken.reason, error=broken.name)
        else:
            self.refuse(broken)

    # ── the client ───────────────────────────────────────────────────────────────────────────────────────

    def on_abort(self, reason: AbortReason) -> None:
        """The client is gone, or its request cannot be completed."""
        if self.client_gone is not None:
            return
        self.client_gone = _ABORTED[reason]
        self.abort_status = _ABORT_STATUS.get(reason, 0)
        answer = self.answer
        if self.sealed:
            return
        if answer is not None and answer.upstream is not None:
            if self._drains(answer, reason):
                answer.upstream.resume_reading()
                return
            answer.upstream.cancel()
            if self.attempts is not None:
                self.attempts.note(answer, "cancelled")
        self._seal(self.client_gone, error=reason.value)

    def _drains(self, answer: Answer, reason: AbortReason) -> bool:
        """Whether the backend's answer is read to its end although nobody waits for it."""
        product = self.identity.product
        return (
            product is not None
            and product.drain
            and reason in (AbortReason.CLIENT_GONE, AbortReason.SLOW_READER)
            and (self._upload is None or answer.head is not None)
        )

    def on_pause(self) -> None:
        """The client reads slowly: so does the gateway."""
        if self.answer is not None and self.answer.upstream is not None and self.client_gone is None:
            self.answer.upstream.pause_reading()

    def on_resume(self) -> None:
        """The client reads on."""
        if self.answer is not None and self.answer.upstream is not None:
            self.answer.upstream.resume_reading()

    def pause_upload(self) -> None:
        """The backend takes no more of the request body for now."""
        if self._upload is not None:
            self._upload.pause()

    def resume_upload(self) -> None:
        """The backend takes more of the request body."""
        if self._upload is not None:
            self._upload.resume()

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────

    def refuse(self, refusal: OwnAnswer) -> None:
        """The gateway answers itself."""
        self._own_answer = refusal
        if self.answer is not None and self.answer.upstream is not None:
            self.answer.upstream.cancel()
        self._seal(refusal.reason, error=refusal.name)

    def answer_lost(self) -> None:
        """A piece of the answer could not be recorded, so its end must not be seen."""
        if not self.sealed:
            self.refuse(OwnAnswer("answer_not_recorded", reason=EndReason.GATEWAY_ERROR))

    def _seal(self, reason: EndReason, *, error: str = "") -> None:
        self.sealed = True
        context = self._context
        context.live.discard(self)
        if not self._started:
            self._started = True
            if self._chunks:
                self._collect_body()
            context.journal.start(start_record(self, more=False))
        end = end_record(self, self.client_gone or reason, error, self._own_answer)
        context.buffers.give_back(self._held_bytes)
        self._held_bytes = 0
        # An unidentified caller does not get to wait for our disk; nor does an answer that nobody reads.
        if self.required and self.client_gone is None:
            context.journal.end(end, self._end_settled)
        else:
            context.journal.end(end)
            self._finish(self._own_answer)

    def _end_settled(self, error: SpoolError | None) -> None:
        own = self._own_answer
        if error is not None and own is None:
            own = OwnAnswer("answer_not_recorded")
        self.guarded(partial(self._finish, own))

    def _finish(self, own: OwnAnswer | None) -> None:
        """The client sees the end, if it is still there."""
        if self.client_gone is None:
            if own is not None:
                self._finish_own(own)
            elif self.broken is not None:
                self._finish_broken(self.broken)
            else:
                self._finish_answer()
        # They hold the call as it holds them: the bodies would wait for the garbage collector.
        self.answer = self._upload = None

    def _finish_answer(self) -> None:
        answer, reply = self.answer, self.reply
        assert answer is not None, "a call without an answer was refused"
        assert answer.head is not None, "an answer has a head"
        held = answer.take_held()
        if held and not reply.started:
            reply.send(answer.head.status, answer.client_headers, held)
            return
        self._start_reply(answer)
        if held:
            reply.write(held)
        reply.end()

    def _finish_own(self, own: OwnAnswer) -> None:
        if self.reply.started:
            self.reply.abort()
        else:
            body = own.body(self.identity.operation)
            self.reply.send(own.status, own.headers(self.request_id_bytes), body)

    def _finish_broken(self, broken: OwnAnswer) -> None:
        answer = self.answer
        assert answer is not None, "only an answer can break off"
        self.reply.write(answer.take_held() + answer.broken_stream_event(broken))
        self.reply.abort()

    # ── our own mistakes ─────────────────────────────────────────────────────────────────────────────────

    def guarded(self, step: Callable[[], None]) -> None:
        """Run a step that nobody above answers for: a defect of ours ends the call, it does not hang."""
        try:
            step()
        except Exception:
            log.exception("call %s: defect in the gateway", self.request_id)
            self._end_by_defect()

    def _end_by_defect(self) -> None:
        if self.sealed:
            self.reply.abort()
            return
        try:
            self.refuse(OwnAnswer("internal_error", reason=EndReason.GATEWAY_ERROR))
        except Exception:
            log.exception("call %s: its end could not be recorded", self.request_id)
            self.reply.abort()

    # ── shared with answer and upload ────────────────────────────────────────────────────────────────────

    def elapsed_ns(self) -> int:
        """Since the request head arrived."""
        return self._context.clock.monotonic_ns() - self._start_ns

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the event loop after a delay."""
        self._context.call_later(delay_s, action)

    def journal_part(self, part: Part, then: Callable[[SpoolError | None], None] | None) -> None:
        """Write a piece of a body down; where bodies are not kept, there is nothing to wait for."""
        if self.keep_bodies:
            self._context.journal.part(part, then)
        elif then is not None:
            then(None)
