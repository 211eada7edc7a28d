"""make-series: aggregates on an axis cut into equal steps, one array for each aggregate and group.

    rows → the step they fall in → a group for each step → an array with the default where a step has no rows

Times are counted in ticks. The end is not part of the series, except in the old form `in range(...)`.
"""

from __future__ import annotations

from gatelog.kql import ast, json_values, sql, ticks
from gatelog.kql.arithmetic import arithmetic
from gatelog.kql.conversions import convert
from gatelog.kql.expressions import bind
from gatelog.kql.literals import long_term
from gatelog.kql.naming import Names, result_name
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType

DATETIME, TIMESPAN, LONG, REAL, DYNAMIC = (
    KqlType.DATETIME,
    KqlType.TIMESPAN,
    KqlType.LONG,
    KqlType.REAL,
    KqlType.DYNAMIC,
)

LONGEST_SERIES = 1_048_576
"""Points of a series at most: Kusto's own bound."""


class Axis:
    """The axis of a series: where it begins, how wide a step is, how many steps there are."""

    def __init__(self, stage: ast.MakeSeries, value: Term, scope: Scope) -> None:
        if stage.start is None or stage.stop is None or stage.step is None:
            raise scope.context.unsupported(stage, "make-series without from, to and step", "name all three")
        self.value = value
        self.type = _axis_type(value.type, stage, scope)
        step_type = TIMESPAN if self.type is DATETIME else self.type
        self.start = convert(bind(stage.start, scope), self.type)
        self.step = convert(bind(stage.step, scope), step_type)
        stop = convert(bind(stage.stop, scope), self.type)
        distance = sql.over(sql.minus(_plain(stop), _plain(self.start)), sql.null_if(self.step.sql, 0))
        count = sql.plus(sql.call("floor", distance), 1) if stage.inclusive else sql.call("ceil", distance)
        bounded = sql.call("least", sql.call("greatest", sql.if_null(count, 0), 0), LONGEST_SERIES)
        self.count = sql.call("toUInt32", bounded)

    def place(self) -> Sql:
        """The step in which a row falls, counted from 0; below 0 before the start."""
        converted = convert(self.value, self.type)
        distance = sql.minus(_plain(converted), _plain(self.start))
        return sql.call("toInt64", sql.call("floor", sql.over(distance, self.step.sql)))

    def points(self) -> Sql:
        """The JSON array of the steps' beginnings."""
        index = Term(LONG, sql.call("toInt64", sql.variable("index")), nullable=False)
        point = convert(arithmetic("+", self.start, arithmetic("*", self.step, index)), DYNAMIC)
        return json_values.array_text(
            sql.call("arrayMap", sql.lambda_("index", point.sql), sql.call("range", self.count))
        )


def _axis_type(kind: KqlType, stage: ast.MakeSeries, scope: Scope) -> KqlType:
    if kind in (DATETIME, TIMESPAN):
        return kind
    if kind in INTEGERS:
        return LONG
    if kind in NUMBERS:
        return REAL
    raise scope.context.error(stage.axis, f"a {kind} is no axis", "use a datetime or a number")


def _plain(term: Term) -> Sql:
    return ticks.since_1970(term.sql) if term.type is DATETIME else term.sql


def bind_make_series(stage: ast.MakeSeries, relation: Relation, scope: Scope) -> Relation:
    """A row for each combination of the keys: the keys, an array for each aggregate, the array of the
    axis."""
    row_scope = scope.over(relation)
    axis = Axis(stage, bind(stage.axis.value, row_scope), row_scope)
    names = Names()
    keys = [_key(item, row_scope, names) for item in stage.by]
    place = Computed(scope.context.field("place", LONG), axis.place())
    aggregates = [_aggregate(item, row_scope, names) for item in stage.aggregates]
    steps = _by_step(relation, row_scope, keys, place, aggregates, axis, scope)
    return _series(stage, steps, keys, aggregates, axis, names, scope)


def _key(item: ast.NamedExpression, scope: Scope, names: Names) -> Computed:
    term = bind(item.value, scope)
    given = item.names[0].value if item.names else result_name(item.value)
    name = names.counted() if given is None else names.add(given)
    return Computed(scope.context.field(name, term.type, nullable=term.nullable), term.sql)


class Series:
    """An aggregate of the series: its column, its value within a step as JSON, and the JSON of an absent
    value."""

    def __init__(self, name: str, value: Computed, absent: Sql) -> None:
        self.name = name
        self.value = value
        self.absent = absent


def _aggregate(item: ast.SeriesAggregate, scope: Scope, names: Names) -> Series:
    term = bind(item.column.value, scope.aggregating(()))
    given = item.column.names[0].value if item.column.names else result_name(item.column.value)
    name = names.counted() if given is None else names.add(given)
    default = bind(item.default, scope) if item.default is not None else long_term(0)
    with scope.context.at(item):
        value = sql.if_null(convert(term, DYNAMIC).sql, json_values.NULL_TEXT)
        absent = sql.if_null(convert(default, DYNAMIC).sql, json_values.NULL_TEXT)
    return Series(name, Computed(scope.context.field("value", DYNAMIC), value), absent)


def _by_step(
    relation: Relation,
    row_scope: Scope,
    keys: list[Computed],
    place: Computed,
    series: list[Series],
    axis: Axis,
    scope: Scope,
) -> Relation:
    """A group for each combination of keys and step."""
    placed = Compute(relation.fields, with_windows(relation, row_scope), (place,))
    inside = sql.all_of(
        [
            sql.at_least(sql.column(place.field.sql_name), 0),
            sql.less(sql.column(place.field.sql_name), axis.count),
        ]
    )
    kept = Filter(relation.fields, placed, inside)
    step = Computed(scope.context.field("step", LONG), sql.column(place.field.sql_name))
    values = tuple(item.value for item in series)
    shown = tuple(computed.field for computed in (*keys, step, *values))
    return Aggregate(shown, kept, (*keys, step), values)


def _series(
    stage: ast.MakeSeries,
    steps: Relation,
    keys: list[Computed],
    series: list[Series],
    axis: Axis,
    names: Names,
    scope: Scope,
) -> Relation:
    step = steps.fields[len(keys)]
    groups = [
        Computed(
            scope.context.field(key.field.name, key.field.type, nullable=key.field.nullable),
            sql.column(key.field.sql_name),
        )
        for key in keys
    ]
    arrays = [
        Computed(scope.context.field(item.name, DYNAMIC, nullable=False), _array(item, step, axis))
        for item in series
    ]
    given = stage.axis.names[0].value if stage.axis.names else result_name(stage.axis.value)
    points = Computed(
        scope.context.field(names.add(given or "Column1"), DYNAMIC, nullable=False), axis.points()
    )
    grouped = Aggregate(tuple(c.field for c in (*groups, *arrays)), steps, tuple(groups), tuple(arrays))
    return Compute((*grouped.fields, points.field), grouped, (points,))


def _array(item: Series, step: Field, axis: Axis) -> Sql:
    """The values at their places; where no row fell into a step, the default."""
    places = sql.call("groupArray", sql.column(step.sql_name))
    values = sql.call("groupArray", sql.column(item.value.field.sql_name))
    known = sql.call("mapFromArrays", places, values)

    def filled(values_by_step: Sql) -> Sql:
        index = sql.call("toInt64", sql.variable("index"))
        found = sql.call("arrayElement", values_by_step, index)
        value = sql.if_(sql.call("mapContains", values_by_step, index), found, item.absent)
        return json_values.array_text(
            sql.call("arrayMap", sql.lambda_("index", value), sql.call("range", axis.count))
        )

    return sql.with_value(known, "known", filled)
