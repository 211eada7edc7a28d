"""Chat completion chunks become the chat completion that the same call would have given without `stream`.

chunk ─┬─ id, created, model …             first non-empty wins (Azure's first chunk has them empty)
       ├─ usage, service_tier, unknown …   last that is not null wins
       ├─ prompt_filter_results            joined
       └─ choices[index] ─┬─ delta         → message (deltas); tool calls by their index
                          ├─ logprobs      lists are joined
                          ├─ content_filter_results   gravest verdict a category
                          └─ finish_reason …          last that is not null wins
"""

from __future__ import annotations

from typing import Any

from gatelog.provider.deltas import merge_delta, merged
from gatelog.provider.filters import merge_filter_results

_FIRST_WINS = frozenset(["id", "created", "model"])
_JOINED = frozenset(["prompt_filter_results", "prompt_annotations"])
# `object` names the chunk, not the answer; `obfuscation` is padding against traffic analysis.
_DROPPED = frozenset(["object", "obfuscation"])
_LEADING = ("id", "object", "created", "model", "choices")


class ChunkHead:
    """What chunks say beside their choices; the same for chat and for legacy completions."""

    def __init__(self) -> None:
        self._members: dict[str, Any] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        """Take in one chunk's members, all but `choices`."""
        known = self._members
        for name, value in chunk.items():
            if value is None or name == "choices" or name in _DROPPED:
                continue
            if name in _JOINED and isinstance(value, list):
                before = known.get(name)
                if isinstance(before, list):
                    before.extend(value)
                else:
                    known[name] = value
            elif name not in _FIRST_WINS or not known.get(name):
                known[name] = value

    def body(self, name: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """The answer object called `name`, members in their usual order."""
        whole = {**self._members, "object": name, "choices": choices}
        return {member: whole[member] for member in _LEADING if member in whole} | whole


def indexed(choices: Any) -> list[tuple[int, dict[str, Any]]]:
    """A chunk's choices with their `index`, or with their place where a backend gives none."""
    if not isinstance(choices, list):
        return []
    found = [(place, choice) for place, choice in enumerate(choices) if isinstance(choice, dict)]
    return [
        (index if isinstance(index := choice.get("index"), int) else place, choice) for place, choice in found
    ]


def _without_index(message: dict[str, Any]) -> dict[str, Any]:
    """Tool calls carry an `index` in streams only."""
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [
            {name: value for name, value in call.items() if name != "index"}
            if isinstance(call, dict)
            else call
            for call in calls
        ]
    return message


def _merge_offsets(known: Any, further: dict[str, Any]) -> dict[str, Any]:
    """The range that all asynchronous filter chunks together have checked."""
    both = dict(known) if isinstance(known, dict) else {}
    for name, value in further.items():
        old = both.get(name)
        comparable = isinstance(old, int) and isinstance(value, int)
        both[name] = (min if name == "start_offset" else max)(old, value) if comparable else value
    return both


class _Choice:
    """One answer of `n`."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._logprobs: dict[str, Any] | None = None
        self._rest: dict[str, Any] = {}

    def add(self, choice: dict[str, Any]) -> None:
        rest = self._rest
        for name, value in choice.items():
            if value is None or name == "index":
                continue
            if not isinstance(value, dict):
                rest[name] = value
            elif name == "delta":
                merge_delta(self._message, value)
            elif name == "logprobs":
                self._logprobs = merge_delta(self._logprobs or {}, value)
            elif name == "content_filter_results":
                rest[name] = merge_filter_results(rest.get(name), value)
            elif name == "content_filter_offsets":
                rest[name] = _merge_offsets(rest.get(name), value)
            else:
                rest[name] = value

    def body(self, index: int) -> dict[str, Any]:
        message = {"role": "assistant", "content": None} | merged(self._message)
        return {
            "index": index,
            "message": _without_index(message),
            "logprobs": merged(self._logprobs),
            "finish_reason": None,
        } | self._rest


class ChatStream:
    """Collects the chunks of one streamed chat call."""

    def __init__(self) -> None:
        self._head = ChunkHead()
        self._choices: dict[int, _Choice] = {}

    def add(self, event: str, chunk: dict[str, Any]) -> None:  # noqa: ARG002 -- chat chunks have no event names
        """Take in one chunk."""
        self._head.add(chunk)
        for index, choice in indexed(chunk.get("choices")):
            known = self._choices.get(index)
            if known is None:
                known = self._choices[index] = _Choice()
            known.add(choice)

    def body(self) -> dict[str, Any]:
        """The chat completion, as far as it came."""
        choices = [self._choices[index].body(index) for index in sorted(self._choices)]
        return self._head.body("chat.completion", choices)
