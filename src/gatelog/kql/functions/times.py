"""Functions on datetimes and timespans."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql import sql, ticks
from gatelog.kql.conversions import convert
from gatelog.kql.functions.row import (
    Anything,
    Function,
    Naming,
    accept,
    aliases,
    constant_string,
    finished,
    simple,
)
from gatelog.kql.misfit import Misfit
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType, wider

INT, LONG, REAL = KqlType.INT, KqlType.LONG, KqlType.REAL
DATETIME, TIMESPAN = KqlType.DATETIME, KqlType.TIMESPAN

WEEK = 7 * ticks.DAY

_EPOCH_SUNDAY = 4 * ticks.DAY
"""1970-01-01 was a Thursday: ticks from the Sunday before."""


def _part(name: str, function: str) -> Function:
    return simple(name, [DATETIME], INT, lambda moment: sql.call("toInt32", sql.call(function, moment)))


def _moment(build: Callable[[Sql], Sql]) -> Callable[[Term], Term]:
    """A datetime from a datetime, by its ticks from 1970."""

    def apply(term: Term) -> Term:
        node = ticks.from_1970(build(ticks.since_1970(term.sql)), nullable=term.nullable)
        return finished(DATETIME, node, [term])

    return apply


def _floor_days(value: Sql) -> Sql:
    return ticks.floor_to(value, sql.literal(ticks.DAY))


def _floor_weeks(value: Sql) -> Sql:
    shifted = ticks.floor_to(sql.plus(value, _EPOCH_SUNDAY), sql.literal(WEEK))
    return sql.minus(shifted, _EPOCH_SUNDAY)


def _floor_months(term: Term) -> Term:
    """The first of the month: back by the days since it."""
    first = sql.call("subtractDays", term.sql, sql.minus(sql.call("toDayOfMonth", term.sql), 1))
    return _moment(_floor_days)(finished(DATETIME, first, [term]))


def _floor_years(term: Term) -> Term:
    first = sql.call("subtractDays", term.sql, sql.minus(sql.call("toDayOfYear", term.sql), 1))
    return _moment(_floor_days)(finished(DATETIME, first, [term]))


_STARTS: dict[str, tuple[Callable[[Term], Term], str]] = {
    "day": (_moment(_floor_days), "addDays"),
    "week": (_moment(_floor_weeks), "addWeeks"),
    "month": (_floor_months, "addMonths"),
    "year": (_floor_years, "addYears"),
}


def _start(unit: str, arguments: Sequence[Term], beyond: int) -> Term:
    """The start of the unit that is `beyond` plus the offset argument away."""
    floor, step = _STARTS[unit]
    start = floor(accept(arguments[0], DATETIME))
    if len(arguments) == 1 and beyond == 0:
        return start
    offset = accept(arguments[1], LONG).sql if len(arguments) == 2 else sql.literal(0)
    steps = sql.plus(offset, beyond) if beyond else offset
    return finished(DATETIME, sql.call(step, start.sql, steps), arguments)


def _start_of(unit: str) -> Function:
    naming = Naming.FIRST if unit == "day" else Naming.NONE
    return Function(f"startof{unit}", 1, 2, lambda arguments: _start(unit, arguments, 0), naming)


def _end_of(unit: str) -> Function:
    def build(arguments: Sequence[Term]) -> Term:
        return _moment(lambda value: sql.minus(value, 1))(_start(unit, arguments, 1))

    return Function(f"endof{unit}", 1, 2, build)


def bin_of(arguments: Sequence[Term]) -> Term:
    """`bin(value, width)`: rounded down to a multiple of the width; datetimes count from 0001-01-01."""
    value, width = arguments
    if value.type is KqlType.DYNAMIC:
        value = convert(value, DATETIME if width.type is TIMESPAN else REAL)
    if value.type is DATETIME:
        return _datetime_bin(value, _width(width))
    if value.type is TIMESPAN:
        return finished(TIMESPAN, ticks.floor_to(value.sql, _width(width).sql), [value, width], may_fail=True)
    if value.type not in NUMBERS or width.type not in NUMBERS:
        raise Misfit(f"bin() has no meaning for {value.type} and {width.type}")
    return _number_bin(value, width)


def _width(term: Term) -> Term:
    return (
        convert(term, TIMESPAN) if term.type is TIMESPAN or term.type in INTEGERS else accept(term, TIMESPAN)
    )


def _datetime_bin(value: Term, width: Term) -> Term:
    size = width.constant.value if width.constant is not None else None
    count = ticks.since_1970(value.sql)
    if isinstance(size, int) and size > 0:
        offset = ticks.EPOCH % size
        shifted = sql.plus(count, offset) if offset else count
        remainder = sql.call("toInt64", sql.call("positiveModulo", shifted, sql.call("toInt64", size)))
        return finished(
            DATETIME, ticks.from_1970(sql.minus(count, remainder), nullable=value.nullable), [value]
        )
    floor = ticks.floor_to(sql.plus(count, ticks.EPOCH), width.sql)
    return finished(
        DATETIME, ticks.from_1970(sql.minus(floor, ticks.EPOCH), nullable=True), [value, width], may_fail=True
    )


def _number_bin(value: Term, width: Term) -> Term:
    kind = wider(wider(value.type, width.type), LONG)
    value, width = convert(value, kind), convert(width, kind)
    if kind is LONG:
        return finished(
            LONG, ticks.floor_to(value.sql, width.sql), [value, width], may_fail=_not_positive(width)
        )
    whole = sql.call("floor", sql.over(value.sql, width.sql))
    if kind is KqlType.DECIMAL:
        raise Misfit("bin() of a decimal is not built", "convert it with toreal()")
    usable = sql.if_(sql.greater(width.sql, 0), sql.times(whole, width.sql), sql.null())
    return finished(REAL, usable, [value, width], may_fail=True)


def _not_positive(width: Term) -> bool:
    value = width.constant.value if width.constant is not None else None
    return not (isinstance(value, int) and value > 0)


def _bin_at(arguments: Sequence[Term]) -> Term:
    value, width, origin = arguments
    if value.type is DATETIME:
        fixed = accept(origin, DATETIME)
        start = ticks.since_1970(fixed.sql)
        steps = ticks.floor_to(sql.minus(ticks.since_1970(value.sql), start), _width(width).sql)
        return finished(
            DATETIME, ticks.from_1970(sql.plus(start, steps), nullable=True), arguments, may_fail=True
        )
    if value.type is TIMESPAN:
        fixed = accept(origin, TIMESPAN)
        steps = ticks.floor_to(sql.minus(value.sql, fixed.sql), _width(width).sql)
        return finished(TIMESPAN, sql.plus(fixed.sql, steps), arguments, may_fail=True)
    kind = wider(wider(accept(value, Anything.NUMBER).type, width.type), origin.type)
    value, width, origin = (convert(term, kind) for term in (value, width, origin))
    shifted = finished(kind, sql.minus(value.sql, origin.sql), [value, origin])
    floor = _number_bin(shifted, width)
    return finished(floor.type, sql.plus(floor.sql, origin.sql), [floor, origin])


_UNIT_TICKS = {
    "week": WEEK,
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
        months = sql.times(amount.sql, _MONTHS[unit])
        return finished(DATETIME, sql.call("addMonths", moment.sql, months), [amount, moment])
    span = (
        sql.call("intDiv", amount.sql, 100)
        if unit == "nanosecond"
        else sql.times(amount.sql, _UNIT_TICKS[unit])
    )
    shifted = sql.plus(ticks.since_1970(moment.sql), span)
    nullable = amount.nullable or moment.nullable
    return finished(DATETIME, ticks.from_1970(shifted, nullable=nullable), [amount, moment])


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


_PARTS: dict[str, Callable[[Sql], Sql]] = {
    "year": lambda moment: sql.call("toYear", moment),
    "quarter": lambda moment: sql.call("toQuarter", moment),
    "month": lambda moment: sql.call("toMonth", moment),
    "week_of_year": lambda moment: sql.call("toISOWeek", moment),
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


def _week_of_year(moment: Sql) -> Sql:
    """Weeks begin on Sunday, the first on the first of January, however short."""
    day = sql.minus(sql.call("toDayOfYear", moment), 1)
    first = sql.call("positiveModulo", sql.minus(sql.call("toDayOfWeek", moment), day), 7)
    return sql.call("toInt32", sql.plus(sql.call("intDiv", sql.plus(day, first), 7), 1))


def _to_zone(arguments: Sequence[Term]) -> Term:
    """What the clocks of a time zone show."""
    moment, zone = accept(arguments[0], DATETIME), constant_string(arguments[1], "the time zone")
    offset = sql.call("timeZoneOffset", sql.call("toTimeZone", moment.sql, zone))
    shifted = sql.plus(ticks.since_1970(moment.sql), sql.times(sql.call("toInt64", offset), ticks.SECOND))
    return finished(DATETIME, ticks.from_1970(shifted, nullable=moment.nullable), [moment])


def _from_zone(arguments: Sequence[Term]) -> Term:
    """The time at which the clocks of a time zone show this."""
    moment, zone = accept(arguments[0], DATETIME), constant_string(arguments[1], "the time zone")
    local = sql.call("parseDateTime64BestEffortOrNull", sql.call("toString", moment.sql), 7, zone)
    return finished(DATETIME, sql.call("toTimeZone", local, "UTC"), [moment], may_fail=True)


def _make_datetime(arguments: Sequence[Term]) -> Term:
    if len(arguments) == 1:
        return convert(arguments[0], DATETIME)
    parts = [convert(accept(argument, Anything.NUMBER), REAL) for argument in arguments]
    whole = [sql.call("toInt64", part.sql) for part in parts[:5]]
    while len(whole) < 5:
        whole.append(sql.literal(0))
    seconds = parts[5].sql if len(parts) == 6 else sql.call("toFloat64", 0)
    return finished(DATETIME, _assembled(whole, seconds), parts, may_fail=True)


def _assembled(whole: Sequence[Sql], seconds: Sql) -> Sql:
    """The date through its text, which refuses what is no date; the rest in ticks."""
    year, month, day, hour, minute = whole
    text = sql.call("concat", _digits(year, 4), "-", _digits(month, 2), "-", _digits(day, 2))
    date = sql.call("parseDateTime64BestEffortOrNull", text, 7, "UTC")
    rest = sql.plus(sql.times(hour, ticks.HOUR), sql.times(minute, ticks.MINUTE))
    rest = sql.plus(rest, sql.call("toInt64", sql.call("round", sql.times(seconds, ticks.SECOND))))
    valid = sql.all_of([
        sql.call("less", hour, 24), sql.call("less", minute, 60), sql.call("less", seconds, 60),
        sql.at_least(hour, 0), sql.at_least(minute, 0), sql.at_least(seconds, 0),
    ])  # fmt: skip
    moment = ticks.from_1970(sql.plus(ticks.since_1970(date), rest), nullable=True)
    return sql.if_(valid, moment, sql.null())


def _digits(number: Sql, width: int) -> Sql:
    return sql.call("leftPad", sql.call("toString", number), width, "0")


def _make_timespan(arguments: Sequence[Term]) -> Term:
    if len(arguments) == 1:
        return convert(arguments[0], TIMESPAN)
    parts = [accept(argument, Anything.NUMBER) for argument in arguments]
    *whole, last = parts
    is_seconds = len(parts) > 2
    values = [convert(part, LONG).sql for part in (whole if is_seconds else parts)]
    days = values.pop(0) if len(parts) == 4 else sql.literal(0)
    hours, minutes = values
    seconds = convert(last, REAL).sql if is_seconds else sql.literal(0)
    total = sql.plus(sql.times(days, ticks.DAY), sql.times(hours, ticks.HOUR))
    seconds_ticks = sql.call("toInt64", sql.call("round", sql.times(seconds, ticks.SECOND)))
    total = sql.plus(sql.plus(total, sql.times(minutes, ticks.MINUTE)), seconds_ticks)
    valid = sql.all_of(
        [sql.call("less", hours, 24), sql.call("less", minutes, 60), sql.call("less", seconds, 60)]
    )
    return finished(TIMESPAN, sql.if_(valid, sql.call("toInt64", total), sql.null()), parts, may_fail=True)


def _unix_time(name: str, unit: int | float) -> Function:
    """A count of seconds (or parts of one) since 1970 as a datetime; `unit` in ticks."""

    def build(arguments: Sequence[Term]) -> Term:
        term = accept(arguments[0], Anything.NUMBER)
        if term.type in INTEGERS and unit >= 1:
            count = sql.times(convert(term, LONG).sql, int(unit))
        else:
            count = sql.call(
                "accurateCastOrNull",
                sql.times(convert(term, REAL).sql, sql.call("toFloat64", repr(unit))),
                "Int64",
            )
        return finished(DATETIME, ticks.from_1970(count, nullable=True), [term], may_fail=True)

    return Function(name, 1, 1, build)


TIMES: tuple[Function, ...] = (
    *aliases(Function("bin", 2, 2, bin_of, Naming.FIRST), "floor"),
    Function("bin_at", 3, 3, _bin_at, Naming.FIRST),
    *(_start_of(unit) for unit in _STARTS),
    *(_end_of(unit) for unit in _STARTS),
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
    Function("datetime_utc_to_local", 2, 2, _to_zone),
    Function("datetime_local_to_utc", 2, 2, _from_zone),
    Function("make_datetime", 1, 6, _make_datetime, Naming.ONLY),
    Function("make_timespan", 1, 4, _make_timespan, Naming.ONLY),
    _unix_time("unixtime_seconds_todatetime", ticks.SECOND),
    _unix_time("unixtime_milliseconds_todatetime", 10_000),
    _unix_time("unixtime_microseconds_todatetime", 10),
    _unix_time("unixtime_nanoseconds_todatetime", 0.01),
)
"""The rows of this table."""
