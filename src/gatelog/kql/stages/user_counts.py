"""active_users_count and sliding_window_counts: distinct values over windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatelog.kql import ast, sql, ticks
from gatelog.kql.conversions import convert
from gatelog.kql.expressions import bind
from gatelog.kql.formula import formula
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation, Unnest
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages.computing import with_windows
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import KqlType

DYNAMIC, DATETIME, TIMESPAN, LONG = KqlType.DYNAMIC, KqlType.DATETIME, KqlType.TIMESPAN, KqlType.LONG

MOST_WINDOWS = 10_000
"""Bins that a look-back window spans at most: each row is counted in each of them."""


class _Timeline(NamedTuple):
    """The column of time and the constants of a plugin, all in ticks."""

    id: Field
    time: Field
    ticks: Sql
    start: Sql
    end: Sql


def _timeline(call: ast.Call, relation: Relation, scope: Scope) -> _Timeline:
    identity, time = (named_column(node, call, relation, scope) for node in call.arguments[:2])
    if time.type is not DATETIME:
        raise scope.context.error(call, f"the timeline must be a datetime, '{time.name}' is {time.type}")
    start, end = (_constant(node, DATETIME, scope) for node in call.arguments[2:4])
    return _Timeline(identity, time, ticks.since_1970(sql.column(time.sql_name)), start, end)


def _constant(node: ast.Expression, kind: KqlType, scope: Scope) -> Sql:
    term = bind(node, scope)
    with scope.context.at(node):
        value = convert(term, kind)
    return ticks.since_1970(value.sql) if kind is DATETIME else value.sql


def _needs(call: ast.Call, count: int, scope: Scope) -> None:
    if len(call.arguments) < count:
        raise scope.context.error(
            call, f"{call.function} takes at least {count} arguments, here are {len(call.arguments)}"
        )


def _copied(fields: Sequence[Field], scope: Scope) -> list[Computed]:
    return [
        Computed(
            scope.context.field(field.name, field.type, nullable=field.nullable), sql.column(field.sql_name)
        )
        for field in fields
    ]


_ACTIVE_BINS = """
arrayDistinct(arrayMap(
    t -> start + intDiv(t - start, bin) * bin,
    arrayFilter(
        t -> t >= start AND t <= end AND length(arrayDistinct(arrayMap(
            u -> intDiv(u + epoch, period), arrayFilter(u -> u > t - lookback AND u <= t, times)
        ))) >= least,
        times
    )
))
"""


def active_users_count(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`active_users_count(id, time, start, end, lookback, period, active_periods, bin [, dimension ...])`.

    An appearance is active when its look-back window, (time - lookback, time], has appearances in enough
    distinct periods; counted are the distinct ids with an active appearance in each bin.
    """
    _needs(call, 8, scope)
    line = _timeline(call, relation, scope)
    lookback, period = (_constant(call.arguments[place], TIMESPAN, scope) for place in (4, 5))
    least, width = _constant(call.arguments[6], LONG, scope), _constant(call.arguments[7], TIMESPAN, scope)
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
        _ACTIVE_BINS, times=sql.column(times.field.sql_name), start=line.start, end=line.end, bin=width,
        period=period, lookback=lookback, least=least, epoch=ticks.EPOCH,
    )  # fmt: skip  # the formula's names
    return _counted(line, identity.field, [group.field for group in groups], bins, by_id, ("dcount",), scope)


def sliding_window_counts(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`sliding_window_counts(id, time, start, end, lookback, bin [, dimension ...])`.

    For each bin from start to end, the rows and distinct ids of the look-back window that ends with it.
    """
    _needs(call, 6, scope)
    line = _timeline(call, relation, scope)
    lookback, width = (_constant(call.arguments[place], TIMESPAN, scope) for place in (4, 5))
    dimensions = [named_column(node, call, relation, scope) for node in call.arguments[6:]]
    text = """
    arrayFilter(b -> b >= start AND b <= end, arrayMap(
        k -> t - positiveModulo(t - start, bin) + toInt64(k) * bin,
        range(toUInt32(least(greatest(ceil(lookback / bin), 1), most)))
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
    moment = Term(DATETIME, ticks.from_1970(sql.column(item.sql_name), nullable=False), nullable=False)
    time = Computed(scope.context.field(line.time.name, DATETIME, nullable=False), moment.sql)
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
