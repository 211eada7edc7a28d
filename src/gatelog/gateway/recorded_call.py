"""A call as far as its record goes: the one end that closes it.

    refuse, answered, broken off, abandoned ──► seal: Start if there was none, End
                                                  │ required, and somebody waits: durable first
                                                  ▼
                                                finish: the client sees the end

Every path of a call ends in `_seal`, once: one Start and one End for each, whatever became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from gatelog.errors import SpoolError
from gatelog.gateway.answer import DEFECT
from gatelog.gateway.call_facts import CallFacts
from gatelog.gateway.ending import show_end
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.gateway.records import end_record, start_record
from gatelog.model import EndReason, Part

log = logging.getLogger("gatelog.gateway")


class RecordedCall(CallFacts):
    """A call that ends once, and whose end is recorded once."""

    __slots__ = ()

    def tick(self) -> None:
        """Write down what has come of the answer."""
        if self.answer is not None and self.answer.tap is not None:
            self.guarded(self.answer.tap.flush)

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
        context = self.context
        context.live.discard(self)
        context.orphans.discard(self)
        if not self._started:
            self._started = True
            if self._held is not None:
                self.body = self.body or self._held.take()
            context.journal.start(start_record(self, more=False))
        end = end_record(self, self.client_gone or reason, error, self._own_answer)
        if self._held is not None:
            self._held.release()
        # An unidentified caller does not get to wait for our disk; nor does an answer that nobody reads.
        if self.required and (self.client_gone is None or self.reply.given is not None):
            context.journal.end(end, self._end_settled)
            self.reply.withheld = True
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
            show_end(self, own)
        else:
            self.reply.give()
        # They hold the call as it holds them: the bodies would wait for the garbage collector.
        self.answer = self.attempts = self.upload = self._held = None

    # ── our own mistakes ─────────────────────────────────────────────────────────────────────────────────

    def guarded(self, step: Callable[[], None]) -> None:
        """Run a step that nobody above answers for: a defect of ours ends the call, it does not hang."""
        try:
            step()
        except Exception:
            log.exception(DEFECT, self.request_id)
            self.end_by_defect()

    def end_by_defect(self) -> None:
        """The call ends by a mistake of ours, which was logged."""
        if self.sealed:
            self.reply.abort()
            return
        try:
            self.refuse(OwnAnswer("internal_error", reason=EndReason.GATEWAY_ERROR))
        except Exception:
            log.exception("call %s: its end could not be recorded", self.request_id)
            self.reply.abort()

    # ── shared with answer and upload ────────────────────────────────────────────────────────────────────

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` on the event loop after a delay."""
        self.context.call_later(delay_s, partial(self.guarded, action))

    def journal_part(self, part: Part, then: Callable[[SpoolError | None], None] | None) -> None:
        """Write a piece of a body down; where bodies are not kept, there is nothing to wait for."""
        if self.keep_bodies:
            guarded = then and (lambda error: self.guarded(partial(then, error)))
            self.context.journal.part(part, guarded)
        elif then is not None:
            then(None)
