"""make-series: aggregates on an axis cut into equal steps, one array for each aggregate and group.

    rows → the step they fall in → a group for each step → an array with the default where a step has no rows

Times are counted in ticks. The end is not part of the series, except in the old form `in range(...)`.
"""

from __future__ import annotations

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import bin_of
from gatelog.kql.names.naming import Names, chosen_names, result_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import choose
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.summarize import percentile_columns
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.conversions import convert, convertible
from gatelog.kql.values.literals import literal_term, long_term

DATETIME, TIMESPAN, LONG, REAL = KqlType.DATETIME, KqlType.TIMESPAN, KqlType.LONG, KqlType.REAL
STRING, DYNAMIC = KqlType.STRING, KqlType.DYNAMIC

LONGEST_SERIES = 1_048_576
"""Points of a series at most: Kusto's own bound."""

_NO_STEP = "the step of a series must be above 0"

_SEVERAL = frozenset({"percentiles", "percentilesw", "arg_max", "arg_min", "argmax", "argmin"})
"""Aggregates that make a column for each of their arguments."""
_PERCENTILE = ("percentile", "percentilew", "percentiles_array", "percentilesw_array")
"""Aggregates that are named after their percentage."""


class Axis:
    """The axis of a series: where it begins, how wide a step is, how many steps there are.

    Steps are counted from the start; without one from 0 (for times: from 0001-01-01), as bin() does. Where
    start or end is not given, each series runs from its first step with rows, or to its last.
    """

    def __init__(self, stage: ast.MakeSeries, value: Term, scope: Scope) -> None:
        if stage.step is None:
            raise scope.context.error(stage, "make-series needs a step", "for example: step 1h")
        self.type = _axis_type(value.type, stage, scope)
        self.value = convert(value, self.type)
        self.step = _bound(stage.step, TIMESPAN if self.type is DATETIME else self.type, scope)
        if self.step.constant is None:
            self.step = replace(self.step, sql=_checked(self.step.sql))
        elif isinstance(wide := self.step.constant.value, int | float) and wide <= 0:
            raise scope.context.error(stage.step, _NO_STEP)
        self.start, self.stop = (
            _bound(limit, self.type, scope) if limit is not None else None
            for limit in (stage.start, stage.stop)
        )
        self.inclusive = stage.inclusive
        with scope.context.at(stage):
            self.origin = self._origin()

    def _origin(self) -> Term:
        if self.start is None:
            return literal_term(self.type, 0)
        return bin_of([self.start, self.step]) if self.inclusive else self.start

    def place(self) -> Sql:
        """The step in which a row falls, counted from 0; NULL outside of the axis."""
        distance = sql.minus(_plain(self.value), _plain(self.origin))
        step = sql.null_if(self.step.sql, 0)
        if self.type is REAL:
            place = formula("toInt64(floor(distance / step))", distance=distance, step=step)
        else:
            text = "intDiv(distance - positiveModulo(distance, step), step)"
            place = formula(text, distance=distance, step=step)
        limits = [
            *([sql.at_least(_plain(self.value), _plain(self.start))] if self.start is not None else []),
            *([self._before_stop(self.stop)] if self.stop is not None else []),
        ]
        return sql.if_(sql.all_of(limits), place, sql.null()) if limits else place

    def _before_stop(self, stop: Term) -> Sql:
        return (sql.at_most if self.inclusive else sql.less)(_plain(self.value), _plain(stop))

    def first(self, step: Sql) -> Sql:
        """The first step of a series, from the column of the steps that have rows."""
        return sql.call("toInt64", 0) if self.start is not None else sql.call("min", step)

    def count(self, step: Sql) -> Sql:
        """How many steps a series has."""
        if self.stop is None:
            end = formula("max(step) + 1", step=step)
        else:
            distance = sql.over(
                sql.minus(_plain(self.stop), _plain(self.origin)), sql.null_if(self.step.sql, 0)
            )
            whole = sql.plus(sql.call("floor", distance), 1) if self.inclusive else sql.call("ceil", distance)
            end = sql.call("toInt64", sql.if_null(whole, 0))
        text = "toUInt32(least(greatest(end - first, 0), most))"
        return formula(text, end=end, first=self.first(step), most=LONGEST_SERIES)

    def places(self, step: Sql) -> Sql:
        """The steps of a series, Array(Int64)."""
        return formula(
            "arrayMap(i -> toInt64(i) + first, range(count))", first=self.first(step), count=self.count(step)
        )

    def points(self, step: Sql) -> Sql:
        """The JSON array of the steps' beginnings."""
        index = Term(LONG, sql.variable("index"), nullable=False)
        point = convert(arithmetic("+", self.origin, arithmetic("*", self.step, index)), DYNAMIC)
        return json_values.array_text(
            sql.call("arrayMap", sql.lambda_("index", point.sql), self.places(step))
        )


def _checked(step: Sql) -> Sql:
    """A step that is known when the query runs."""
    return formula("if(throwIf(ifNull(step <= 0, 0), message) = 0, step, step)", step=step, message=_NO_STEP)


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


def _bound(node: ast.Expression, kind: KqlType, scope: Scope) -> Term:
    """A step or limit in the type that the axis gives it."""
    term = bind(node, scope)
    if not _is_bound(term.type, kind):
        raise scope.context.error(node, f"expected {kind}, this is {term.type}", f"write a {kind}")
    return convert(term, kind)


def _is_bound(given: KqlType, kind: KqlType) -> bool:
    """Whether a limit may be `given`: a number, a whole one on an axis of those, or a text of the type."""
    if given in NUMBERS:
        return kind is REAL or (kind is LONG and given in INTEGERS)
    return given is kind or (given in (STRING, DYNAMIC) and convertible(given, kind))


def bind_make_series(stage: ast.MakeSeries, relation: Relation, scope: Scope) -> Relation:
    """A row for each combination of the keys: the keys, an array for each aggregate, the array of the
    axis."""
    row_scope = scope.over(relation)
    axis = Axis(stage, bind(stage.axis.value, row_scope), row_scope)
    names = Names()
    keys = [_key(item, row_scope, names) for item in stage.by]
    place = Computed(scope.context.field("place", LONG), axis.place())
    aggregates = [_aggregate(item, row_scope, names) for item in stage.aggregates]
    steps = _by_step(relation, row_scope, keys, place, aggregates, scope)
    return _series(stage, steps, keys, aggregates, axis, names, scope)


def _key(item: ast.NamedExpression, scope: Scope, names: Names) -> Computed:
    term = bind(item.value, scope)
    name = _name(item, result_name(item.value), names, scope)
    return Computed(scope.context.field(name, term.type, nullable=term.nullable), term.sql)


def _name(item: ast.NamedExpression, implied: str | None, names: Names, scope: Scope) -> str:
    """The name of an item's column; one that the author chose must be free."""
    given = item.names[0].value if item.names else implied
    if given in chosen_names(item):
        choose(given, names, item, scope)
    return names.counted() if given is None else names.add(given)


class Series:
    """An aggregate of the series: its column, its value within a step as JSON, and the JSON of an absent
    value."""

    def __init__(self, name: str, value: Computed, absent: Sql) -> None:
        self.name = name
        self.value = value
        self.absent = absent


def _aggregate(item: ast.SeriesAggregate, scope: Scope, names: Names) -> Series:
    implied, term = _named_aggregate(item, scope.aggregating(()))
    name = _name(item.column, implied, names, scope)
    default = bind(item.default, scope) if item.default is not None else long_term(0)
    if item.default is not None and not _fits(default, term.type):
        message = f"the default must be {term.type} as the aggregate is, this is {default.type}"
        raise scope.context.error(item.default, message, "write default = ...(null) for no value")
    with scope.context.at(item):
        if default.type in INTEGERS and term.type in NUMBERS:
            default = convert(default, term.type)
        value = sql.if_null(convert(term, DYNAMIC).sql, json_values.NULL_TEXT)
        absent = sql.if_null(convert(default, DYNAMIC).sql, json_values.NULL_TEXT)
    return Series(name, Computed(scope.context.field("value", DYNAMIC), value), absent)


def _fits(default: Term, kind: KqlType) -> bool:
    """Whether a value may stand where an aggregate of a type has none: 0, the default of all types, too."""
    value = default.constant.value if default.constant is not None else ...
    stands_anywhere = value is None or (default.type in INTEGERS and value == 0)
    kinds = {default.type, kind}
    return stands_anywhere or len(kinds) == 1 or DYNAMIC in kinds or kinds <= set(NUMBERS)


def _named_aggregate(item: ast.SeriesAggregate, scope: Scope) -> tuple[str | None, Term]:
    """The aggregate, and the name that it has by itself."""
    node = item.column.value
    function = node.function if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or function not in (*_SEVERAL, *_PERCENTILE):
        return result_name(node), bind(node, scope)
    columns = percentile_columns(node, scope) if function in _PERCENTILE else []
    if len(columns) != 1:
        message = f"{function}() makes several columns, a series is one"
        raise scope.context.error(item, message, "write an aggregate for each, such as percentile()")
    return columns[0]


def _by_step(
    relation: Relation,
    row_scope: Scope,
    keys: list[Computed],
    place: Computed,
    series: list[Series],
    scope: Scope,
) -> Relation:
    """A group for each combination of keys and step."""
    placed = Compute(relation.fields, with_windows(relation, row_scope), (place,))
    kept = Filter(relation.fields, placed, sql.call("isNotNull", sql.column(place.field.sql_name)))
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
    step = sql.column(steps.fields[len(keys)].sql_name)
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
    axis_name = _name(stage.axis, result_name(stage.axis.value), names, scope)
    points = Computed(scope.context.field(axis_name, DYNAMIC, nullable=False), axis.points(step))
    fields = tuple(computed.field for computed in (*groups, *arrays, points))
    if groups or _nonempty(stage, scope):
        return Aggregate(fields, steps, tuple(groups), (*arrays, points))
    rows = Computed(scope.context.field("rows", LONG), sql.call("count"))
    grouped = Aggregate(fields, steps, (), (*arrays, points, rows))
    return Filter(fields, grouped, sql.greater(sql.column(rows.field.sql_name), 0))


def _nonempty(stage: ast.MakeSeries, scope: Scope) -> bool:
    """Whether an empty input makes a series of defaults: `kind=nonempty`."""
    kinds = [hint.value for hint in stage.hints if hint.name == "kind"]
    if kinds and kinds != ["nonempty"]:
        raise scope.context.error(stage, f"make-series has no kind '{kinds[0]}'", "kind=nonempty")
    return bool(kinds)


def _array(item: Series, step: Sql, axis: Axis) -> Sql:
    """The values at their places; where no row fell into a step, the default."""
    text = """
    mapValues(mapSort(mapUpdate(
        mapFromArrays(places, arrayMap(i -> absent, places)),
        mapFromArrays(groupArray(step), groupArray(value))
    )))
    """
    values = formula(
        text,
        places=axis.places(step),
        absent=item.absent,
        step=step,
        value=sql.column(item.value.field.sql_name),
    )
    return json_values.array_text(values)
