"""active_users_count and sliding_window_counts: distinct values over windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import FUNCTIONS
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.plugin_arguments import MOST_WINDOWS, check_timeline, named_column, with_few_windows
from gatelog.kql.stages.written import calendar_unit
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import KqlType, clickhouse_type
from gatelog.kql.values.conversions import convert

DYNAMIC, DATETIME, TIMESPAN, LONG = KqlType.DYNAMIC, KqlType.DATETIME, KqlType.TIMESPAN, KqlType.LONG

_COUNTED = (DATETIME, TIMESPAN, KqlType.INT, LONG)
"""Types of a timeline: those that are integers in the engine."""


class _Timeline(NamedTuple):
    """The column of time and the constants of a plugin, all as integers: datetimes and timespans in ticks."""

    id: Field
    time: Field
    ticks: Sql
    start: Sql
    end: Sql


def _timeline(
    names: Sequence[str], bins: Sequence[str], call: ast.Call, relation: Relation, scope: Scope
) -> _Timeline:
    """From the arguments that the parameters `names` say beside Id, Timeline, Start and End."""
    names = ("Id", "Timeline", "Start", "End", *names)
    if len(call.arguments) < len(names):
        missing = names[len(call.arguments)]
        raise scope.context.error(
            call, f"{call.function} takes at least {len(names)} arguments", f"'{missing}' is missing"
        )
    given = dict(zip(names, call.arguments, strict=False))
    check_timeline(given, bins, ("LookbackWindow",), call, relation, scope)
    identity, time = (named_column(given[name], call, relation, scope) for name in names[:2])
    if time.type not in _COUNTED:
        raise scope.context.unsupported(given["Timeline"], f"{call.function} over a {time.type}")
    start, end = (_constant(given[name], time.type, scope) for name in names[2:4])
    return _Timeline(identity, time, _number(time.type, sql.column(time.sql_name)), start, end)


def _number(kind: KqlType, value: Sql) -> Sql:
    return ticks.since_1970(value) if kind is DATETIME else sql.call("toInt64", value)


def _moment(kind: KqlType, number: Sql) -> Sql:
    if kind is DATETIME:
        return ticks.from_1970(number, nullable=False)
    return sql.cast(number, clickhouse_type(kind, nullable=False))


def _constant(node: ast.Expression, kind: KqlType, scope: Scope) -> Sql:
    term = bind(node, scope)
    with scope.context.at(node):
        return _number(kind, convert(term, kind).sql)


def _length(node: ast.Expression, line: _Timeline, scope: Scope) -> Sql:
    return _constant(node, TIMESPAN if line.time.type is DATETIME else line.time.type, scope)


def _copied(fields: Sequence[Field], scope: Scope) -> list[Computed]:
    return [
        Computed(
            scope.context.field(field.name, field.type, nullable=field.nullable), sql.column(field.sql_name)
        )
        for field in fields
    ]


_ACTIVE_BINS = """
arrayDistinct(arrayMap(
    t -> label,
    arrayFilter(
        t -> t >= start AND t <= end AND length(arrayDistinct(arrayMap(
            u -> u + epoch - positiveModulo(u + epoch, period),
            arrayFilter(u -> u > t - lookback AND u <= t, times)
        ))) >= least,
        times
    )
))
"""


def _label(line: _Timeline, width: ast.Expression, scope: Scope) -> Sql:
    """The ticks with which the bin of the moment `t` begins."""
    text = "start + intDiv(t - start, bin) * bin"
    return formula(text, t=sql.variable("t"), start=line.start, bin=_length(width, line, scope))


def _calendar_label(unit: str) -> Sql:
    moment = Term(DATETIME, ticks.from_1970(sql.variable("t"), nullable=False), nullable=False)
    return ticks.since_1970(FUNCTIONS[f"startof{unit}"].build([moment]).sql)


def active_users_count(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`active_users_count(id, time, start, end, lookback, period, active_periods, bin [, dimension ...])`.

    An appearance is active when its look-back window, (time - lookback, time], has appearances in enough
    distinct periods; counted are the distinct ids with an active appearance in each bin.
    """
    unit = calendar_unit(call.arguments[7], scope) if len(call.arguments) > 7 else None
    lengths = ("Period",) if unit is not None else ("Period", "Bin")
    names = ("LookbackWindow", "Period", "ActivePeriodsCount", "Bin")
    line = _timeline(names, lengths, call, relation, scope)
    if unit is not None and line.time.type is not DATETIME:
        raise scope.context.error(
            call.arguments[7], f"there is no {unit} in a timeline of type {line.time.type}"
        )
    lookback, period = (_length(call.arguments[place], line, scope) for place in (4, 5))
    least = _constant(call.arguments[6], LONG, scope)
    label = _calendar_label(unit) if unit is not None else _label(line, call.arguments[7], scope)
    dimensions = [named_column(node, call, relation, scope) for node in call.arguments[8:]]
    inside = formula(
        "t > start - lookback AND t <= end", t=line.ticks, start=line.start, lookback=lookback, end=line.end
    )
    near = Filter(relation.fields, with_windows(relation, scope.over(relation)), inside)
    identity, *groups = _copied([line.id, *dimensions], scope)
    times = Computed(
        scope.context.field("times", DYNAMIC), formula("groupArray(assumeNotNull(t))", t=line.ticks)
    )
    by_id = Aggregate(
        tuple(computed.field for computed in (identity, *groups, times)), near, (identity, *groups), (times,)
    )
    bins = formula(
        _ACTIVE_BINS, times=sql.column(times.field.sql_name), start=line.start, end=line.end, label=label,
        period=period, lookback=lookback, least=least, epoch=ticks.EPOCH if line.time.type is DATETIME else 0,
    )  # fmt: skip  # the formula's names
    return _counted(line, identity.field, [group.field for group in groups], bins, by_id, ("dcount",), scope)


def sliding_window_counts(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`sliding_window_counts(id, time, start, end, lookback, bin [, dimension ...])`.

    For each bin from start to end, the rows and distinct ids of the look-back window that ends with it: of so
    many whole bins, one at least.
    """
    if len(call.arguments) > 5 and calendar_unit(call.arguments[5], scope) is not None:
        hint = "how far such windows look back is not published; give a timespan"
        raise scope.context.unsupported(call.arguments[5], "a Bin of the calendar", hint)
    line = _timeline(("LookbackWindow", "Bin"), ("Bin",), call, relation, scope)
    lookback, width = (_length(call.arguments[place], line, scope) for place in (4, 5))
    given = dict(zip(("LookbackWindow", "Bin"), call.arguments[4:], strict=False))
    relation = with_few_windows(given, "LookbackWindow", "Bin", relation, scope)
    dimensions = [named_column(node, call, relation, scope) for node in call.arguments[6:]]
    text = """
    arrayFilter(b -> b >= start AND b <= end, arrayMap(
        k -> t - positiveModulo(t - start, bin) + toInt64(k) * bin,
        range(toUInt32(least(greatest(intDiv(lookback, bin), 1), most)))
    ))
    """
    bins = formula(
        text, t=formula("assumeNotNull(t)", t=line.ticks), start=line.start, end=line.end, bin=width,
        lookback=lookback, most=MOST_WINDOWS,
    )  # fmt: skip  # the formula's names
    known = Filter(
        relation.fields, with_windows(relation, scope.over(relation)), sql.call("isNotNull", line.ticks)
    )
    return _counted(line, line.id, dimensions, bins, known, ("Count", "Dcount"), scope)


def _counted(
    line: _Timeline,
    identity: Field,
    dimensions: Sequence[Field],
    bins: Sql,
    source: Relation,
    names: tuple[str, ...],
    scope: Scope,
) -> Relation:
    """A row for each bin and combination of the dimensions: the distinct ids, and the rows if asked."""
    array = Computed(scope.context.field("bins", DYNAMIC), bins)
    item = scope.context.field("bin", LONG)
    unnested = Unnest(
        source.fields, Compute(source.fields, source, (array,)), (item,), (array.field.sql_name,)
    )
    kind = line.time.type
    moment = _moment(kind, sql.column(item.sql_name))
    time = Computed(scope.context.field(line.time.name, kind, nullable=False), moment)
    groups = _copied(dimensions, scope)
    counts = {
        "Count": sql.call("toInt64", sql.call("count")),
        "Dcount": sql.call("toInt64", sql.call("uniqExact", reference(identity).sql)),
    }
    made = [
        Computed(scope.context.field(name, LONG, nullable=False), counts[name.capitalize()]) for name in names
    ]
    fields = tuple(computed.field for computed in (time, *groups, *made))
    return Aggregate(fields, unnested, (time, *groups), tuple(made))
