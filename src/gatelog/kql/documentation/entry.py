"""What the reference and the completion menu say of a word of the language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """How it is written, and one sentence."""

    signature: str
    text: str


def entries(table: str) -> Mapping[str, Entry]:
    """Entries by name from lines of `name(arguments) — sentence`; a name ends where its arguments begin."""
    return {_name(signature): Entry(signature, text) for signature, text in _lines(table.splitlines())}


def _lines(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        signature, dash, text = line.strip().partition(" — ")
        if dash:
            yield signature, text


def _name(signature: str) -> str:
    return signature.partition("(")[0].partition(" ")[0]
