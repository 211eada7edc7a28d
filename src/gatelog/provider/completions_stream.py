"""Chunks of the legacy completions API become the completion that the call had given without `stream`.

Unlike chat, chunks and answer have one shape: text and the lists of `logprobs` are joined per choice.
"""

from __future__ import annotations

from typing import Any

from gatelog.provider.chat_stream import ChunkHead, indexed
from gatelog.provider.deltas import merge_delta, merged
from gatelog.provider.filters import merge_filter_results


def _add_to_choice(known: dict[str, Any], choice: dict[str, Any]) -> None:
    for name, value in choice.items():
        if name == "content_filter_results" and isinstance(value, dict):
            known[name] = merge_filter_results(known.get(name), value)
        elif name == "text" or (name == "logprobs" and isinstance(value, dict)):
            merge_delta(known, {name: value})
        elif value is not None:
            known[name] = value


class CompletionsStream:
    """Collects the chunks of one streamed completions call."""

    def __init__(self) -> None:
        self._head = ChunkHead()
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, event: str, chunk: dict[str, Any]) -> None:  # noqa: ARG002 -- these chunks have no event names
        """Take in one chunk."""
        self._head.add(chunk)
        for index, choice in indexed(chunk.get("choices")):
            _add_to_choice(self._choices.setdefault(index, {}), choice)

    def body(self) -> dict[str, Any]:
        """The completion, as far as it came."""
        empty = {"text": "", "index": 0, "logprobs": None, "finish_reason": None}
        choices = [empty | merged(self._choices[index]) | {"index": index} for index in sorted(self._choices)]
        return self._head.body("text_completion", choices)
