"""Operators that take text apart, and render, which says how to draw the answer."""

from __future__ import annotations

from dataclasses import dataclass

from gatelog.kql.ast.expressions import ColumnDeclaration, Literal, Name, NamedExpression, Parameter, Star
from gatelog.kql.ast.nodes import Expression, Node, Operator


@dataclass(frozen=True, slots=True)
class ParseColumn(Node):
    """`name` or `name: type` between the literals of a parse pattern; string when no type is given."""

    name: Name
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Parse(Operator):
    """`parse kind = simple flags = x source with pattern`; `filtering` for parse-where: drops what fails.

    kind is simple, regex or relaxed; the pattern is made of strings, columns and `*`.
    """

    kind: str
    flags: str
    source: Expression
    pattern: tuple[Literal | ParseColumn | Star, ...]
    filtering: bool = False


@dataclass(frozen=True, slots=True)
class ParseKv(Operator):
    """`parse-kv source as (columns) with (properties)`."""

    source: Expression
    columns: tuple[ColumnDeclaration, ...]
    properties: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Reduce(Operator):
    """`reduce by expression with threshold = x`."""

    by: NamedExpression
    properties: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Render(Operator):
    """`render chart with (name = value, ...)`; the values of properties as written (`ycolumns` is a list)."""

    chart: str
    properties: tuple[tuple[str, str], ...]
