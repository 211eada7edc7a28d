"""Tables of the catalogue as relations: their columns, what stands behind JSON paths, and the time range."""

from __future__ import annotations

from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.bindings import TableBinding
from gatelog.kql.context import Context
from gatelog.kql.diagnostics import did_you_mean
from gatelog.kql.expressions import bind
from gatelog.kql.relations import Filter, Relation, Scan
from gatelog.kql.schema import Column, JsonPath, OriginColumn, Table, WordsColumn
from gatelog.kql.scope import Scope
from gatelog.kql.terms import Field, JsonSource, Origin, Words
from gatelog.kql.types import KqlType

TimeRange: TypeAlias = "tuple[int | None, int | None] | None"
"""From and to, in ticks since 0001-01-01."""

TypedColumns: TypeAlias = "dict[tuple[str, JsonPath], Field]"


def stored(node: ast.Name, scope: Scope, timespan: TimeRange) -> Relation:
    """The rows of the time range of the catalogue's table that a name stands for."""
    context = scope.context
    table = context.catalog.find(node.value)
    if table is None:
        context.check_read(node, node.value)
        bound = [name for name, value in scope.names.items() if isinstance(value, TableBinding)]
        hint = did_you_mean(node.value, [*context.catalog.names, *bound])
        raise context.error(node, f"there is no table '{node.value}'", hint)
    return within(timespan, scanned(table, context), scope)


def scanned(table: Table, context: Context) -> Scan:
    """All rows of a table, in columns with SQL names of their own."""
    columns: dict[str, str] = {}
    typed: TypedColumns = {}
    fields: list[Field] = []
    for column in table.columns:
        nullable = column.type is not KqlType.STRING and column.name not in table.not_null
        sql_name = context.fresh(column.name)
        columns[sql_name] = column.name
        words = _words(table.words.get(column.name), columns, context)
        origin: Origin | None = Origin(sql_name, words=words, whole=True)
        if column.type is not KqlType.STRING:
            origin = _origin(table.origins.get(column.name), columns, context)
        fields.append(_stored_field(column, sql_name, nullable, typed, context, words, origin))
    for (body, path), target in table.paths.items():
        sql_name = context.fresh(target.sql_column)
        columns[sql_name] = target.sql_column
        typed[body, path] = Field(target.sql_column, target.type, sql_name, nullable=True)
    protected = {
        column.name: _stored_field(column, context.fresh(f"{column.name}!"), True, typed, context)
        for column in table.protected
    }
    return Scan(tuple(fields), table, columns, protected=protected)


def _words(indexed: WordsColumn | None, columns: dict[str, str], context: Context) -> Words | None:
    """The indexed words of a text; what they are called in the SQL goes to `columns`."""
    if indexed is None:
        return None
    return Words(
        _hidden(indexed.sql_column, columns, context),
        None if indexed.short is None else _hidden(indexed.short, columns, context),
        None if indexed.guard is None else _hidden(indexed.guard, columns, context),
        None if indexed.pairs is None else _hidden(indexed.pairs, columns, context),
    )


def _origin(known: OriginColumn | None, columns: dict[str, str], context: Context) -> Origin | None:
    """The text that has the JSON of a dynamic column's values."""
    if known is None:
        return None
    text = _hidden(known.sql_column, columns, context)
    return Origin(text, known.added, _words(known.words, columns, context))


def _hidden(name: str, columns: dict[str, str], context: Context) -> str:
    """The name in the SQL of a column that KQL does not see."""
    fresh = context.fresh(name)
    columns[fresh] = name
    return fresh


def _stored_field(
    column: Column,
    sql_name: str,
    nullable: bool,
    typed: TypedColumns,
    context: Context,
    words: Words | None = None,
    origin: Origin | None = None,
) -> Field:
    if not context.use_paths:
        return Field(column.name, column.type, sql_name, nullable)
    source = JsonSource(lambda path: typed.get((column.name, path)), (), words, origin)
    return Field(column.name, column.type, sql_name, nullable, source)


def of_resource(scan: Scan, scope: Scope) -> Relation:
    """The rows of the one resource that the table is restricted to, if it is."""
    if not scan.table.resource:
        return scan
    span = ast.Span(0, 0)
    wanted = ast.Literal(span, KqlType.STRING.value, scan.table.resource)
    test = bind(ast.Binary(span, "==", ast.Name(span, "_ResourceId"), wanted), scope.over(scan))
    return Filter(scan.fields, scan, test.condition)


def within(timespan: TimeRange, scan: Scan, scope: Scope) -> Relation:
    """The rows of the time range asked for along with the query, where the table has a TimeGenerated."""
    relation = of_resource(scan, scope)
    row_scope = scope.over(scan)
    if timespan is None or row_scope.column("TimeGenerated") is None:
        return relation
    span = ast.Span(0, 0)
    for operator, limit in zip((">=", "<"), timespan, strict=True):
        if limit is not None:
            moment = ast.Literal(span, KqlType.DATETIME.value, limit)
            test = bind(ast.Binary(span, operator, ast.Name(span, "TimeGenerated"), moment), row_scope)
            relation = Filter(scan.fields, relation, test.condition)
    return relation
