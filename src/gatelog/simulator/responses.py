"""The Responses API, whole and streamed (azure-openai reference, section 4.3).

response.created  response.in_progress
  per output item:  output_item.added  [content_part.added  output_text.delta*  output_text.done
                    content_part.done | function_call_arguments.delta*  .done]  output_item.done
response.completed | response.incomplete            (no [DONE])
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from gatelog.simulator.answer import Answer, Piece, event_stream, json_answer, named_event
from gatelog.simulator.ask import CREATED, Ask
from gatelog.simulator.draft import Draft, Speaker, joined
from gatelog.simulator.errors import invalid
from gatelog.simulator.filters import completion_results, prompt_results
from gatelog.simulator.objects import Objects
from gatelog.simulator.words import Unit, identifier

Event = tuple[str, dict[str, Any], int]  # type, members, tokens that it shows


def responses(ask: Ask, objects: Objects) -> Answer:
    """The answer to a request to create a response; kept in `objects` unless `store` is false."""
    previous = ask.request.get("previous_response_id")
    if previous is not None and objects.get(str(previous)) is None:
        message = f"Previous response with id '{previous}' not found."
        return invalid(message, param="previous_response_id", code="previous_response_not_found")
    if blocked := ask.blocked():
        return blocked
    rng = ask.rng()
    limit = ask.whole("max_output_tokens")
    hidden = ask.hidden_tokens(rng, limit)
    draft = _draft(ask, ask.speaker(rng, None if limit is None else limit - hidden))
    told = _Telling(ask, objects.new_id("resp_"), rng, draft, hidden)
    if ask.request.get("store") is not False:
        objects.keep(told.response())
    return told.stream() if ask.stream else told.whole()


def _draft(ask: Ask, speaker: Speaker) -> Draft:
    listed = ask.request.get("tools")
    tools = [t for t in listed if isinstance(t, dict)] if isinstance(listed, list) else []
    functions = [tool for tool in tools if tool.get("type") == "function"]
    choice = ask.request.get("tool_choice", "auto")
    if functions and isinstance(choice, dict):
        return speaker.call(
            [f for f in functions if f.get("name") == choice.get("name")] or functions[:1], "stop"
        )
    if functions and choice == "required":
        return speaker.call(functions[:1], "tool_calls")
    text = ask.request.get("text")
    shape = text.get("format") if isinstance(text, dict) else None
    shape = shape if isinstance(shape, dict) else {}
    return speaker.say(shape.get("schema"), as_json=shape.get("type") in ("json_object", "json_schema"))


class _Telling:
    """One draft, told whole or as a stream."""

    def __init__(self, ask: Ask, response_id: str, rng: random.Random, draft: Draft, hidden: int) -> None:
        self._ask = ask
        self._id = response_id
        self._draft = draft
        self._hidden = hidden
        self._prompt = ask.prompt_tokens()
        self._item_ids = [identifier(rng, prefix, 40) for prefix in ("rs_", "msg_")]
        self._call_ids = [identifier(rng, "fc_", 40) for _ in draft.calls]

    def whole(self) -> Answer:
        value = self.response()
        if self._ask.request.get("background") is True:
            value = {**value, "status": "queued", "output": [], "usage": None}
        return json_answer(
            value,
            model=self._ask.model,
            prompt_tokens=self._prompt,
            completion_tokens=self._completion,
        )

    @property
    def _completion(self) -> int:
        return self._hidden + self._draft.tokens

    def response(self) -> dict[str, Any]:
        """The response object as it is at the end."""
        cut = self._draft.finish_reason == "length"
        value = self._begun("incomplete" if cut else "completed")
        value["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
        value["output"] = [item for item, _ in self._items()]
        value["usage"] = {
            "input_tokens": self._prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self._completion,
            "output_tokens_details": {"reasoning_tokens": self._hidden},
            "total_tokens": self._prompt + self._completion,
        }
        if self._ask.annotated:
            value["content_filters"] = self._verdicts()
        return value

    def _begun(self, status: str) -> dict[str, Any]:
        """The response object without output: what the first events carry."""
        asked = self._ask.request
        return {
            "id": self._id,
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": asked.get("background") is True,
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "metadata": asked.get("metadata") or {},
            "model": self._ask.model,
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": asked.get("previous_response_id"),
            "store": asked.get("store") is not False,
            "temperature": asked.get("temperature", 1.0),
            "text": asked.get("text") or {"format": {"type": "text"}},
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": None,
        }

    def _verdicts(self) -> list[dict[str, Any]]:
        offsets = {"start_offset": 0, "end_offset": 0, "check_offset": 0}
        verdicts = (("prompt", prompt_results()), ("completion", completion_results()))
        return [
            {
                "blocked": False,
                "source_type": source,
                "content_filter_raw": [],
                "content_filter_results": results,
                "content_filter_offsets": offsets,
            }
            for source, results in verdicts
        ]

    def _items(self) -> Iterator[tuple[dict[str, Any], tuple[Unit, ...]]]:
        """The output items, finished, each with the units that stream into it."""
        reasoning_id, message_id = self._item_ids
        if self._hidden:
            yield {"id": reasoning_id, "type": "reasoning", "summary": []}, ()
        for call_id, call in zip(self._call_ids, self._draft.calls, strict=True):
            item = {"id": call_id, "type": "function_call", "status": "completed", "call_id": call.id}
            yield {**item, "name": call.name, "arguments": joined(call.arguments)}, call.arguments
        if not self._draft.calls:
            spoken = self._draft.content or self._draft.refusal or ()
            message = {"id": message_id, "type": "message", "status": "completed", "role": "assistant"}
            yield {**message, "content": [self._part(joined(spoken) or "")]}, spoken

    def _part(self, text: str) -> dict[str, Any]:
        if self._draft.refusal is not None:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}

    def stream(self) -> Answer:
        pieces: list[Piece] = []
        tokens = 0
        for number, (name, members, shown) in enumerate(self._events()):
            tokens += shown
            data = {"type": name, "sequence_number": number, **members}
            pieces.append(Piece(named_event(name, data), tokens))
        return event_stream(
            pieces, model=self._ask.model, prompt_tokens=self._prompt, completion_tokens=self._completion
        )

    def _events(self) -> Iterator[Event]:
        yield "response.created", {"response": self._begun("in_progress")}, 0
        yield "response.in_progress", {"response": self._begun("in_progress")}, self._hidden
        for index, (item, spoken) in enumerate(self._items()):
            opened = {name: value for name, value in item.items() if name not in ("content", "arguments")}
            yield "response.output_item.added", {"output_index": index, "item": _open(item, opened)}, 0
            place = {"item_id": item["id"], "output_index": index}
            if item["type"] == "message":
                yield from self._text_events(place, item["content"][0], spoken)
            elif item["type"] == "function_call":
                yield from _argument_events(place, item, spoken, self._name_tokens(item["name"]))
            yield "response.output_item.done", {"output_index": index, "item": item}, 0
        response = self.response()
        yield f"response.{response['status']}", {"response": response}, 0

    def _name_tokens(self, name: str) -> int:
        return next(call.name_tokens for call in self._draft.calls if call.name == name)

    def _text_events(
        self, place: dict[str, Any], part: dict[str, Any], spoken: tuple[Unit, ...]
    ) -> Iterator[Event]:
        member = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if member == "refusal" else "response.output_text"
        place = {**place, "content_index": 0}
        yield "response.content_part.added", {**place, "part": {**part, member: ""}}, 0
        for unit in spoken:
            yield f"{name}.delta", {**place, "delta": unit.text, "logprobs": []}, len(unit.tokens)
        yield f"{name}.done", {**place, member: part[member], "logprobs": []}, 0
        yield "response.content_part.done", {**place, "part": part}, 0


def _open(item: dict[str, Any], opened: dict[str, Any]) -> dict[str, Any]:
    """An item before anything streamed into it."""
    if item["type"] == "message":
        return {**opened, "status": "in_progress", "content": []}
    if item["type"] == "function_call":
        return {**opened, "status": "in_progress", "arguments": ""}
    return opened


def _argument_events(
    place: dict[str, Any], item: dict[str, Any], spoken: tuple[Unit, ...], name_tokens: int
) -> Iterator[Event]:
    name = "response.function_call_arguments"
    for number, unit in enumerate(spoken):
        shown = len(unit.tokens) + (0 if number else name_tokens)
        yield f"{name}.delta", {**place, "delta": unit.text}, shown
    yield f"{name}.done", {**place, "name": item["name"], "arguments": item["arguments"]}, 0
