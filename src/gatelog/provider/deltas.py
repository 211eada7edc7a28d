"""The merging of streamed deltas into one JSON value.

known           delta           merged
"Hel"           "lo"            "Hello"            texts are joined
[a]             [b]             [a, b]             lists are extended,
[{index:0 …}]   [{index:0 …}]   [{index:0 … …}]    entries with an index merged
{x: …}          {x: …, y: …}    {x: …, y: …}       objects member by member
anything        null            anything           null says nothing
otherwise                       the delta
"""

from __future__ import annotations

from typing import Any

# Named once a stream; repeated by some backends, so they are set, not joined.
_SET_ONCE = frozenset(["role", "type", "id", "name"])


class _Growing:
    """A text in pieces: joined once at the end, so that a long stream costs no more than its length."""

    __slots__ = ("pieces",)

    def __init__(self, *pieces: str) -> None:
        self.pieces = list(pieces)


def _merge_text(name: str, known: Any, further: str) -> Any:
    if isinstance(known, _Growing):
        known.pieces.append(further)
        return known
    if not isinstance(known, str):
        return further
    return (known or further) if name in _SET_ONCE else _Growing(known, further)


def _merge_list(known: list[Any], further: list[Any]) -> list[Any]:
    for entry in further:
        index = entry.get("index") if isinstance(entry, dict) else None
        same = None
        if isinstance(index, int):
            same = next((old for old in known if isinstance(old, dict) and old.get("index") == index), None)
        if same is not None:
            merge_delta(same, entry)
        else:
            known.append(merge_delta({}, entry) if isinstance(entry, dict) else entry)
    return known


def _merge_value(name: str, known: Any, further: Any) -> Any:
    if isinstance(further, str):
        return _merge_text(name, known, further)
    if further is None:
        return known
    if isinstance(further, list):
        return _merge_list(known if isinstance(known, list) else [], further)
    if isinstance(further, dict):
        return merge_delta(known if isinstance(known, dict) else {}, further)
    return further


def merge_delta(known: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """`known`, changed to hold one more delta. Read the outcome through `merged` only."""
    for name, further in delta.items():
        known[name] = _merge_value(name, known.get(name), further)
    return known


def merged(value: Any) -> Any:
    """The JSON value that the deltas amount to."""
    if isinstance(value, _Growing):
        return "".join(value.pieces)
    if isinstance(value, dict):
        return {name: merged(member) for name, member in value.items()}
    return [merged(entry) for entry in value] if isinstance(value, list) else value
