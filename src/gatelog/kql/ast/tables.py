"""Operators that bring in other tables, make one, or hand the table to a plugin or a function."""

from __future__ import annotations

from gatelog.kql.ast.expressions import Call, Name, NamedExpression, Parameter, Star, TypeOf, WildcardName
from gatelog.kql.ast.nodes import Expression, Node, Operator


class Join(Operator, frozen=True):
    """`join kind = k (right) on conditions`; default kind innerunique.

    A condition is a `Name` present on both sides, or equates `Member($left, x)` and `Member($right, y)`.
    """

    kind: str
    right: Expression
    on: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


class Lookup(Operator, frozen=True):
    """`lookup kind = leftouter (right) on conditions`; leftouter or inner."""

    kind: str
    right: Expression
    on: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


class Union(Operator, frozen=True):
    """`union kind = outer withsource = name isfuzzy = true tables`; after a pipe, the input is one more."""

    kind: str
    source_column: str | None
    fuzzy: bool
    tables: tuple[Expression, ...]
    hints: tuple[Parameter, ...] = ()


class Search(Operator, frozen=True):
    """`search kind = case_sensitive in (tables) predicate`; a source, or a filter after a pipe."""

    kind: str
    tables: tuple[Expression, ...]
    predicate: Expression
    hints: tuple[Parameter, ...] = ()


class FindColumn(Node, frozen=True):
    """A column of find's project; `pack` for `pack(*)`, whose name is then pack_."""

    column: Name | Star
    type: str | None
    pack: bool = False


class Find(Operator, frozen=True):
    """`find withsource = name in (tables) where predicate project columns`; `smart` unless columns given."""

    source_column: str | None
    tables: tuple[Expression, ...]
    predicate: Expression
    project: tuple[FindColumn, ...]
    project_away: tuple[Name | WildcardName | Star, ...]
    smart: bool
    hints: tuple[Parameter, ...] = ()


class Print(Operator, frozen=True):
    """`print a = x, y`; a source."""

    columns: tuple[NamedExpression, ...]


class Range(Operator, frozen=True):
    """`range name from start to stop step width`; a source."""

    name: Name
    start: Expression
    stop: Expression
    step: Expression


class Evaluate(Operator, frozen=True):
    """`evaluate plugin(arguments) : (output schema)`; `plugin` is a `Call`."""

    plugin: Expression
    schema: TypeOf | None
    hints: tuple[Parameter, ...] = ()


class Invoke(Operator, frozen=True):
    """`invoke function(arguments)`."""

    function: Call
