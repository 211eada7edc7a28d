"""What every syntax node is: a frozen record with the piece of text it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gatelog.errors import Place
from gatelog.kql.ast.lines import place_of


class Span(NamedTuple):
    """Half-open range of offsets, in characters, into the text of the query."""

    start: int
    end: int

    def place(self, text: str) -> Place:
        """The start of this span in `text`."""
        return place_of(self.start, text)


@dataclass(frozen=True, slots=True)
class Node:
    """Root of the syntax tree. Two nodes are equal when they say the same, wherever they stand."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """Anything that has a value: a scalar, a column, or a table."""


@dataclass(frozen=True, slots=True)
class Operator(Node):
    """One stage of a pipeline: table in (unless it is a source), table out."""


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """What stands between two semicolons."""
