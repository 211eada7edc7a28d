"""The stages that choose and order rows: where, sort, top, take, sample, count; and the sources datatable
and range."""

from __future__ import annotations

from sqlglot import exp

from gatelog.errors import KqlSemanticError
from gatelog.kql import ast
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import fixed_integer
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import (
    Aggregate,
    Compute,
    Computed,
    Counted,
    Filter,
    Limit,
    Relation,
    Rows,
    Sort,
    SortKey,
    Unordered,
)
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import choose_all
from gatelog.kql.stages.computing import column_for, unfiltered, with_columns, with_windows
from gatelog.kql.stages.innerunique import narrowed
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert, convertible

LONG, REAL, DATETIME, TIMESPAN = KqlType.LONG, KqlType.REAL, KqlType.DATETIME, KqlType.TIMESPAN

MOST_RANGE_ROWS = 10_000_000
"""Rows that `range` makes at most: beyond it is a mistake in the step, and memory."""

_TOO_MANY_STEPS = f"range would make more than {MOST_RANGE_ROWS:,} rows: make its step larger"


def bind_where(stage: ast.Where, relation: Relation, scope: Scope) -> Relation:
    """The rows for which the predicate is true."""
    if stage.equals is not None:
        _check_meant(stage.predicate, stage.equals, scope.over(relation))
    row_scope = scope.over(relation)
    predicate = bind(stage.predicate, row_scope)
    with scope.context.at(stage.predicate):
        test = condition(predicate).predicate
    rows = narrowed(with_windows(relation, row_scope), stage.predicate, scope)
    return Filter(relation.fields, rows, test)


def _check_meant(predicate: ast.Expression, equals: ast.Span, scope: Scope) -> None:
    """Refuses `where a = 1 and ...`, where what stands behind the name is no condition."""
    while isinstance(predicate, ast.Binary) and predicate.op in {"and", "or"}:
        predicate = predicate.left
    kind = bind(predicate, scope).type
    if kind is not KqlType.BOOL:
        place = equals.place(scope.context.text)
        message = f"'=' compares nothing, and a condition must be bool, this is {kind}"
        raise KqlSemanticError(message, place=place, hint="use ==")


def bind_sort(stage: ast.Sort, relation: Relation, scope: Scope) -> Relation:
    """The rows in order; by default the largest first, nulls last."""
    return _sorted(stage.keys, relation, scope)


def _sorted(orderings: tuple[ast.Ordering, ...], relation: Relation, scope: Scope) -> Relation:
    row_scope = scope.over(relation)
    keys: list[SortKey] = []
    computed: list[Computed] = []
    for ordering in orderings:
        term = bind(ordering.key.value, row_scope)
        if term.type is KqlType.DYNAMIC:
            raise scope.context.error(
                ordering, "a dynamic has no order", "convert it, for example with tostring()"
            )
        column, extra = column_for(term, "key", row_scope)
        computed += [extra] if extra is not None else []
        keys.append(SortKey(column.sql_name, ordering.descending, ordering.nulls_first))
    input_ = with_columns(relation, relation.fields, computed, row_scope)
    return Sort(relation.fields, input_, tuple(keys))


def bind_top(stage: ast.Top, relation: Relation, scope: Scope) -> Relation:
    """The first rows of an order."""
    sorted_rows = _sorted(stage.keys, relation, scope)
    return Limit(unfiltered(relation.fields), sorted_rows, row_count(stage.count, scope))


def bind_take(stage: ast.Take, relation: Relation, scope: Scope) -> Relation:
    """Some rows; the first of a sorted table."""
    scope.context.draws += not relation.order
    return Limit(unfiltered(relation.fields), relation, row_count(stage.count, scope))


def bind_sample(stage: ast.Sample, relation: Relation, scope: Scope) -> Relation:
    """Rows at random, others each time."""
    return Unordered(relation.fields, first_drawn(stage, relation, scope))


def first_drawn(stage: ast.Sample, relation: Relation, scope: Scope) -> Relation:
    """The first rows of an order at random: the engine reads of the others only the number."""
    scope.context.draws += 1
    place = scope.context.field("draw", LONG, nullable=False)
    drawn = Computed(place, sql.call("rand64", sql.literal(place.sql_name)))
    key = SortKey(place.sql_name, descending=False, nulls_first=False)
    shown = unfiltered(relation.fields)
    in_order = Sort(shown, Compute(shown, relation, (drawn,)), (key,))
    return Limit(shown, in_order, row_count(stage.count, scope))


def bind_consume(relation: Relation) -> Relation:
    """The columns without a row: the answer is not wanted, only that the query runs."""
    return Limit(relation.fields, relation, sql.literal(0))


def row_count(node: ast.Expression, scope: Scope) -> Sql:
    """A number of rows: a constant, or a value computed before the query runs."""
    term = bind(node, scope)
    with scope.context.at(node):
        return fixed_integer(term, "the number of rows")


def bind_count(stage: ast.Count, relation: Relation, scope: Scope) -> Relation:
    """One row with the number of rows."""
    name = stage.name.value if stage.name is not None else "Count"
    column = scope.context.field(name, LONG, nullable=False)
    return Aggregate((column,), relation, (), (Computed(column, sql.call("toInt64", sql.call("count"))),))


def bind_datatable(node: ast.DataTable, scope: Scope) -> Relation:
    """Rows written in the query."""
    choose_all(((column, column.name) for column in node.columns), scope)
    columns = tuple(scope.context.field(column.name, KqlType(column.type)) for column in node.columns)
    width = len(columns)
    if width == 0 or len(node.values) % width:
        raise scope.context.error(node, f"{len(node.values)} values do not fill rows of {width} columns")
    values = [
        _cell(value, columns[place % width].type, scope.over(Rows((), ())))
        for place, value in enumerate(node.values)
    ]
    rows = tuple(tuple(values[start : start + width]) for start in range(0, len(values), width))
    return Rows(columns, rows)


def _cell(node: ast.Expression, kql_type: KqlType, scope: Scope) -> Sql:
    term = bind(node, scope)
    if term.constant is not None and term.constant.value is None:
        return null_of(kql_type).sql
    with scope.context.at(node):
        if not convertible(term.type, kql_type):
            raise scope.context.error(node, f"expected a {kql_type}, this is {term.type}")
        cell = convert(term, kql_type).sql
    if _is_computed(term, kql_type):
        return sql.subquery(exp.Select(expressions=[cell]))
    return cell


def _is_computed(term: Term, kql_type: KqlType) -> bool:
    """Whether the engine takes a cell for no constant: a timespan or a hexadecimal number of a text."""
    if term.type is not KqlType.STRING or term.constant is None:
        return False
    return kql_type is TIMESPAN or (
        kql_type in (*INTEGERS, KqlType.BOOL) and "x" in str(term.constant.value).lower()
    )


def bind_range(stage: ast.Range, scope: Scope) -> Relation:
    """The values from start to stop, both included, in equal steps."""
    start, stop, step = (bind(node, scope) for node in (stage.start, stage.stop, stage.step))
    if step.constant is not None and step.constant.value == 0:
        raise scope.context.error(stage.step, "the step of a range is not 0")
    number = scope.context.field("number", LONG, nullable=False)
    with scope.context.at(stage):
        kind = _range_type(start, stop, step, stage, scope)
        step_kind = TIMESPAN if kind is DATETIME else kind
        start, stop, step = convert(start, kind), convert(stop, kind), convert(step, step_kind)
        beyond = sql.at_least(sql.column(number.sql_name), MOST_RANGE_ROWS)
        allowed = sql.eq(sql.fails_beyond(beyond, _TOO_MANY_STEPS), 0)
        counted = Filter((number,), Counted((number,), _steps(start, stop, step)), allowed)
        moved = _moved(start, step, sql.column(number.sql_name))
    column = scope.context.field(stage.name.value, kind, nullable=False)
    return Compute((column,), counted, (Computed(column, convert(moved, kind).sql),))


def _range_type(start: Term, stop: Term, step: Term, stage: ast.Range, scope: Scope) -> KqlType:
    kinds = {start.type, stop.type}
    if {*kinds, step.type} == {KqlType.INT}:
        return KqlType.INT
    if {*kinds, step.type} <= set(INTEGERS):
        return LONG
    if kinds <= set(NUMBERS):
        return REAL
    if kinds == {DATETIME} or kinds == {TIMESPAN}:
        return start.type
    raise scope.context.error(stage, f"a range cannot go from {start.type} to {stop.type}")


def _steps(start: Term, stop: Term, step: Term) -> Sql:
    low, high = (ticks.since_1970(t.sql) if t.type is DATETIME else t.sql for t in (start, stop))
    count = sql.plus(sql.call("floor", sql.over(sql.minus(high, low), sql.null_if(step.sql, 0))), 1)
    bounded = sql.call("least", sql.call("greatest", sql.if_null(count, 0), 0), MOST_RANGE_ROWS + 1)
    return sql.call("toUInt64", bounded)


def _moved(start: Term, step: Term, number: exp.Expr) -> Term:
    index = Term(LONG, number, nullable=False)
    return arithmetic("+", start, arithmetic("*", step, index))
