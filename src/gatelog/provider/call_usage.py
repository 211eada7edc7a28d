"""The usage of one call: what the backend reported, else our own count of what went over the wire.

reported                                       REPORTED, or INJECTED where only the gateway had asked for it
a model worked, and did not say for how much   COUNTED by the model's own tokenizer, or ESTIMATED
anything else                                  NONE: no figure is made up
"""

from __future__ import annotations

from typing import Any, Protocol

from gatelog.model import Call, EndRecord, OperationKind, Usage, UsageSource
from gatelog.provider.messages import Message
from gatelog.provider.usage import read_usage

_GENERATING = frozenset([OperationKind.CHAT, OperationKind.COMPLETIONS])
_COUNTABLE = _GENERATING | {OperationKind.EMBEDDINGS}
# Of the Responses API: the model reads what was said before too, which the request does not hold.
_REMEMBERED = ("previous_response_id", "conversation")


class TokenCounter(Protocol):
    """Counts tokens where a backend did not report them. Never raises, whatever the JSON holds.

    Each count comes with whether it was made by the model's own tokenizer on text alone (exact).
    """

    def count_prompt(self, kind: OperationKind, model: str, request: dict[str, Any]) -> tuple[int, bool]:
        """Prompt tokens of a request."""

    def count_completion(self, kind: OperationKind, model: str, response: dict[str, Any]) -> tuple[int, bool]:
        """Completion tokens of an answer in its non-streamed shape."""


def find_usage(
    end: EndRecord, call: Call, request: Message, response: Message, counter: TokenCounter
) -> Usage:
    """Reported usage where there is some, our count for model calls, else none.

    Only POST uses tokens: a GET of a stored response repeats the usage of the call that made it (its body
    keeps it, `reported_*` mirror it). A prompt that the content filter blocked (400) is charged by Azure, but
    no figure is reported and none is made up: NONE.
    """
    if call.method != "POST" or not _was_answered(end, response):
        return Usage()
    source = UsageSource.INJECTED if end.usage_injected else UsageSource.REPORTED
    reported = read_usage(response.json, source)
    if reported is not None:
        return reported
    kind = call.operation.kind
    if kind not in _COUNTABLE and not _is_cut_response(response):
        return Usage()
    return _counted(counter, kind, call.model_served or call.model_asked, request, response)


def _was_answered(end: EndRecord, response: Message) -> bool:
    """Whether a model worked for this call. After a crash the status is lost, but the text still speaks."""
    if end.backend_status:
        return 200 <= end.backend_status < 300
    return bool(response.json.get("choices")) or _is_cut_response(response)


def _is_cut_response(response: Message) -> bool:
    """Whether this is what came of a Responses API stream. In the background it goes on without a listener:
    what it will have used, nobody here can say.
    """
    answer = response.json
    return response.is_stream and answer.get("object") == "response" and not answer.get("background")


def _counted(
    counter: TokenCounter, kind: OperationKind, model: str, request: Message, response: Message
) -> Usage:
    """Usage by our own count of what was asked and of what came back, up to where it broke off."""
    prompt = completion = None
    exact = True
    if request.json and not any(request.json.get(name) for name in _REMEMBERED):
        prompt, exact = counter.count_prompt(kind, model, request.json)
    generating = kind in _GENERATING or _is_cut_response(response)
    if generating and (response.json or response.is_stream):
        completion, also_exact = counter.count_completion(kind, model, response.json)
        exact = exact and also_exact
    parts = [count for count in (prompt, completion) if count is not None]
    if not parts:
        return Usage()
    expected = 1 if kind is OperationKind.EMBEDDINGS else 2
    return Usage(
        source=UsageSource.COUNTED if exact else UsageSource.ESTIMATED,
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=sum(parts) if len(parts) == expected else None,
    )
