"""What completion answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SuggestionKind(StrEnum):
    """What a suggestion is."""

    TABLE = "table"
    COLUMN = "column"
    VARIABLE = "variable"
    FUNCTION = "function"
    AGGREGATE = "aggregate"
    PLUGIN = "plugin"
    OPERATOR = "operator"
    COMPARISON = "comparison"
    KEYWORD = "keyword"
    PARAMETER = "parameter"
    VALUE = "value"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that may follow. `text` takes the place of what was typed of it; `name` is what a menu shows.

    `signature` is how it is written, or the type of a column; `documentation` one sentence, or nothing.
    """

    kind: SuggestionKind
    name: str
    text: str
    signature: str = ""
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand from the offset `start` (in characters) to the cursor, the likeliest first."""

    start: int
    suggestions: tuple[Suggestion, ...]
