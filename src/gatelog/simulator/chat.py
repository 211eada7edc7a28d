"""Chat completions, whole and streamed (azure-openai reference, section 4.1).

A stream is a list of steps per choice, interleaved by rounds:

    [prompt filter]   round 1: the role of each choice   round 2: the first token of each …   [usage]   [DONE]
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from gatelog.simulator.answer import DONE, Answer, Piece, data_event, event_stream, json_answer
from gatelog.simulator.ask import CREATED, Ask
from gatelog.simulator.draft import Draft, Speaker, joined
from gatelog.simulator.errors import invalid
from gatelog.simulator.filters import (
    completion_results,
    offsets_choice,
    piece_results,
    prompt_filter_results,
)
from gatelog.simulator.logprobs import chat_logprobs
from gatelog.simulator.words import Unit, generator, identifier

_SPOKEN = ("content", "refusal")  # members of a message that hold text


class Step(NamedTuple):
    """A chunk's choice, without its index, and the tokens that it shows. `bare` chunks lack id and model."""

    choice: dict[str, Any]
    tokens: int = 0
    bare: bool = False


def chat(ask: Ask) -> Answer:
    """The answer to a chat completion request."""
    if not isinstance(ask.request.get("messages"), list) or not ask.request["messages"]:
        message = "Missing required parameter: 'messages'."
        return invalid(message, param="messages", code="missing_required_parameter")
    if blocked := ask.blocked():
        return blocked
    rng = ask.rng()
    limit = ask.whole("max_completion_tokens", "max_tokens")
    hidden = ask.hidden_tokens(rng, limit)
    speaker = ask.speaker(rng, None if limit is None else limit - hidden)
    drafts = [_draft(ask, rng, speaker) for _ in range(ask.choices)]
    told = _Telling(ask, rng, drafts, hidden)
    return told.stream() if ask.stream else told.whole()


def _draft(ask: Ask, rng: random.Random, speaker: Speaker) -> Draft:
    functions = [tool["function"] for tool in _tools(ask.request.get("tools"))]
    choice = ask.request.get("tool_choice", "auto")
    if functions and isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        return speaker.call([f for f in functions if f.get("name") == wanted] or functions[:1], "stop")
    answered = ask.request["messages"][-1].get("role") == "tool"
    willing = not answered and rng.random() < ask.script.tool_call_share
    if functions and (choice == "required" or (choice == "auto" and willing)):
        several = ask.request.get("parallel_tool_calls") is not False and rng.random() < 0.3
        chosen = rng.sample(functions, min(2 if several else 1, len(functions)))
        return speaker.call(chosen, "tool_calls")
    wanted_format = ask.request.get("response_format")
    shape = wanted_format if isinstance(wanted_format, dict) else {}
    schema = (shape.get("json_schema") or {}).get("schema")
    return speaker.say(schema, as_json=shape.get("type") in ("json_object", "json_schema"))


def _tools(tools: Any) -> Iterator[dict[str, Any]]:
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
            yield tool


class _Telling:
    """One set of drafts, told whole or as a stream."""

    def __init__(self, ask: Ask, rng: random.Random, drafts: list[Draft], hidden: int) -> None:
        self._ask = ask
        self._drafts = drafts
        self._hidden = hidden * len(drafts)
        self._prompt = ask.prompt_tokens()
        self._completion = self._hidden + sum(draft.tokens for draft in drafts)
        self._id = identifier(rng, "chatcmpl-", 29)
        self._fingerprint = identifier(rng, "fp_", 10).lower()
        self._usage = ask.usage(rng, self._prompt, self._completion, self._hidden)

    def whole(self) -> Answer:
        choices = [self._choice(index, draft) for index, draft in enumerate(self._drafts)]
        value = {"choices": choices, **self._common("chat.completion"), "usage": self._usage}
        if self._ask.annotated:
            value["prompt_filter_results"] = prompt_filter_results()
        return json_answer(
            value,
            model=self._ask.model,
            prompt_tokens=self._prompt,
            completion_tokens=self._completion,
        )

    def _common(self, kind: str) -> dict[str, Any]:
        return {
            "created": CREATED,
            "id": self._id,
            "model": self._ask.model,
            "object": kind,
            "system_fingerprint": self._fingerprint,
        }

    def _choice(self, index: int, draft: Draft) -> dict[str, Any]:
        message: dict[str, Any] = {
            "annotations": [],
            "content": joined(draft.content),
            "refusal": joined(draft.refusal),
            "role": "assistant",
        }
        if draft.calls:
            message["tool_calls"] = [
                {
                    "function": {"arguments": joined(call.arguments), "name": call.name},
                    "id": call.id,
                    "type": "function",
                }
                for call in draft.calls
            ]
        choice = {
            "finish_reason": draft.finish_reason,
            "index": index,
            "logprobs": self._logprobs(self._odds(index), draft.content, draft.refusal),
            "message": message,
        }
        if self._ask.annotated:
            choice["content_filter_results"] = self._verdict(draft)
        return choice

    def _verdict(self, draft: Draft) -> dict[str, Any]:
        return completion_results(filtered=draft.finish_reason == "content_filter")

    def _odds(self, index: int) -> random.Random:
        """Per choice, so that a stream's interleaving does not change the figures."""
        return generator(self._id, index)

    def _logprobs(
        self, odds: random.Random, content: tuple[Unit, ...] | None, refusal: tuple[Unit, ...] | None
    ) -> dict[str, Any] | None:
        """None unless asked for; `content` or `refusal` holds one element per token."""
        if self._ask.request.get("logprobs") is not True:
            return None
        top = self._ask.whole("top_logprobs") or 0
        return {
            name: None if spoken is None else [e for u in spoken for e in chat_logprobs(odds, u, top)]
            for name, spoken in (("content", content), ("refusal", refusal))
        }

    def stream(self) -> Answer:
        pieces: list[Piece] = []
        tokens = 0
        if self._ask.annotated:
            first = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
            first["prompt_filter_results"] = prompt_filter_results()
            pieces.append(Piece(self._event(first), 0))
        for index, step in self._rounds():
            tokens += step.tokens
            common = self._common("chat.completion.chunk")
            if step.bare:
                common = {"created": 0, "id": "", "model": "", "object": ""}
            chunk = {"choices": [{"index": index, **step.choice}], **common}
            pieces.append(Piece(self._event(chunk), tokens))
        if self._ask.include_usage:
            chunk = {"choices": [], **self._common("chat.completion.chunk"), "usage": self._usage}
            pieces.append(Piece(data_event(chunk), tokens))
        pieces.append(Piece(DONE, tokens))
        return event_stream(
            pieces, model=self._ask.model, prompt_tokens=self._prompt, completion_tokens=self._completion
        )

    def _event(self, chunk: dict[str, Any]) -> bytes:
        return data_event({**chunk, "usage": None} if self._ask.include_usage else chunk)

    def _rounds(self) -> Iterator[tuple[int, Step]]:
        """The steps of all choices, one of each per round."""
        per_choice = [self._steps(index, draft) for index, draft in enumerate(self._drafts)]
        for steps in itertools.zip_longest(*per_choice):
            for index, step in enumerate(steps):
                if step is not None:
                    yield index, step

    def _steps(self, index: int, draft: Draft) -> Iterator[Step]:
        odds = self._odds(index)
        hidden = self._hidden // len(self._drafts)
        opened = {member: "" if getattr(draft, member) is not None else None for member in _SPOKEN}
        yield Step(self._delta({"role": "assistant", **opened}), hidden)
        for member in _SPOKEN:
            for unit in getattr(draft, member) or ():
                spoken = {"content": None, "refusal": None, member: (unit,)}
                logprobs = self._logprobs(odds, **spoken)
                yield Step(self._delta({member: unit.text}, logprobs), len(unit.tokens))
        for place, call in enumerate(draft.calls):
            function = {"name": call.name, "arguments": ""}
            opening = {"index": place, "id": call.id, "type": "function", "function": function}
            yield Step(self._delta({"tool_calls": [opening]}), call.name_tokens)
            for unit in call.arguments:
                piece = {"index": place, "function": {"arguments": unit.text}}
                yield Step(self._delta({"tool_calls": [piece]}), len(unit.tokens))
        if self._ask.annotated and self._ask.script.filter_mode == "async":
            yield from self._offsets(index, draft)
        yield Step(self._finish(draft))

    def _delta(self, delta: dict[str, Any], logprobs: dict[str, Any] | None = None) -> dict[str, Any]:
        choice = {"delta": delta, "finish_reason": None, "logprobs": logprobs}
        if self._ask.annotated:
            with_verdict = self._ask.script.filter_mode == "default" and "role" not in delta
            choice["content_filter_results"] = piece_results() if with_verdict else {}
        return choice

    def _finish(self, draft: Draft) -> dict[str, Any]:
        choice: dict[str, Any] = {"delta": {}, "finish_reason": draft.finish_reason, "logprobs": None}
        if self._ask.annotated:
            blocked = draft.finish_reason == "content_filter"
            choice["content_filter_results"] = self._verdict(draft) if blocked else {}
        return choice

    def _offsets(self, index: int, draft: Draft) -> Iterator[Step]:
        """The asynchronous filter speaks after the text that it judges, half by half."""
        length = len(joined(draft.content) or joined(draft.refusal) or "")
        for start, end in ((0, length // 2), (length // 2, length)):
            yield Step(offsets_choice(index, start, end), bare=True)
