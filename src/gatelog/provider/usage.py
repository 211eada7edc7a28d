"""Token counts from the `usage` object of any API, whichever of its spellings is used.

chat, completions, embeddings, runs    prompt_tokens, completion_tokens, *_tokens_details
responses, images, transcription       input_tokens, output_tokens, *_tokens_details or *_token_details
"""

from __future__ import annotations

from typing import Any

from gatelog.model import Usage, UsageSource

_PROMPT = ("prompt_tokens", "input_tokens")
_COMPLETION = ("completion_tokens", "output_tokens")
_PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
# A count beyond a signed 64-bit integer is no count.
_TOKENS_MAX = 2**63 - 1


def read_count(holder: dict[str, Any], *names: str) -> int | None:
    """The first of these members that is a count (an integer, not negative)."""
    for name in names:
        value = holder.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _TOKENS_MAX:
            return value
    return None


def _details(usage: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return next((value for name in names if isinstance(value := usage.get(name), dict)), {})


def _usage_object(body: dict[str, Any]) -> dict[str, Any] | None:
    """`usage` of the body; in a list of unassembled events, that of the last event that has one."""
    if isinstance(usage := body.get("usage"), dict):
        return usage
    events = body.get("events")
    for event in reversed(events) if isinstance(events, list) else ():
        data = event.get("data") if isinstance(event, dict) else None
        if isinstance(data, dict) and isinstance(usage := data.get("usage"), dict):
            return usage
    return None


def _total(usage: dict[str, Any], prompt: int | None, completion: int | None) -> int | None:
    stated = read_count(usage, "total_tokens")
    if stated is None and prompt is not None and completion is not None:
        return prompt + completion
    return stated


def read_usage(body: dict[str, Any], source: UsageSource = UsageSource.REPORTED) -> Usage | None:
    """The usage that an answer states; None if it states no tokens (audio billed by the second included)."""
    usage = _usage_object(body)
    if usage is None:
        return None
    prompt, completion = read_count(usage, *_PROMPT), read_count(usage, *_COMPLETION)
    total = _total(usage, prompt, completion)
    if prompt is None and completion is None and total is None:
        return None
    asked, generated = _details(usage, _PROMPT_DETAILS), _details(usage, _COMPLETION_DETAILS)
    return Usage(
        source=source,
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=total,
        cached_tokens=read_count(asked, "cached_tokens"),
        reasoning_tokens=read_count(generated, "reasoning_tokens"),
        audio_prompt_tokens=read_count(asked, "audio_tokens"),
        audio_completion_tokens=read_count(generated, "audio_tokens"),
        accepted_prediction_tokens=read_count(generated, "accepted_prediction_tokens"),
        rejected_prediction_tokens=read_count(generated, "rejected_prediction_tokens"),
    )
