"""Operators that bring in other tables, make one, or hand the table to a plugin or a function."""

from __future__ import annotations

from dataclasses import dataclass

from gatelog.kql.ast.expressions import Call, Name, NamedExpression, Parameter, Star, TypeOf, WildcardName
from gatelog.kql.ast.nodes import Expression, Node, Operator


@dataclass(frozen=True, slots=True)
class Join(Operator):
    """`join kind = k (right) on conditions`; default kind innerunique.

    A condition is a `Name` present on both sides, or equates `Member($left, x)` and `Member($right, y)`.
    """

    kind: str
    right: Expression
    on: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup(Operator):
    """`lookup kind = leftouter (right) on conditions`; leftouter or inner."""

    kind: str
    right: Expression
    on: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Union(Operator):
    """`union kind = outer withsource = name isfuzzy = true tables`; after a pipe, the input is one more."""

    kind: str
    source_column: str | None
    fuzzy: bool
    tables: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Search(Operator):
    """`search kind = case_sensitive in (tables) predicate`; a source, or a filter after a pipe."""

    kind: str
    tables: tuple[Expression, ...]
    predicate: Expression
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class FindColumn(Node):
    """A column of find's project; `pack` for `pack(*)`, whose name is then pack_."""

    column: Name | Star
    type: str | None
    pack: bool = False


@dataclass(frozen=True, slots=True)
class Find(Operator):
    """`find withsource = name in (tables) where predicate project columns`; `smart` unless columns given."""

    source_column: str | None
    tables: tuple[Expression, ...]
    predicate: Expression
    project: tuple[FindColumn, ...]
    project_away: tuple[Name | WildcardName | Star, ...]
    smart: bool
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Print(Operator):
    """`print a = x, y`; a source."""

    columns: tuple[NamedExpression, ...]


@dataclass(frozen=True, slots=True)
class Range(Operator):
    """`range name from start to stop step width`; a source."""

    name: Name
    start: Expression
    stop: Expression
    step: Expression


@dataclass(frozen=True, slots=True)
class Evaluate(Operator):
    """`evaluate plugin(arguments) : (output schema)`; `plugin` is a `Call`."""

    plugin: Expression
    schema: TypeOf | None
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoke(Operator):
    """`invoke function(arguments)`."""

    function: Call
