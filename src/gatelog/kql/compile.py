"""KQL text to ClickHouse SQL: parse → bind → lower → emit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from gatelog.kql import ast, parser
from gatelog.kql.catalog import Catalog
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.writer import written
from gatelog.kql.lowering.constants import constant_columns
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.context import Ask, Context
from gatelog.kql.queries.binder import Binder
from gatelog.kql.queries.outputs import PRIMARY_RESULT, Output
from gatelog.kql.queries.parameters import Parameters
from gatelog.kql.queries.scans import TimeRange
from gatelog.kql.relations import Compute, Computed, ProtectedColumnError, Relation
from gatelog.kql.tables.schema import Column, RenderHint
from gatelog.kql.types import KqlType

_YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query ready to run. `columns` describe the cells by place (the SQL's own column names may differ).

    `ordered` tells that the query defines the order of its rows. `name` is what the author calls the answer,
    with `as` or as a branch of fork. Cells are read with `cell_to_json` and its relatives.
    """

    sql: str
    columns: tuple[Column, ...]
    render: RenderHint | None
    ordered: bool
    name: str = PRIMARY_RESULT


def compile(  # the field's word for it
    text: str,
    catalog: Catalog,
    *,
    now: datetime,
    timespan: tuple[datetime | None, datetime | None] | None = None,
    parameters: Parameters = MappingProxyType({}),
    use_paths: bool = True,
    ask: Ask | None = None,
) -> Compiled:
    """The last answer of `compile_batch`: for a query with one result, which most are."""
    return compile_batch(
        text, catalog, now=now, timespan=timespan, parameters=parameters, use_paths=use_paths, ask=ask
    )[-1]


def compile_batch(
    text: str,
    catalog: Catalog,
    *,
    now: datetime,
    timespan: tuple[datetime | None, datetime | None] | None = None,
    parameters: Parameters = MappingProxyType({}),
    settings: Mapping[str, ast.Literal] = MappingProxyType({}),
    use_paths: bool = True,
    ask: Ask | None = None,
) -> tuple[Compiled, ...]:
    """The SQL of each answer of a query over the tables of `catalog`, in order.

    A query statement has one answer; one that ends in fork or facet has several. `now` is what now() and
    ago() see. `timespan` (from, to; `to` excluded) restricts every table that has a TimeGenerated.
    `parameters` are values for `declare query_parameters`, as KQL literals; `settings` hold as if the query
    set them first. Without `use_paths` JSON is read even where typed columns hold the answer. `ask` runs a
    SELECT and gives its rows: needed where the columns of the result depend on the data (evaluate pivot).
    Raises KqlSyntaxError, KqlSemanticError or KqlUnsupportedError with line, column and a hint.
    """
    query = parser.parse(text)
    context = Context(text, catalog, _ticks(now), use_paths=use_paths, ask=ask)
    context.settings.update(settings)
    binder = Binder(context, _time_range(timespan), parameters)
    try:
        with context.at(query):
            return tuple(_compiled(output, context) for output in binder.bind_query(query))
    except ProtectedColumnError as error:
        node = context.guarded_at[error.sql_name]
        raise context.protected(node, node.value) from None
    except RecursionError:
        raise context.error(query, "the query is nested too deeply", "split it with let statements") from None


def _compiled(output: Output, context: Context) -> Compiled:
    relation = output.relation
    columns = tuple(Column(field.name, field.type) for field in relation.fields)
    return Compiled(_emit(relation, context), columns, output.render, bool(relation.order), output.name)


def _ticks(moment: datetime) -> int:
    """Ticks since 0001-01-01; a datetime without zone is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    distance = aware - _YEAR_1
    return (distance.days * 86_400 + distance.seconds) * ticks.SECOND + distance.microseconds * 10


def _time_range(timespan: tuple[datetime | None, datetime | None] | None) -> TimeRange:
    if timespan is None:
        return None
    start, end = timespan
    return (None if start is None else _ticks(start), None if end is None else _ticks(end))


def _emit(relation: Relation, context: Context) -> str:
    """The statement, its cells in the forms that the outermost SELECT hands over."""
    computed = []
    names = []
    for field in relation.fields:
        handed_over = _HANDED_OVER.get(field.type)
        if handed_over is None:
            names.append(field.sql_name)
            continue
        kind, form = handed_over
        made = context.field(field.name, kind)
        computed.append(Computed(made, form(sql.column(field.sql_name))))
        names.append(made.sql_name)
    select = written(select_of(Compute(relation.fields, relation, tuple(computed)), names))
    # A text that is the same in all rows counts once for the engine's limits, and is sent with each.
    texts = {field.sql_name for field in relation.fields if field.type in _TEXTS}
    if texts.isdisjoint(constant_columns(relation)):
        return select
    return f"SELECT * APPLY materialize FROM ({select})"  # noqa: S608 - the compiler's own


_TEXTS = (KqlType.STRING, KqlType.DYNAMIC)

_HANDED_OVER: dict[KqlType, tuple[KqlType, Callable[[sql.Sql], sql.Sql]]] = {
    KqlType.DATETIME: (KqlType.LONG, ticks.since_1970),
    KqlType.BOOL: (KqlType.BOOL, partial(sql.call, "toBool")),
}
"""Datetimes as ticks since 1970, so that none is lost on the way; the engine's comparisons are numbers."""
