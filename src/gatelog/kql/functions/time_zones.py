"""Clocks of time zones: what they show at a time of UTC, and when they show a time.

A constant zone is the engine's to convert to, once it is known to be one. It has no conversion to a zone that
each row names for itself, but it writes a time as such a zone shows it; how far that is from UTC is the
offset of the zone then:

    UTC  ── offset at that time ──►  local
    local ── offset a day before; if that does not lead back (a change between), the one a day after ──►  UTC
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlglot import exp

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

DATETIME, STRING = KqlType.DATETIME, KqlType.STRING

_EARLIEST, _LATEST = (
    int(datetime(year, 1, 2, tzinfo=UTC).timestamp()) * ticks.SECOND for year in (1900, 2299)
)
"""Ticks from 1970 between which the engine knows the offsets of zones; beyond, those of the ends count."""


def _to_zone(arguments: Sequence[Term]) -> Term:
    """What the clocks of a time zone show."""
    moment, zone = accept(arguments[0], DATETIME), _constant(arguments[1])
    if zone is None:
        return _by_row(moment, arguments[1], lambda count, zone: sql.plus(count, _offset(count, zone)))
    offset = sql.call("timeZoneOffset", sql.call("toTimeZone", moment.sql, _checked(zone)))
    shifted = sql.plus(ticks.since_1970(moment.sql), sql.times(sql.call("toInt64", offset), ticks.SECOND))
    return finished(
        DATETIME, ticks.from_1970(ticks.in_range(shifted), nullable=True), [moment], may_fail=True
    )


def _from_zone(arguments: Sequence[Term]) -> Term:
    """The time at which the clocks of a time zone show this."""
    moment, zone = accept(arguments[0], DATETIME), _constant(arguments[1])
    if zone is None:
        return _by_row(moment, arguments[1], _shown_at)
    local = sql.call("parseDateTime64BestEffortOrNull", sql.call("toString", moment.sql), 7, _checked(zone))
    count = ticks.in_range(ticks.since_1970(local))
    return finished(DATETIME, ticks.from_1970(count, nullable=True), [moment], may_fail=True)


def _constant(zone: Term) -> str | None:
    value = zone.constant.value if zone.constant is not None else None
    return value if isinstance(value, str) else None


def _zones(shown: Sql, where: Sql | None = None) -> Sql:
    """A subquery of the engine's list of zones."""
    table = exp.Table(this=sql.identifier("time_zones"), db=sql.identifier("system"))
    condition = exp.Where(this=where) if where is not None else None
    return sql.subquery(exp.Select(expressions=[shown], from_=exp.From(this=table), where=condition))


def _checked(zone: str) -> Sql:
    """A constant zone; the query ends where the engine has none of this name."""
    message = f"there is no time zone '{zone}': datetime_list_timezones() gives their names"
    missing = sql.call("throwIf", sql.eq(sql.call("count"), 0), message)
    return _zones(sql.if_(missing, "", zone), sql.eq(sql.column("time_zone"), zone))


def _by_row(moment: Term, zone: Term, convert: Callable[[Sql, Sql], Sql]) -> Term:
    """`convert`, of ticks and a zone, in each row; null where there is no such zone."""
    name = accept(zone, STRING).sql
    is_zone = exp.In(this=name, query=_zones(sql.column("time_zone")))
    known = sql.if_(is_zone, name, "UTC")
    count = sql.if_null(ticks.since_1970(moment.sql), 0) if moment.nullable else ticks.since_1970(moment.sql)
    there = sql.all_of([is_zone, sql.call("isNotNull", moment.sql)]) if moment.nullable else is_zone
    converted = sql.with_value(count, "count", lambda ticks_: convert(ticks_, known))
    return finished(
        DATETIME,
        ticks.from_1970(sql.if_(there, ticks.in_range(converted), sql.null()), nullable=True),
        [],
        may_fail=True,
    )


def _offset(count: Sql, zone: Sql) -> Sql:
    """How many ticks the clocks of a zone are ahead of UTC, `count` ticks after 1970."""
    within = sql.call("least", sql.call("greatest", count, _EARLIEST), _LATEST)
    shown = sql.call("toString", ticks.from_1970(within, nullable=False), zone)
    return sql.minus(ticks.since_1970(sql.call("toDateTime64", shown, 7, "UTC")), within)


def _shown_at(count: Sql, zone: Sql) -> Sql:
    """The ticks at which the clocks of a zone show `count`; of two such times the first."""
    before, after = (
        sql.minus(count, _offset(near, zone))
        for near in (sql.minus(count, ticks.DAY), sql.plus(count, ticks.DAY))
    )
    leads_back = sql.with_value(
        before, "before", lambda utc: sql.eq(sql.plus(utc, _offset(utc, zone)), count)
    )
    return sql.if_(leads_back, before, after)


TIME_ZONES: tuple[Function, ...] = (
    Function("datetime_utc_to_local", 2, 2, _to_zone),
    Function("datetime_local_to_utc", 2, 2, _from_zone),
)
"""The rows of this table."""
