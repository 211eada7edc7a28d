"""The kinds of node that statements are full of: cheap to make, to share and to write.

They are sqlglot's nodes in all but one: they do not know what is above them. A statement shares its parts, so
a node has many parents and none would be the right one. A leaf is the same object wherever it is said again,
in this statement and the next, and knows its text; nothing ever changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

from sqlglot import exp

from gatelog.kql.clickhouse.dialect import Verbatim

LEAVES_MAX: Final = 8_192
"""Leaves of each kind that are remembered; with texts no longer than below, some megabytes."""

LEAF_CHARACTERS_MAX: Final = 64
"""Longer texts hardly come again."""

E = TypeVar("E", bound=exp.Expr)

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


NOTHING: Final[frozenset[str]] = frozenset()
"""What a node reads that reads no column."""


class Shared(exp.Expression):
    """A node below any number of others. `reads` are the columns in it, None until somebody asks."""

    __slots__ = ("reads",)
    parent = arg_key = index = comments = _type = _meta = _hash = _NOT_KEPT
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __init__(self, **args: object) -> None:
        self.args = args
        self.reads: frozenset[str] | None = NOTHING if isinstance(self, exp.Query) else None


class Leaf(Shared):
    """A node without others below it; `written` is its text."""

    __slots__ = ("written",)
    written: str


class Literal(Leaf, exp.Literal):
    """A string or a number without sign."""

    __slots__ = ()

    def __init__(self, this: str, is_string: bool) -> None:
        self.args = {"this": this, "is_string": is_string}
        self.reads = NOTHING
        self.written = f"'{this.translate(_ESCAPES)}'" if is_string else this


class Identifier(Leaf, exp.Identifier):
    """A name in quotes."""

    __slots__ = ("name",)
    name: str

    def __init__(self, this: str) -> None:
        self.args = {"this": this, "quoted": True}
        self.name = this
        self.reads = NOTHING
        self.written = f'"{this.translate(_NAME_ESCAPES)}"'


class Column(Leaf, exp.Column):
    """A column of the query in hand."""

    __slots__ = ("name",)
    name: str

    def __init__(self, this: Identifier) -> None:
        self.args = {"this": this}
        self.name = this.name
        self.reads = frozenset((this.name,))
        self.written = this.written


class Word(Leaf):
    """A word of SQL that is a value."""

    __slots__ = ()

    def __init__(self, written: str, **args: object) -> None:
        self.args = args
        self.reads = NOTHING
        self.written = written


class Null(Word, exp.Null):
    """NULL."""

    __slots__ = ()


class Boolean(Word, exp.Boolean):
    """True or false."""

    __slots__ = ()


class Composed(Shared):
    """A node that has its `parts` below it, and nothing else; it stands for `own` nodes of the engine's."""

    __slots__ = ("parts",)
    parts: list[exp.Expr]
    own = 1


class Call(Composed, exp.Anonymous):
    """A function of the engine's, its name as given."""

    __slots__ = ("name",)
    name: str

    def __init__(self, this: str, expressions: list[exp.Expr]) -> None:
        self.name = this
        self.parts = expressions
        self.reads = _read_by(expressions)

    @property
    def args(self) -> dict[str, Any]:  # type: ignore[override]  # to keep a dict would double what a node costs
        """As in sqlglot's nodes."""
        return {"this": self.name, "expressions": self.parts}


class Filled(Composed, exp.Expression):
    """A formula with its values: `this` is pieces of text, and between them places in `expressions`.

    As function names are, the text is a constant of the program.
    """

    __slots__ = ("own", "pieces")

    def __init__(self, this: tuple[str | int, ...], expressions: list[exp.Expr], own: int = 1) -> None:
        self.pieces = this
        self.own = own
        self.parts = expressions
        self.reads = _read_by(expressions)

    @property
    def args(self) -> dict[str, Any]:  # type: ignore[override]  # as above
        """As in sqlglot's nodes."""
        return {"this": self.pieces, "expressions": self.parts}


_KNOWING = (Leaf, Composed)


def _read_by(parts: list[exp.Expr]) -> frozenset[str]:
    read = NOTHING
    for part in parts:
        found = part.reads if isinstance(part, _KNOWING) else columns_read(part)
        if found and found is not read:
            read = read | found if read else found
    return read


def columns_read(node: exp.Expr) -> frozenset[str]:
    """The names of all columns that an expression reads; a subquery in it reads its own.

    Calls know theirs from the beginning. Operators are asked: a chain of them may be long, and what each part
    of it reads is of no interest.
    """
    if not isinstance(node, Shared):
        return _columns_below([node])
    if node.reads is None:
        node.reads = _columns_below(node.args.values())
    return node.reads


def _columns_below(parts: Iterable[object]) -> frozenset[str]:
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [*parts]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Shared):
            if part.reads is not None:
                names |= part.reads
            elif id(part) not in seen:
                seen.add(id(part))
                waiting += part.args.values()
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, exp.Column):
            names.add(part.name)
        elif isinstance(part, exp.Expr) and not isinstance(part, exp.Query) and id(part) not in seen:
            seen.add(id(part))
            waiting += part.args.values()
    return frozenset(names)


def _shared(kind: type[E]) -> type[E]:
    return cast("type[E]", type(kind.__name__, (Shared, kind), {"__slots__": ()}))


KINDS: Final[Mapping[type[exp.Expr], type[exp.Expr]]] = {
    kind: _shared(kind)
    for kind in (
        exp.Add, exp.Sub, exp.Mul, exp.Div,
        exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
        exp.And, exp.Or, exp.Not, exp.Paren, exp.Lambda,
        exp.NullSafeEQ, exp.In, exp.Alias, exp.CTE, exp.TableAlias,
        exp.Subquery, exp.Select, exp.Union, exp.From, exp.Join, exp.Where, exp.Group,
    )
}  # fmt: skip  # by what they are
"""Sqlglot's other nodes of which there are many, each as one that is shared."""


def make(kind: type[E], /, **args: object) -> E:
    """A node of sqlglot's kind, a shared one where there is one."""
    return KINDS.get(kind, kind)(**args)  # type: ignore[return-value]  # a kind of it


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


NULL: Final = Null("NULL")
"""NULL."""

TRUE: Final = Boolean("TRUE", this=True)
"""True."""

FALSE: Final = Boolean("FALSE", this=False)
"""False."""
