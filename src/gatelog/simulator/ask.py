"""One model call, understood: what every kind of answer is drawn from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatelog.provider import Tokenizers
from gatelog.simulator.answer import Answer, json_answer
from gatelog.simulator.draft import BLOCK_PROMPT, CHOICES_MAX, Speaker, reasoning_tokens
from gatelog.simulator.filters import blocked_error
from gatelog.simulator.route import Kind, Route
from gatelog.simulator.script import Script
from gatelog.simulator.words import generator

CREATED = 1_760_000_000  # 2025-10-09: a fixed instant, so that equal requests have equal answers
CACHE_FLOOR_TOKENS = 1_024  # Azure "Prompt caching": shorter prompts are never cached
CACHE_STEP_TOKENS = 128

# How an answer is delivered does not change what is said in it.
_DELIVERY = ("stream", "stream_options")


@dataclass(frozen=True, slots=True)
class Ask:
    """A valid JSON request on a route, the model that serves it, and the script in force."""

    kind: Kind
    route: Route
    request: dict[str, Any]
    model: str
    script: Script
    seed: int

    @property
    def azure(self) -> bool:
        """Whether Azure's own members belong in the answer."""
        return self.kind == "azure-openai"

    @property
    def annotated(self) -> bool:
        """Whether content-filter annotations belong in the answer."""
        return self.azure and self.script.filter_mode != "off"

    @property
    def stream(self) -> bool:
        """Whether events were asked for."""
        return self.request.get("stream") is True

    @property
    def include_usage(self) -> bool:
        """Whether the stream should end with a usage chunk."""
        options = self.request.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    @property
    def choices(self) -> int:
        """How many choices per prompt."""
        return max(1, min(self.whole("n") or 1, CHOICES_MAX))

    def rng(self) -> random.Random:
        """A generator that depends on the seed, the model and the request's content."""
        said = sorted((name, value) for name, value in self.request.items() if name not in _DELIVERY)
        return generator(self.seed, self.model, said)

    def whole(self, *names: str) -> int | None:
        """The first of these members that is a whole number of at least 1."""
        for name in names:
            value = self.request.get(name)
            if isinstance(value, int) and value >= 1:
                return value
        return None

    def prompt_text(self) -> str:
        """All text of the request, for the markers of `draft`."""
        members = ("messages", "prompt", "input", "instructions")
        return "\n".join(text for name in members for text in _texts(self.request.get(name)))

    def prompt_tokens(self) -> int:
        """What the prompt costs."""
        return Tokenizers.count_prompt(self.route.kind, self.model, self.request)[0]

    def hidden_tokens(self, rng: random.Random, limit: int | None) -> int:
        """Reasoning tokens, within the limit of the answer."""
        effort = self.request.get("reasoning_effort")
        if isinstance(reasoning := self.request.get("reasoning"), dict):
            effort = reasoning.get("effort")
        hidden = reasoning_tokens(rng, self.model, effort)
        return hidden if limit is None else min(hidden, limit)

    def speaker(self, rng: random.Random, limit: int | None) -> Speaker:
        """The one who draws the choices."""
        stop = self.request.get("stop")
        stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
        return Speaker(rng, self.model, self.script, self.prompt_text(), limit, tuple(filter(None, stops)))

    def blocked(self) -> Answer | None:
        """The 400 of the prompt filter, where the prompt asks for it."""
        if self.annotated and BLOCK_PROMPT in self.prompt_text():
            return json_answer(blocked_error(), status=400, model=self.model)
        return None

    def usage(self, rng: random.Random, prompt: int, completion: int, reasoning: int) -> dict[str, Any]:
        """The usage object of chat and completions."""
        cached = 0
        if prompt >= CACHE_FLOOR_TOKENS and rng.random() < 0.5:
            cached = prompt // CACHE_STEP_TOKENS * CACHE_STEP_TOKENS
        return {
            "completion_tokens": completion,
            "completion_tokens_details": {
                "accepted_prediction_tokens": 0,
                "audio_tokens": 0,
                "reasoning_tokens": reasoning,
                "rejected_prediction_tokens": 0,
            },
            "prompt_tokens": prompt,
            "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": cached},
            "total_tokens": prompt + completion,
        }


def _texts(value: Any) -> Iterator[str]:
    """Every text in a prompt, however it is nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(value.get("content"))
        yield from _texts(value.get("text"))
