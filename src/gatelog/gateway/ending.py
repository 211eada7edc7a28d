"""What the client sees at the end of its call.

own answer     whole, or where an answer has begun: the connection is cut
broken         what came, then for a stream an event that says so, and the connection is cut
answered       the end that was held, if any
"""

from __future__ import annotations

from typing import Final

from gatelog.gateway.call_facts import CallFacts
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.http1 import AbortReason
from gatelog.model import EndReason

ABORTED: Final = {
    AbortReason.CLIENT_GONE: EndReason.CLIENT_ABORT,
    AbortReason.BODY_TIMEOUT: EndReason.CLIENT_TIMEOUT,
    AbortReason.SLOW_READER: EndReason.SLOW_CLIENT,
    AbortReason.TOO_LARGE: EndReason.REFUSED,
    AbortReason.MALFORMED_BODY: EndReason.REFUSED,
    AbortReason.SHUTDOWN: EndReason.SHUTDOWN,
    AbortReason.HANDLER_ERROR: EndReason.GATEWAY_ERROR,
}
"""How an aborted request ends the call."""

_NOBODY_WAITS: Final = frozenset({AbortReason.CLIENT_GONE, AbortReason.SLOW_READER})


def drains(call: CallFacts, reason: AbortReason) -> bool:
    """Whether the backend's answer is read to its end although nobody waits for it; if so, it goes on."""
    product, answer = call.identity.product, call.answer
    if product is None or not product.drain or reason not in _NOBODY_WAITS:
        return False
    if answer is None or answer.upstream is None or (call.upload is not None and answer.head is None):
        return False
    call.context.orphans.add(call)
    answer.upstream.resume_reading()
    return True


def show_end(call: CallFacts, own: OwnAnswer | None) -> None:
    """Send what is left to send. `own`: what the gateway answers itself, if it does."""
    if own is not None:
        _show_own(call, own)
    elif call.broken is not None:
        _show_broken(call, call.broken)
    else:
        _show_answer(call)


def _show_own(call: CallFacts, own: OwnAnswer) -> None:
    if call.reply.started:
        call.reply.abort()
    else:
        call.reply.send(own.status, own.headers(call.request_id_bytes), own.body(call.identity.operation))


def _show_broken(call: CallFacts, broken: OwnAnswer) -> None:
    answer = call.answer
    assert answer is not None, "only an answer can break off"
    call.reply.write(answer.take_held() + answer.broken_stream_event(broken))
    call.reply.abort()


def _show_answer(call: CallFacts) -> None:
    answer, reply = call.answer, call.reply
    assert answer is not None, "a call without an answer was refused"
    assert answer.head is not None, "an answer has a head"
    assert answer.headers is not None, "which has headers"
    held = answer.take_held()
    if held and not reply.started:
        reply.send(answer.head.status, answer.headers.forwarded, held)
        return
    if not reply.started:
        answer.start_reply()
    if held:
        reply.write(held)
    reply.end()
