"""What the model says, before it is told as one JSON document or as a stream of events."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from gatelog.provider import Tokenizers
from gatelog.simulator.json_text import json_for
from gatelog.simulator.script import Script
from gatelog.simulator.words import Unit, compose, cut, identifier, units

# Written anywhere in a prompt, these make the service behave:
BLOCK_PROMPT = "[[filter]]"  # 400 content_filter
FILTER_COMPLETION = "[[filter-completion]]"  # 200, finish_reason content_filter
REFUSE = "[[refuse]]"  # the model declines in `refusal`

REFUSAL = "I'm sorry, but I can't help with that."
CHOICES_MAX = 128  # the API's own limit of `n`


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One function that the model calls."""

    id: str
    name: str
    name_tokens: int
    arguments: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One choice. Exactly one of content, refusal and calls says something (content may be empty)."""

    finish_reason: str
    content: tuple[Unit, ...] | None = None
    refusal: tuple[Unit, ...] | None = None
    calls: tuple[ToolCall, ...] = ()

    @property
    def tokens(self) -> int:
        """Completion tokens of what is shown."""
        spoken = sum(len(unit.tokens) for unit in (self.content or ()) + (self.refusal or ()))
        return spoken + sum(
            call.name_tokens + sum(len(unit.tokens) for unit in call.arguments) for call in self.calls
        )


def joined(spoken: tuple[Unit, ...] | None) -> str | None:
    """The text of units; None stays None."""
    return None if spoken is None else "".join(unit.text for unit in spoken)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Draws choices for one request."""

    rng: random.Random
    model: str
    script: Script
    prompt: str  # all text of the prompt, for the markers
    limit: int | None  # completion tokens per choice, hidden reasoning already taken off
    stop: tuple[str, ...] = ()

    def say(self, schema: Any = None, *, as_json: bool = False) -> Draft:
        """A choice of text: prose, or JSON where the request wants it."""
        if REFUSE in self.prompt:
            return self._spoken(REFUSAL, "stop", refusal=True)
        if as_json:
            return self._spoken(json_for(self.rng, self.model, schema), "stop")
        length = self.rng.randint(self.script.tokens_min, max(self.script.tokens_min, self.script.tokens_max))
        if self.limit is not None and length > self.limit:
            return self._spoken(compose(self.rng, self.model, self.limit), "length")
        return self._spoken(compose(self.rng, self.model, length), "stop")

    def call(self, tools: list[dict[str, Any]], finish_reason: str) -> Draft:
        """A choice that calls each of `tools`, functions with a name and a schema of parameters."""
        calls = []
        for function in tools:
            name = str(function.get("name", ""))
            arguments = json_for(self.rng, self.model, function.get("parameters") or {"type": "object"})
            spoken = units(self.model, arguments)
            call_id = identifier(self.rng, "call_")
            calls.append(ToolCall(call_id, name, Tokenizers.count_text(self.model, name)[0], spoken))
        return Draft(finish_reason, calls=tuple(calls))

    def _spoken(self, text: str, finish_reason: str, *, refusal: bool = False) -> Draft:
        """Apply stop sequences, the token limit and the completion filter, in this order."""
        ends = [place for place in (text.find(stop) for stop in self.stop) if place >= 0]
        if ends:
            text, finish_reason = text[: min(ends)], "stop"
        if self.limit is not None and Tokenizers.count_text(self.model, text)[0] > self.limit:
            text, finish_reason = cut(self.model, text, self.limit), "length"
        if FILTER_COMPLETION in self.prompt:
            text, finish_reason = text[: len(text) // 2], "content_filter"
        spoken = units(self.model, text)
        return Draft(finish_reason, refusal=spoken) if refusal else Draft(finish_reason, content=spoken)


def reasoning_tokens(rng: random.Random, model: str, effort: Any) -> int:
    """Hidden tokens of a reasoning model, in steps of 64 as the service reports them; 0 for others."""
    if not Tokenizers.is_reasoning(model) or effort in ("none", "minimal"):
        return 0
    return 64 * rng.randint(1, 8 if effort == "high" else 4)
