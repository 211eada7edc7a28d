"""Asking the backends of a call, one after the other, until one answers.

    next backend ──► Answer ──► sent ──► its message … `Call.answered`
        ▲                │ failed before the head
        └────────────────┴──► none left: the gateway answers itself

failure before the head        then
───────────────────────        ────
dns, connect, tls, pool        the next backend: the request was certainly not accepted
reset on a reused connection   within STALE_S of sending, without a byte of an answer: the same backend once
                               more, it closed an idle connection and took nothing
anything else                  the end: the model may have run, asking again could bill twice
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gatelog.gateway.answer import Answer
from gatelog.gateway.backend import Backend
from gatelog.gateway.headers import decodable_encodings
from gatelog.gateway.own_answer import OwnAnswer, answer_to
from gatelog.http1 import Failure, FailureReason, header_block
from gatelog.model import Attempt
from gatelog.policy import try_order
from gatelog.provider import RequestShape, with_include_usage

if TYPE_CHECKING:
    from gatelog.gateway.call import Call

_NEVER_ACCEPTED: Final = frozenset(
    {
        FailureReason.DNS,
        FailureReason.CONNECT_REFUSED,
        FailureReason.CONNECT_TIMEOUT,
        FailureReason.TLS,
        FailureReason.POOL_EXHAUSTED,
    }
)

# An idle connection that the backend closed answers what is sent on it with a reset, one round trip later,
# across oceans too. A reset that comes later is the end of a connection on which the backend was at work.
STALE_S: Final = 1.0


class Attempts:
    """The line of backends of one call, and what became of each attempt."""

    __slots__ = ("_call", "_line", "_retried_reset", "notes")

    def __init__(self, call: Call, backends: tuple[Backend, ...]) -> None:
        self._call = call
        self._line = _in_order(backends, call) if len(backends) > 1 else list(backends)
        self._retried_reset = False
        self.notes: list[Attempt] = []

    def try_next(self, otherwise: OwnAnswer) -> None:
        """Ask the next backend; where none is left, answer `otherwise`."""
        if not self._line:
            self._call.refuse(otherwise)
            return
        shape = self._call.shape
        injected = shape is not None and self._wants_usage(shape)
        self._ask(Answer(self._call, self, self._line.pop(0), injected=injected))

    def failed(self, answer: Answer, failure: Failure) -> None:
        """A backend could not be reached, or broke off: the next one, or the end."""
        call = self._call
        if call.sealed:
            return
        refusal = answer_to(failure)
        if failure.head_received:
            self.note(answer, failure.reason.value, failure.detail)
            call.broken_off(refusal)
        elif self._may_go_on(answer, failure) and call.can_restart:
            self.try_next(refusal)
        else:
            call.refuse(refusal)

    def without_usage(self, answer: Answer) -> None:
        """The backend does not know stream_options: the same call as the client sent it."""
        if not self._call.sealed:
            self.note(answer, "rejected_stream_options")
            self._ask(Answer(self._call, self, answer.backend, injected=False))

    def note(self, answer: Answer, outcome: str, detail: str = "", *, reused: bool = False) -> None:
        """What became of an attempt, for the record."""
        self.notes.append(
            Attempt(
                backend=answer.backend.name,
                outcome=outcome,
                status=answer.head.status if answer.head is not None else 0,
                sent_ns=answer.sent_ns,
                first_byte_ns=answer.first_byte_ns,
                detail=detail,
                reused_connection=reused,
            )
        )

    def _may_go_on(self, answer: Answer, failure: Failure) -> bool:
        """Note a failure before the head; whether another attempt may be made."""
        self.note(answer, failure.reason.value, failure.detail, reused=failure.reused_connection)
        if failure.reason in _NEVER_ACCEPTED:
            if failure.reason is not FailureReason.POOL_EXHAUSTED:
                answer.backend.health.mark_unreachable(self._call.now_ns())
            return bool(self._line)
        if self._was_stale(answer, failure) and not self._retried_reset:
            self._retried_reset = True
            self._line.insert(0, answer.backend)
            return True
        return False

    def _was_stale(self, answer: Answer, failure: Failure) -> bool:
        """Whether the backend had closed the connection before the request was sent on it."""
        if failure.reason is not FailureReason.RESET or failure.answer_begun:
            return False
        waited_ns = self._call.elapsed_ns() - answer.sent_ns
        return failure.reused_connection and waited_ns < STALE_S * 1e9

    def _wants_usage(self, shape: RequestShape) -> bool:
        """Whether the gateway must ask for usage because the client did not."""
        identity = self._call.identity
        product = identity.product
        return (
            shape.stream is True
            and not shape.include_usage
            and product is not None
            and product.inject_usage
            and identity.streams_deltas
        )

    def _ask(self, answer: Answer) -> None:
        call, backend = self._call, answer.backend
        head, route = call.head, call.identity.route
        assert route is not None, "only identified calls are forwarded"
        call.answer = answer
        body = with_include_usage(call.body) if answer.injected else call.body
        destination = route.at(backend)
        answer.path = destination.path
        is_upload = call.upload is not None
        answer.upstream = backend.pool.send(
            destination.opening + self._header_lines(len(body)),
            None if is_upload else body,
            answer,
            head_request=head.method == b"HEAD",
            end=not is_upload,
            chunked=is_upload and head.content_length is None,
        )
        if call.client_slow:
            answer.upstream.pause_reading()
        if answer.sent_ns:
            call.sent(answer)

    def _header_lines(self, body_bytes: int) -> bytes:
        """The client's headers and our own, with the empty line."""
        forwarded = header_block(self._call.headers.forwarded)
        return b"%b%b%b\r\n" % (forwarded, self._accept(), self._framing(body_bytes))

    def _accept(self) -> bytes:
        """Accept-Encoding: what the recorder can decode; none for a stream, whose end must be seen."""
        call = self._call
        if call.shape is not None and call.shape.stream is True:
            return b"accept-encoding: identity\r\n"
        wish = call.headers.accept_encoding
        return b"" if wish is None else b"accept-encoding: %b\r\n" % decodable_encodings(wish)

    def _framing(self, body_bytes: int) -> bytes:
        """The header line that says where the body ends; GET and the like without a body need none."""
        head = self._call.head
        if self._call.upload is None:
            announced = body_bytes or head.content_length is not None or head.chunked
            return b"content-length: %d\r\n" % body_bytes if announced else b""
        if head.content_length is not None:
            return b"content-length: %d\r\n" % head.content_length
        return b"transfer-encoding: chunked\r\n"


def _in_order(backends: tuple[Backend, ...], call: Call) -> list[Backend]:
    order = try_order([backend.health for backend in backends], call.now_ns())
    return [backends[index] for index in order]
