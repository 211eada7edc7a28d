"""Operators that take text apart, and render, which says how to draw the answer."""

from __future__ import annotations

from gatelog.kql.ast.expressions import ColumnDeclaration, Literal, Name, NamedExpression, Parameter, Star
from gatelog.kql.ast.nodes import Expression, Node, Operator


class ParseColumn(Node, frozen=True):
    """`name` or `name: type` between the literals of a parse pattern; string when no type is given."""

    name: Name
    type: str = "string"


class Parse(Operator, frozen=True):
    """`parse kind = simple flags = x source with pattern`; `filtering` for parse-where: drops what fails.

    kind is simple, regex or relaxed; the pattern is made of strings, columns and `*`.
    """

    kind: str
    flags: str
    source: Expression
    pattern: tuple[Literal | ParseColumn | Star, ...]
    filtering: bool = False


class ParseKv(Operator, frozen=True):
    """`parse-kv source as (columns) with (properties)`."""

    source: Expression
    columns: tuple[ColumnDeclaration, ...]
    properties: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class Reduce(Operator, frozen=True):
    """`reduce by expression with threshold = x`."""

    by: NamedExpression
    properties: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class Render(Operator, frozen=True):
    """`render chart with (name = value, ...)`; the values of properties as written (`ycolumns` is a list)."""

    chart: str
    properties: tuple[tuple[str, str], ...]
