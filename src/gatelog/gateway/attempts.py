"""Which backend is asked next, and what is told when none is left.

failure before the head        then
───────────────────────        ────
dns, connect, tls, pool        the next backend: the request was certainly not accepted
reset on a reused connection   the same backend once more: it closed an idle connection, took nothing
anything else                  the end: the model may have run, asking again could bill twice
"""

from __future__ import annotations

from typing import Final

from gatelog.gateway.answer import Answer
from gatelog.gateway.backend import Backend
from gatelog.http1 import Failure, FailureReason
from gatelog.model import Attempt
from gatelog.policy import try_order

_NEVER_ACCEPTED: Final = frozenset(
    {
        FailureReason.DNS,
        FailureReason.CONNECT_REFUSED,
        FailureReason.CONNECT_TIMEOUT,
        FailureReason.TLS,
        FailureReason.POOL_EXHAUSTED,
    }
)


class Attempts:
    """The line of backends of one call, and what became of each attempt."""

    __slots__ = ("_line", "_retried_reset", "notes")

    def __init__(self, backends: tuple[Backend, ...], now_ns: int) -> None:
        order = try_order([backend.health for backend in backends], now_ns)
        self._line = [backends[index] for index in order]
        self._retried_reset = False
        self.notes: list[Attempt] = []

    def next(self) -> Backend | None:
        """The backend to ask now."""
        return self._line.pop(0) if self._line else None

    def failed(self, answer: Answer, failure: Failure, now_ns: int) -> bool:
        """Note a failure before the head; whether another attempt may be made."""
        self.note(answer, failure.reason.value, failure.detail, reused=failure.reused_connection)
        if failure.reason in _NEVER_ACCEPTED:
            if failure.reason is not FailureReason.POOL_EXHAUSTED:
                answer.backend.health.mark_unreachable(now_ns)
            return bool(self._line)
        if failure.reason is FailureReason.RESET and failure.reused_connection and not self._retried_reset:
            self._retried_reset = True
            self._line.insert(0, answer.backend)
            return True
        return False

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
