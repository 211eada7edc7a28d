"""Tables of the catalogue as relations: their columns, what stands behind JSON paths, and the time range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.names.bindings import TableBinding
from gatelog.kql.names.context import Context
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Filter, Relation, Scan
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.tables.schema import Column, JsonPath, OriginColumn, Table, WordsColumn
from gatelog.kql.terms import Field, JsonSource, Origin, ValueText, Words
from gatelog.kql.text.diagnostics import NAMES_LISTED, did_you_mean
from gatelog.kql.types import KqlType

TimeRange: TypeAlias = "tuple[int | None, int | None] | None"
"""From and to, in ticks since 0001-01-01."""

_NOWHERE = ast.Span(0, 0)

_OF_COMPILER = "$"
"""What names begin with that no author gave."""

TypedColumns: TypeAlias = "dict[tuple[str, JsonPath], Field]"


def stored(node: ast.Name, scope: Scope, timespan: TimeRange) -> Relation:
    """The rows of the time range of the catalogue's table that a name stands for."""
    context = scope.context
    table = None if scope.hides(node.value) else context.catalog.find(node.value)
    if table is None:
        scope.check_read(node, node.value)
        known = _tables_in(scope)
        listed = f"there are: {', '.join(known[:NAMES_LISTED])}" if known else ""
        hint = did_you_mean(node.value, known) or listed
        raise context.error(node, f"there is no table '{node.value}'", hint)
    return within(timespan, scanned(table, context), scope)


def _tables_in(scope: Scope) -> list[str]:
    """The names of the tables that a query may ask here."""
    tables = (name for name, value in scope.names.items() if isinstance(value, TableBinding))
    names = dict.fromkeys((*scope.context.catalog.names, *tables))
    return [name for name in names if not (name.startswith(_OF_COMPILER) or scope.hides(name))]


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
        value: ValueText | None = None
        if column.type is not KqlType.STRING:
            known = table.origins.get(column.name)
            origin = _origin(known, columns, context)
            value = _value(known, origin, columns, context)
        fields.append(_stored_field(column, sql_name, nullable, typed, context, words, origin, value))
    if context.unlisted and table.view is not None:
        for name, kql_type, source in table.view.unlisted:
            if name in context.unlisted:
                sql_name = _hidden(source, columns, context)
                fields.append(_stored_field(Column(name, kql_type), sql_name, False, typed, context))
    for (body, path), target in table.paths.items():
        sql_name = context.fresh(target.sql_column)
        columns[sql_name] = target.sql_column
        typed[body, path] = Field(target.sql_column, target.type, sql_name, nullable=True)
    protected = {
        column.name: _stored_field(column, context.fresh(f"{column.name}!"), True, typed, context)
        for column in table.protected
    }
    ingested = _ingested(table, columns, context) if table.ingested else None
    return Scan(tuple(fields), table, columns, protected=protected, ingested=ingested)


def _ingested(table: Table, columns: dict[str, str], context: Context) -> Field:
    sql_name = _hidden(table.ingested, columns, context)
    return Field(table.ingested, KqlType.DATETIME, sql_name, nullable=False)


def _words(indexed: WordsColumn | None, columns: dict[str, str], context: Context) -> Words | None:
    """The indexed words of a text; what they are called in the SQL goes to `columns`."""
    if indexed is None:
        return None
    return Words(
        _hidden(indexed.sql_column, columns, context),
        None if indexed.short is None else _hidden(indexed.short, columns, context),
        None if indexed.guard is None else _hidden(indexed.guard, columns, context),
        None if indexed.seams is None else _hidden(indexed.seams, columns, context),
        None if indexed.part is None else _hidden(indexed.part, columns, context),
        None if indexed.parted is None else _hidden(indexed.parted, columns, context),
    )


def _origin(known: OriginColumn | None, columns: dict[str, str], context: Context) -> Origin | None:
    """The text that has the JSON of a dynamic column's values."""
    if known is None:
        return None
    text = _hidden(known.sql_column, columns, context)
    return Origin(text, known.added, _words(known.words, columns, context))


def _value(
    known: OriginColumn | None, origin: Origin | None, columns: dict[str, str], context: Context
) -> ValueText | None:
    """The text of a dynamic column itself."""
    if known is None or origin is None or known.value is None or known.stands is None:
        return None
    text, stands = (_hidden(name, columns, context) for name in (known.value, known.stands))
    return ValueText(text, origin, stands)


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
    value: ValueText | None = None,
) -> Field:
    if not context.use_paths:
        return Field(column.name, column.type, sql_name, nullable)
    source = JsonSource(lambda path: typed.get((column.name, path)), (), words, origin, value)
    return Field(column.name, column.type, sql_name, nullable, source)


def of_resource(scan: Scan, scope: Scope) -> Relation:
    """The rows of the one resource that the table is restricted to, if it is."""
    if not scan.table.resource:
        return scan
    wanted = ast.Literal(_NOWHERE, KqlType.STRING.value, scan.table.resource)
    test = bind(ast.Binary(_NOWHERE, "==", ast.Name(_NOWHERE, "_ResourceId"), wanted), scope.over(scan))
    return Filter(scan.fields, scan, test.condition)


def within(timespan: TimeRange, scan: Scan, scope: Scope) -> Relation:
    """The rows of the times asked for along with the query, and by its `set query_datetimescope_...`, where
    the table has such a column of datetimes: TimeGenerated, unless the query names another."""
    relation = of_resource(scan, scope)
    limits = [
        ("TimeGenerated", operator, ast.Literal(_NOWHERE, KqlType.DATETIME.value, limit))
        for operator, limit in zip((">=", "<"), timespan or (), strict=False)
        if limit is not None
    ]
    row_scope = scope.over(scan)
    for column, operator, moment in (*limits, *_set_limits(scope.context)):
        field = row_scope.column(column)
        if field is not None and field.type is KqlType.DATETIME:
            test = bind(ast.Binary(moment.span, operator, ast.Name(_NOWHERE, column), moment), row_scope)
            relation = Filter(scan.fields, relation, test.condition)
    return relation


def _set_limits(context: Context) -> Iterator[tuple[str, str, ast.Expression]]:
    """Column, operator and moment of the query's own time scope.

    https://learn.microsoft.com/kusto/api/rest/request-properties
    """
    match context.settings.get("query_datetimescope_column"):
        case ast.Literal(value=str() as column) | ast.Name(value=column):
            pass
        case _:
            column = "TimeGenerated"
    for operator, name in ((">=", "query_datetimescope_from"), ("<", "query_datetimescope_to")):
        moment = context.settings.get(name)
        if moment is not None:
            yield column, operator, ast.Call(moment.span, "todatetime", (moment,))
