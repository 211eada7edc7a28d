"""Statements, and the query that they make up."""

from __future__ import annotations

from dataclasses import dataclass

from gatelog.kql.ast.expressions import ColumnDeclaration, Literal, Name, Pipeline
from gatelog.kql.ast.nodes import Expression, Node, Statement


@dataclass(frozen=True, slots=True)
class TabularParameter(Node):
    """`name: (column: type, ...)` of a function; `star` for `name: (*)`."""

    name: str
    columns: tuple[ColumnDeclaration, ...]
    star: bool


@dataclass(frozen=True, slots=True)
class Function(Expression):
    """`(parameters) { statements }`, or `view`; the last statement is its result: a `QueryStatement`."""

    parameters: tuple[ColumnDeclaration | TabularParameter, ...]
    body: tuple[Statement, ...]
    view: bool = False


@dataclass(frozen=True, slots=True)
class EntityGroup(Expression):
    """`entity_group [cluster("a").database("b"), ...]`."""

    entities: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """`let name = value`: a scalar, a table (a `Pipeline` when it has operators), or a `Function`."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """`set name = value`; the value is None for a bare `set name`."""

    name: str
    value: Expression | None


@dataclass(frozen=True, slots=True)
class DeclareParameters(Statement):
    """`declare query_parameters(name: type = default, ...)`."""

    parameters: tuple[ColumnDeclaration, ...]


@dataclass(frozen=True, slots=True)
class PatternCase(Node):
    """`("a").["path"] = { statements }` of a pattern."""

    arguments: tuple[Literal, ...]
    path: Literal | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class DeclarePattern(Statement):
    """`declare pattern name = (argument: type)[path: type] { cases }`; no cases for a forward declaration."""

    name: str
    parameters: tuple[ColumnDeclaration, ...]
    path: ColumnDeclaration | None
    cases: tuple[PatternCase, ...]


@dataclass(frozen=True, slots=True)
class AliasDatabase(Statement):
    """`alias database name = cluster("x").database("y")`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Restrict(Statement):
    """`restrict access to (tables)`."""

    tables: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class QueryStatement(Statement):
    """A tabular (or scalar, inside a function) expression; the source alone when there is no operator."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Query(Node):
    """The whole text."""

    statements: tuple[Statement, ...]
