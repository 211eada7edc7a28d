"""Functions on datetimes and timespans."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import (
    Anything,
    Function,
    Naming,
    accept,
    aliases,
    cast,
    constant_string,
    finished,
    simple,
)
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values.conversions import convert

INT, LONG, REAL = KqlType.INT, KqlType.LONG, KqlType.REAL
DATETIME, TIMESPAN = KqlType.DATETIME, KqlType.TIMESPAN


def _part(name: str, function: str) -> Function:
    return simple(name, [DATETIME], INT, lambda moment: sql.call("toInt32", sql.call(function, moment)))


_UNIT_TICKS = {
    "week": 7 * ticks.DAY,
    "day": ticks.DAY,
    "hour": ticks.HOUR,
    "minute": ticks.MINUTE,
    "second": ticks.SECOND,
    "millisecond": 10_000,
    "microsecond": 10,
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


def _unit(term: Term) -> str:
    unit = constant_string(term, "the part").lower()
    if unit not in _UNIT_TICKS and unit not in _MONTHS and unit != "nanosecond":
        raise Misfit(
            f"'{unit}' is no part of a date", "year, quarter, month, week, day, hour, minute, second ..."
        )
    return unit


def _datetime_add(arguments: Sequence[Term]) -> Term:
    unit, amount, moment = _unit(arguments[0]), accept(arguments[1], LONG), accept(arguments[2], DATETIME)
    if unit in _MONTHS:
        months = ticks.multiple(amount.sql, _MONTHS[unit])
        return finished(DATETIME, months_later(moment.sql, months), [amount, moment], may_fail=True)
    span = (
        sql.call("intDiv", amount.sql, 100)
        if unit == "nanosecond"
        else ticks.multiple(amount.sql, _UNIT_TICKS[unit])
    )
    shifted = ticks.in_range(sql.plus(ticks.since_1970(moment.sql), span))
    return finished(DATETIME, ticks.from_1970(shifted, nullable=True), [amount, moment], may_fail=True)


def months_later(moment: Sql, months: Sql) -> Sql:
    """The datetime so many months later: NULL outside of the years 1 to 9999, where ClickHouse would stop at
    the border."""
    month = sql.plus(_count("month", moment), months)
    known = sql.all_of([sql.at_least(month, 12), sql.less(month, 120_000)])
    return sql.if_(known, sql.call("addMonths", moment, months), sql.null())


def _datetime_diff(arguments: Sequence[Term]) -> Term:
    """How many borders of the unit lie between: `datetime_diff('day', a, b)` is positive when a is later."""
    unit = _unit(arguments[0])
    later, earlier = accept(arguments[1], DATETIME), accept(arguments[2], DATETIME)
    node = sql.minus(_count(unit, later.sql), _count(unit, earlier.sql))
    return finished(LONG, node, [later, earlier])


def _count(unit: str, moment: Sql) -> Sql:
    """How many units have passed since a fixed time."""
    if unit in _MONTHS:
        year = sql.call("toInt64", sql.call("toYear", moment))
        months = sql.plus(sql.times(year, 12), sql.minus(sql.call("toMonth", moment), 1))
        return sql.call("intDiv", months, _MONTHS[unit])
    value = ticks.since_year_1(moment)
    if unit == "nanosecond":
        return sql.times(ticks.since_1970(moment), 100)
    if unit == "week":
        value = sql.plus(value, ticks.DAY)
    return sql.call("intDiv", value, _UNIT_TICKS[unit])


def _week_of_year(moment: Sql) -> Sql:
    """Weeks begin on Sunday, and the first has the first Wednesday: a week's Wednesday tells its number."""
    ahead = sql.minus(3, sql.call("modulo", sql.call("toDayOfWeek", moment), 7))
    wednesday = sql.call("addDays", sql.call("toDate32", moment), ahead)
    whole_weeks = sql.call("intDiv", sql.minus(sql.call("toDayOfYear", wednesday), 1), 7)
    return sql.call("toInt32", sql.plus(whole_weeks, 1))


_PARTS: dict[str, Callable[[Sql], Sql]] = {
    "year": lambda moment: sql.call("toYear", moment),
    "quarter": lambda moment: sql.call("toQuarter", moment),
    "month": lambda moment: sql.call("toMonth", moment),
    "week_of_year": lambda moment: sql.call("toISOWeek", moment),
    "weekofyear": _week_of_year,
    "day": lambda moment: sql.call("toDayOfMonth", moment),
    "dayofyear": lambda moment: sql.call("toDayOfYear", moment),
    "hour": lambda moment: sql.call("toHour", moment),
    "minute": lambda moment: sql.call("toMinute", moment),
    "second": lambda moment: sql.call("toSecond", moment),
    "millisecond": lambda moment: sql.call("intDiv", _fraction(moment), 10_000),
    "microsecond": lambda moment: sql.call("intDiv", _fraction(moment), 10),
    "nanosecond": lambda moment: sql.times(_fraction(moment), 100),
}


def _fraction(moment: Sql) -> Sql:
    return sql.call("positiveModulo", ticks.since_1970(moment), ticks.SECOND)


def _datetime_part(arguments: Sequence[Term]) -> Term:
    name = constant_string(arguments[0], "the part").lower()
    if name not in _PARTS:
        raise Misfit(f"'{name}' is no part of a date", ", ".join(_PARTS))
    moment = accept(arguments[1], DATETIME)
    return finished(INT, sql.call("toInt32", _PARTS[name](moment.sql)), [moment])


def _day_of_week(moment: Sql) -> Sql:
    days = sql.call("modulo", sql.call("toDayOfWeek", moment), 7)
    return sql.times(sql.call("toInt64", days), ticks.DAY)


def _make_datetime(arguments: Sequence[Term]) -> Term:
    if len(arguments) == 1:
        return cast("make_datetime", arguments[0], DATETIME)
    if len(arguments) == 2:
        raise Misfit("make_datetime() takes a year, a month and a day at least, or one value to convert")
    parts = [accept(argument, Anything.NUMBER) for argument in arguments]
    whole = [convert(part, LONG).sql for part in parts[:5]]
    while len(whole) < 5:
        whole.append(sql.literal(0))
    seconds = convert(parts[5], REAL).sql if len(parts) == 6 else sql.call("toFloat64", 0)
    return finished(DATETIME, _assembled(whole, seconds), parts, may_fail=True)


def _assembled(whole: Sequence[Sql], seconds: Sql) -> Sql:
    """The date through its text, which refuses what is no date; the rest in ticks."""
    year, month, day, hour, minute = whole
    text = sql.call("concat", _digits(year, 4), "-", _digits(month, 2), "-", _digits(day, 2))
    date = sql.call("parseDateTime64BestEffortOrNull", text, 7, "UTC")
    rest = sql.plus(sql.times(hour, ticks.HOUR), sql.times(minute, ticks.MINUTE))
    rest = sql.plus(rest, _ticks_of(seconds))
    valid = sql.all_of([
        sql.at_least(year, 1), sql.call("less", year, 10_000),
        sql.at_least(month, 1), sql.call("less", month, 13), sql.at_least(day, 1), sql.call("less", day, 32),
        sql.call("less", hour, 24), sql.call("less", minute, 60), sql.call("less", seconds, 60),
        sql.at_least(hour, 0), sql.at_least(minute, 0), sql.at_least(seconds, 0),
    ])  # fmt: skip
    moment = ticks.in_range(sql.plus(ticks.since_1970(date), rest))  # seconds are rounded
    return sql.if_(valid, ticks.from_1970(moment, nullable=True), sql.null())


def _ticks_of(seconds: Sql) -> Sql:
    """The ticks of a real number of seconds, NULL for more than there can be."""
    rounded = sql.call("round", sql.times(seconds, ticks.SECOND))
    return sql.call("accurateCastOrNull", rounded, "Int64")


def _digits(number: Sql, width: int) -> Sql:
    return sql.call("leftPad", sql.call("toString", number), width, "0")


def _make_timespan(arguments: Sequence[Term]) -> Term:
    if len(arguments) == 1:
        if arguments[0].type in (DATETIME, KqlType.BOOL):
            raise Misfit(f"make_timespan() cannot take a {arguments[0].type}")
        return cast("make_timespan", arguments[0], TIMESPAN)
    parts = [accept(argument, Anything.NUMBER) for argument in arguments]
    *whole, last = parts
    is_seconds = len(parts) > 2
    values = [sql.call("toInt128", convert(part, LONG).sql) for part in (whole if is_seconds else parts)]
    days = values.pop(0) if len(parts) == 4 else sql.literal(0)
    hours, minutes = values
    seconds = convert(last, REAL).sql if is_seconds else sql.literal(0)
    total = sql.plus(sql.times(days, ticks.DAY), sql.times(hours, ticks.HOUR))
    total = sql.plus(sql.plus(total, sql.times(minutes, ticks.MINUTE)), _ticks_of(seconds))
    valid = sql.all_of([
        sql.at_least(hours, 0), sql.at_least(minutes, 0), sql.at_least(seconds, 0),
        sql.call("less", hours, 24), sql.call("less", minutes, 60), sql.call("less", seconds, 60),
    ])  # fmt: skip
    known = sql.call("accurateCastOrNull", total, "Int64")
    return finished(TIMESPAN, sql.if_(valid, known, sql.null()), parts, may_fail=True)


def _unix_time(name: str, of_ticks: Callable[[Sql, KqlType], Sql]) -> Function:
    """A count of seconds (or parts of one) since 1970 as a datetime; `of_ticks` makes it, a long or a real,
    ticks."""

    def build(arguments: Sequence[Term]) -> Term:
        term = accept(arguments[0], Anything.NUMBER)
        kind = LONG if term.type in INTEGERS else REAL
        count = of_ticks(convert(term, kind).sql, kind)
        if kind is REAL:
            count = sql.call("accurateCastOrNull", sql.call("round", count), "Int64")
        moment = ticks.from_1970(ticks.in_range(count), nullable=True)
        return finished(DATETIME, moment, [term], may_fail=True)

    return Function(name, 1, 1, build)


def _multiple_of(unit: int) -> Callable[[Sql, KqlType], Sql]:
    return lambda value, kind: ticks.multiple(value, unit) if kind is LONG else sql.times(value, unit)


def _hundredth(value: Sql, kind: KqlType) -> Sql:
    return sql.call("intDiv", value, 100) if kind is LONG else sql.over(value, 100)


TIMES: tuple[Function, ...] = (
    Function("datetime_add", 3, 3, _datetime_add),
    Function("datetime_diff", 3, 3, _datetime_diff),
    *aliases(Function("datetime_part", 2, 2, _datetime_part), "datepart"),
    simple("dayofweek", [DATETIME], TIMESPAN, _day_of_week),
    _part("dayofmonth", "toDayOfMonth"),
    _part("dayofyear", "toDayOfYear"),
    _part("hourofday", "toHour"),
    _part("monthofyear", "toMonth"),
    _part("getmonth", "toMonth"),
    _part("getyear", "toYear"),
    _part("week_of_year", "toISOWeek"),
    simple("weekofyear", [DATETIME], INT, _week_of_year),
    Function("make_datetime", 1, 6, _make_datetime, Naming.ONLY),
    Function("make_timespan", 1, 4, _make_timespan, Naming.ONLY),
    _unix_time("unixtime_seconds_todatetime", _multiple_of(ticks.SECOND)),
    _unix_time("unixtime_milliseconds_todatetime", _multiple_of(10_000)),
    _unix_time("unixtime_microseconds_todatetime", _multiple_of(10)),
    _unix_time("unixtime_nanoseconds_todatetime", _hundredth),
)
"""The rows of this table."""
