"""Statements, and the query that they make up."""

from __future__ import annotations

from gatelog.kql.ast.expressions import ColumnDeclaration, Literal, Name, Pipeline
from gatelog.kql.ast.nodes import Expression, Node, Statement


class TabularParameter(Node, frozen=True):
    """`name: (column: type, ...)` of a function; `star` for `name: (*)`."""

    name: str
    columns: tuple[ColumnDeclaration, ...]
    star: bool


class Function(Expression, frozen=True):
    """`(parameters) { statements }`, or `view`; the last statement is its result: a `QueryStatement`."""

    parameters: tuple[ColumnDeclaration | TabularParameter, ...]
    body: tuple[Statement, ...]
    view: bool = False


class EntityGroup(Expression, frozen=True):
    """`entity_group [cluster("a").database("b"), ...]`."""

    entities: tuple[Expression, ...]


class Let(Statement, frozen=True):
    """`let name = value`: a scalar, a table (a `Pipeline` when it has operators), or a `Function`."""

    name: Name
    value: Expression


class SetOption(Statement, frozen=True):
    """`set name = value`; the value is None for a bare `set name`."""

    name: str
    value: Expression | None


class DeclareParameters(Statement, frozen=True):
    """`declare query_parameters(name: type = default, ...)`."""

    parameters: tuple[ColumnDeclaration, ...]


class PatternCase(Node, frozen=True):
    """`("a").["path"] = { statements }` of a pattern."""

    arguments: tuple[Literal, ...]
    path: Literal | None
    body: tuple[Statement, ...]


class DeclarePattern(Statement, frozen=True):
    """`declare pattern name = (argument: type)[path: type] { cases }`; no cases for a forward declaration."""

    name: str
    parameters: tuple[ColumnDeclaration, ...]
    path: ColumnDeclaration | None
    cases: tuple[PatternCase, ...]


class AliasDatabase(Statement, frozen=True):
    """`alias database name = cluster("x").database("y")`."""

    name: str
    value: Expression


class Restrict(Statement, frozen=True):
    """`restrict access to (tables)`."""

    tables: tuple[Expression, ...]


class QueryStatement(Statement, frozen=True):
    """A tabular (or scalar, inside a function) expression; the source alone when there is no operator."""

    pipeline: Pipeline


class Query(Node, frozen=True):
    """The whole text."""

    statements: tuple[Statement, ...]
