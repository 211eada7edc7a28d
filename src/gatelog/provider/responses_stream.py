"""Events of the Responses API become the response object.

    response.created | in_progress | queued       the response, its output still empty
    response.output_item.added | done             output[output_index]
    response.content_part.added | done            … .content[content_index]
    response.output_text.delta, refusal.delta …   … .text, .refusal, .arguments grow
    response.completed | incomplete | failed      the response, whole: everything before it is superseded

The pieces matter only when the stream breaks off before its terminal event.
"""

from __future__ import annotations

from typing import Any

from gatelog.provider.deltas import merge_delta, merged

_TERMINAL = frozenset(["response.completed", "response.incomplete", "response.failed"])
_SNAPSHOTS = frozenset(["response.created", "response.in_progress", "response.queued"])

# Delta events and the member of an output item (or of its content part) that they extend.
_PART_TEXTS = {
    "response.output_text.delta": ("content", "content_index", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "text"),
}
_ITEM_TEXTS = {
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.mcp_call_arguments.delta": "arguments",
    "response.code_interpreter_call_code.delta": "code",
}
_PARTS = {
    "response.content_part.added": ("content", "content_index"),
    "response.content_part.done": ("content", "content_index"),
    "response.reasoning_summary_part.added": ("summary", "summary_index"),
    "response.reasoning_summary_part.done": ("summary", "summary_index"),
}
# An answer has few items and parts; a larger index is a defect of the sender and must not allocate a list.
INDEX_MAX = 4096


def _index(event: dict[str, Any], name: str) -> int | None:
    value = event.get(name)
    return value if isinstance(value, int) and 0 <= value <= INDEX_MAX else None


def _part(item: dict[str, Any], group: str, index: int) -> dict[str, Any]:
    parts = item.get(group)
    if not isinstance(parts, list):
        parts = item[group] = []
    while len(parts) <= index:
        parts.append({})
    if not isinstance(parts[index], dict):
        parts[index] = {}
    part: dict[str, Any] = parts[index]
    return part


def _extend(holder: dict[str, Any], member: str, delta: Any) -> None:
    if isinstance(delta, str):
        merge_delta(holder, {member: delta})


class ResponsesStream:
    """Collects the events of one streamed Responses call."""

    def __init__(self) -> None:
        self.complete = False
        self._response: dict[str, Any] = {}
        self._items: dict[int, dict[str, Any]] = {}

    def add(self, event: str, data: dict[str, Any]) -> None:
        """Take in one event; its type is in the data, or (older previews) only in the event's name."""
        kind = data.get("type")
        if not isinstance(kind, str) or not kind:
            kind = event
        response = data.get("response")
        if kind in _TERMINAL and isinstance(response, dict):
            self._response, self.complete = response, True
        elif kind in _SNAPSHOTS and isinstance(response, dict) and not self.complete:
            self._response = response
        elif (index := _index(data, "output_index")) is not None:
            self._add_to_item(kind, index, data)

    def body(self) -> dict[str, Any]:
        """The response object; where it has no output of its own yet, with the output as far as it came."""
        if not self._items or (self.complete and self._response.get("output") is not None):
            return self._response
        return self._response | {"output": [merged(self._items[index]) for index in sorted(self._items)]}

    def _add_to_item(self, kind: str, index: int, data: dict[str, Any]) -> None:
        item = self._items.setdefault(index, {})
        if kind in ("response.output_item.added", "response.output_item.done"):
            if isinstance(data.get("item"), dict):
                self._items[index] = data["item"]
        elif kind in _ITEM_TEXTS:
            _extend(item, _ITEM_TEXTS[kind], data.get("delta"))
        elif kind in _PARTS or kind in _PART_TEXTS:
            self._add_to_part(kind, item, data)

    def _add_to_part(self, kind: str, item: dict[str, Any], data: dict[str, Any]) -> None:
        group, index_name = _PARTS[kind] if kind in _PARTS else _PART_TEXTS[kind][:2]
        index = _index(data, index_name)
        if index is None:
            return
        part = _part(item, group, index)
        if kind in _PART_TEXTS:
            _extend(part, _PART_TEXTS[kind][2], data.get("delta"))
        elif isinstance(data.get("part"), dict):
            part.clear()
            part.update(data["part"])
