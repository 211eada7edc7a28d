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


class _Entries:
    """A list in the making; of its entries with an index the first of each is found without a search."""

    __slots__ = ("by_index", "items")

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.by_index: dict[int, dict[str, Any]] = {}


def _merge_text(name: str, known: Any, further: str) -> Any:
    if isinstance(known, _Growing):
        known.pieces.append(further)
        return known
    if not isinstance(known, str):
        return further
    return (known or further) if name in _SET_ONCE else _Growing(known, further)


def _merge_list(known: _Entries, further: list[Any]) -> _Entries:
    for entry in further:
        if not isinstance(entry, dict):
            known.items.append(entry)
            continue
        index = entry.get("index")
        if not isinstance(index, int):
            known.items.append(merge_delta({}, entry))
        elif index in known.by_index:
            merge_delta(known.by_index[index], entry)
        else:
            known.by_index[index] = merge_delta({}, entry)
            known.items.append(known.by_index[index])
    return known


def _merge_value(name: str, known: Any, further: Any) -> Any:
    if isinstance(further, str):
        return _merge_text(name, known, further)
    if further is None:
        return known
    if isinstance(further, list):
        return _merge_list(known if isinstance(known, _Entries) else _Entries(), further)
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
    entries = value.items if isinstance(value, _Entries) else value
    return [merged(entry) for entry in entries] if isinstance(entries, list) else value
