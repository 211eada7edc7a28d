"""Datetimes and timespans in SQL, by their ticks of 100 ns.

ClickHouse counts the ticks of a DateTime64(7) from 1970, Kusto from 0001-01-01; a timespan is an Int64 of
ticks in both.
"""

from __future__ import annotations

from datetime import date, timedelta

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql

SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = 719_162 * DAY
"""Ticks from 0001-01-01 to 1970-01-01."""

_END = (date.max.toordinal() - date(1970, 1, 1).toordinal() + 1) * DAY
"""Ticks from 1970 to the end of the year 9999."""

LAST = EPOCH + _END - 1
"""Ticks from 0001-01-01 to the last moment of the year 9999."""

_DATETIME = "DateTime64(7, 'UTC')"
_ABSENT = -(2**63)
"""Stands for null while ticks become a datetime: far outside the years 1 to 9999."""


def datetime_literal(ticks: int) -> Sql:
    """The datetime that is `ticks` after 0001-01-01."""
    days, rest = divmod(ticks, DAY)
    day = date.min + timedelta(days=days)
    hour, rest = divmod(rest, HOUR)
    minute, rest = divmod(rest, MINUTE)
    second, fraction = divmod(rest, SECOND)
    text = f"{day.isoformat()} {hour:02}:{minute:02}:{second:02}.{fraction:07}"
    return sql.call("toDateTime64", text, 7, "UTC")


def since_1970(datetime: Sql) -> Sql:
    """Ticks from 1970 to a datetime, as Int64."""
    return sql.call("reinterpretAsInt64", datetime)


def since_year_1(datetime: Sql) -> Sql:
    """Ticks from 0001-01-01 to a datetime, as Int64: what `tolong(datetime)` gives."""
    return sql.plus(since_1970(datetime), EPOCH)


def from_1970(ticks: Sql, *, nullable: bool) -> Sql:
    """The datetime that is `ticks` (Int64) after 1970."""
    if not nullable:
        return sql.call("reinterpret", ticks, _DATETIME)
    moment = sql.call("reinterpret", sql.if_null(ticks, _ABSENT), _DATETIME)
    return sql.null_if(moment, sql.call("reinterpret", sql.call("toInt64", _ABSENT), _DATETIME))


def in_range(ticks: Sql) -> Sql:
    """Ticks since 1970, NULL outside of the years 1 to 9999."""

    def known(count: Sql) -> Sql:
        return sql.if_(sql.all_of([sql.at_least(count, -EPOCH), sql.less(count, _END)]), count, sql.null())

    return sql.with_value(ticks, "count", known)


def from_year_1(ticks: Sql) -> Sql:
    """The datetime that is `ticks` (Int64) after 0001-01-01, NULL after the year 9999."""
    return from_1970(in_range(sql.minus(ticks, EPOCH)), nullable=True)


def multiple(count: Sql, unit: int) -> Sql:
    """`count` (Int64) times `unit`; NULL for more than an Int64 holds."""
    return sql.call("accurateCastOrNull", sql.times(sql.call("toInt128", count), unit), "Int64")


def floor_to(ticks: Sql, width: Sql) -> Sql:
    """The largest multiple of `width` not above `ticks`; NULL when the width is not positive."""
    usable = sql.if_(sql.greater(width, 0), width, sql.null())
    return sql.minus(ticks, sql.call("positiveModulo", ticks, usable))


def datetime_text(datetime: Sql) -> Sql:
    """`2024-01-31T10:00:00.0000000Z`; NULL for null."""
    return sql.call("concat", sql.call("replaceOne", sql.call("toString", datetime), " ", "T"), "Z")


def _timespan_text(ticks: Sql) -> Sql:
    size = sql.call("abs", ticks)
    days, fraction = sql.call("intDiv", size, DAY), sql.call("modulo", size, SECOND)
    return sql.call(
        "concat",
        sql.if_(sql.less(ticks, 0), "-", ""),
        sql.if_(sql.greater(days, 0), sql.call("concat", sql.call("toString", days), "."), ""),
        _two_digits(size, HOUR, 24),
        ":",
        _two_digits(size, MINUTE, 60),
        ":",
        _two_digits(size, SECOND, 60),
        sql.if_(sql.greater(fraction, 0), sql.call("concat", ".", _padded(fraction, 7)), ""),
    )


def _two_digits(ticks: Sql, unit: int, modulus: int) -> Sql:
    return _padded(sql.call("modulo", sql.call("intDiv", ticks, unit), modulus), 2)


def _padded(number: Sql, width: int) -> Sql:
    return sql.call("leftPad", sql.call("toString", number), width, "0")


timespan_text = once("span", _timespan_text)
"""`[-][d.]hh:mm:ss[.fffffff]`; NULL for null."""


_TIMESPAN_PATTERN = r"^\s*(-)?(?:(\d{1,20})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?\s*$"
_UNIT_PATTERN = r"^\s*(-?\d+(?:\.\d+)?)\s*(d|h|m|s|ms|microsecond|tick)\s*$"
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 10_000, "microsecond": 10, "tick": 1}


def _timespan_from_text(text: Sql) -> Sql:
    clock = sql.with_value(sql.call("extractGroups", text, _TIMESPAN_PATTERN), "parts", _clock_ticks)
    unit = sql.with_value(sql.call("extractGroups", text, _UNIT_PATTERN), "parts", _unit_ticks)
    days = multiple(sql.call("toInt64OrNull", sql.call("trimBoth", text)), DAY)
    return sql.call("coalesce", clock, unit, days)


timespan_from_text = once("text", _timespan_from_text)
"""Ticks of `[-][d.]hh:mm[:ss[.fffffff]]` or of `2.5h`; NULL for anything else, and for more than there are.
A bare number counts days.
"""


def _part(parts: Sql, index: int) -> Sql:
    return sql.call("arrayElement", parts, index)


def _number(parts: Sql, index: int) -> Sql:
    return sql.call("toInt64OrZero", _part(parts, index))


def _clock_ticks(parts: Sql) -> Sql:
    fraction = sql.call("toInt64OrZero", sql.call("rightPad", _part(parts, 6), 7, "0"))
    hours, minutes, seconds = _number(parts, 3), _number(parts, 4), _number(parts, 5)
    days = sql.call("toInt128OrZero", _part(parts, 2))
    size = sql.plus(sql.times(days, DAY), sql.times(hours, HOUR))
    size = sql.plus(
        sql.plus(size, sql.times(minutes, MINUTE)), sql.plus(sql.times(seconds, SECOND), fraction)
    )
    signed = sql.if_(sql.eq(_part(parts, 1), "-"), sql.call("negate", size), size)
    valid = sql.all_of(
        [sql.call("notEmpty", parts), sql.less(hours, 24), sql.less(minutes, 60), sql.less(seconds, 60)]
    )
    return sql.if_(valid, sql.call("accurateCastOrNull", signed, "Int64"), sql.null())


def _unit_ticks(parts: Sql) -> Sql:
    names = sql.array([sql.literal(name) for name in _UNITS])
    sizes = sql.array([sql.call("toInt64", size) for size in _UNITS.values()])
    unit = sql.call("transform", _part(parts, 2), names, sizes, sql.call("toInt64", 0))
    amount = sql.call("toFloat64OrZero", _part(parts, 1))
    ticks = sql.call("accurateCastOrNull", sql.call("round", sql.times(amount, unit)), "Int64")
    return sql.if_(sql.call("notEmpty", parts), ticks, sql.null())
