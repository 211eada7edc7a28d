"""row_window_session: rows in order grouped into sessions, each row with the value that began its session.

Gaps and restarts cut the rows into runs with window functions. Within a run a session ends when it grows too
long, which depends on where it began: there the values so far are folded. A distance that is reached is too
long already.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import accept
from gatelog.kql.misfit import Misfit
from gatelog.kql.names.scope import Scope
from gatelog.kql.special.windows import window
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert

_DISTANCES = {
    KqlType.DATETIME: KqlType.TIMESPAN,
    KqlType.TIMESPAN: KqlType.TIMESPAN,
    KqlType.LONG: KqlType.LONG,
    KqlType.REAL: KqlType.REAL,
}


def window_session(arguments: list[Term], scope: Scope) -> Term:
    """`row_window_session(value, longest session, longest gap [, restart])`."""
    value, longest, gap, *restart = arguments
    value = convert(value, KqlType.LONG) if value.type in INTEGERS else value
    if value.type not in _DISTANCES:
        raise Misfit(f"row_window_session() needs datetimes or numbers, this is {value.type}")
    distance = _DISTANCES[value.type]
    longest, gap = (accept(limit, distance) for limit in (longest, gap))
    place = ticks.since_1970(value.sql) if value.type is KqlType.DATETIME else value.sql
    run = _run(place, gap.sql, restart, distance, scope)
    so_far = window(scope, sql.call("groupArray", place), "running", [run])
    begun = _begun(so_far, longest.sql)
    if value.nullable:
        begun = sql.if_(sql.call("empty", so_far), sql.null(), begun)
    start = ticks.from_1970(begun, nullable=True) if value.type is KqlType.DATETIME else begun
    return scope.window("row_window_session", value.type, start)


def _run(place: Sql, gap: Sql, restart: list[Term], kind: KqlType, scope: Scope) -> Sql:
    """A number that grows wherever a row cannot belong to the session of the row before."""
    nullable = sql.call("toNullable", place)
    before = scope.window("row_window_session", kind, window(scope, sql.call("lagInFrame", nullable, 1)))
    breaks = [sql.is_null(before.sql), sql.at_least(sql.minus(place, before.sql), gap)]
    breaks += [sql.if_null(condition(test).condition, sql.boolean(False)) for test in restart]
    count = window(scope, sql.call("countIf", sql.any_of(breaks)), "running")
    return scope.window("row_window_session", KqlType.LONG, count, nullable=False).sql


def _begun(values: Sql, longest: Sql) -> Sql:
    """Where the session of the last value began."""
    start, value = sql.variable("start"), sql.variable("value")
    moved = sql.if_(sql.at_least(sql.minus(value, start), longest), value, start)
    return sql.call(
        "arrayFold", sql.lambda_pair("start", "value", moved), values, sql.call("arrayElement", values, 1)
    )
