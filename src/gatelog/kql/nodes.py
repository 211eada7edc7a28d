"""The kinds of node that statements are full of: cheap to make, to share and to write.

They are sqlglot's nodes in all but one: they do not know what is above them. A statement shares its parts, so
a node has many parents and none would be the right one. A leaf is the same object wherever it is said again,
in this statement and the next, and knows its text; nothing ever changes it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlglot import exp

from gatelog.kql.dialect import Verbatim

LEAVES_MAX: Final = 8_192
"""Leaves of each kind that are remembered; with texts no longer than below, some megabytes."""

LEAF_CHARACTERS_MAX: Final = 64
"""Longer texts hardly come again."""

_ESCAPES = str.maketrans({**Verbatim.ESCAPED_SEQUENCES, "'": "''"})
_NAME_ESCAPES = str.maketrans({**Verbatim.IDENTIFIER_ESCAPED_SEQUENCES, '"': '""'})


class _NotKept:
    """What a node notes of its place in a tree and of itself: nothing, whoever notes it."""

    __slots__ = ()

    def __get__(self, node: object, owner: type | None = None) -> None:
        """None."""

    def __set__(self, node: object, value: object) -> None:
        """Not kept."""


_NOT_KEPT: Any = _NotKept()


class Shared(exp.Expression):
    """A node below any number of others."""

    __slots__ = ()
    parent = arg_key = index = comments = _type = _meta = _hash = _NOT_KEPT
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Literal(Shared, exp.Literal):
    """A string or a number without sign; `written` is its text."""

    __slots__ = ("written",)

    def __init__(self, this: str, is_string: bool) -> None:
        self.args = {"this": this, "is_string": is_string}
        self.written = f"'{this.translate(_ESCAPES)}'" if is_string else this


class Identifier(Shared, exp.Identifier):
    """A name in quotes; `written` is its text."""

    __slots__ = ("written",)

    def __init__(self, this: str) -> None:
        self.args = {"this": this, "quoted": True}
        self.written = f'"{this.translate(_NAME_ESCAPES)}"'


class Column(Shared, exp.Column):
    """A column of the query in hand; `written` is its text."""

    __slots__ = ("reads", "written")

    def __init__(self, this: Identifier) -> None:
        self.args = {"this": this}
        self.written = this.written
        self.reads = frozenset((this.args["this"],))


class Call(Shared, exp.Anonymous):
    """A function of the engine's, its name as given. `reads` are the columns in it, once somebody asked."""

    __slots__ = ("reads",)

    def __init__(self, this: str, expressions: list[exp.Expr]) -> None:
        self.args = {"this": this, "expressions": expressions}
        self.reads: frozenset[str] | None = None


class Filled(Shared, exp.Expression):
    """A formula with its values: `this` is pieces of text, and between them places in `expressions`.

    As function names are, the text is a constant of the program.
    """

    __slots__ = ("reads",)

    def __init__(self, this: tuple[str | int, ...], expressions: list[exp.Expr]) -> None:
        self.args = {"this": this, "expressions": expressions}
        self.reads: frozenset[str] | None = None


READERS: Final = (Call, Filled, Column)
"""Nodes that remember which columns are in them."""

LEAVES: Final = (Literal, Column, Identifier)
"""Nodes without others below them."""


_literal = lru_cache(LEAVES_MAX)(Literal)
_identifier = lru_cache(LEAVES_MAX)(Identifier)


def literal(text: str, is_string: bool) -> Literal:
    """The leaf of a text or a number."""
    return (_literal if len(text) <= LEAF_CHARACTERS_MAX else Literal)(text, is_string)


def identifier(name: str) -> Identifier:
    """The leaf of a name."""
    return (_identifier if len(name) <= LEAF_CHARACTERS_MAX else Identifier)(name)


@lru_cache(LEAVES_MAX)
def _column(name: str) -> Column:
    return Column(_identifier(name))


def column(name: str) -> Column:
    """The leaf of a column."""
    return _column(name) if len(name) <= LEAF_CHARACTERS_MAX else Column(Identifier(name))
