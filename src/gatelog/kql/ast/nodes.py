"""What every syntax node is: a frozen record with the piece of text it came from."""

from __future__ import annotations

import msgspec

from gatelog.errors import Place
from gatelog.kql.ast.lines import place_of


class Span(msgspec.Struct, frozen=True, gc=False):
    """Half-open range of offsets, in characters, into the text of the query."""

    start: int
    end: int

    def place(self, text: str) -> Place:
        """The start of this span in `text`."""
        return place_of(self.start, text)


class Node(msgspec.Struct, frozen=True, eq=False):
    """Root of the syntax tree. Two nodes are equal when they say the same, wherever they stand."""

    span: Span

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _said(self) == _said(other)

    def __ne__(self, other: object) -> bool:
        return not self == other  # the base of all structs would compare places in memory

    def __hash__(self) -> int:
        return hash((type(self), *_said(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{_said(self)}"


class Expression(Node, frozen=True):
    """Anything that has a value: a scalar, a column, or a table."""


class Operator(Node, frozen=True):
    """One stage of a pipeline: table in (unless it is a source), table out."""


class Statement(Node, frozen=True):
    """What stands between two semicolons."""


_PLACES = frozenset({"span", "equals"})
"""Members that say where something stands."""


def _said(node: Node) -> tuple[object, ...]:
    """The members of a node, but for where it stands."""
    return tuple([getattr(node, name) for name in node.__struct_fields__ if name not in _PLACES])
