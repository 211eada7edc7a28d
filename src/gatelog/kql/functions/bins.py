"""Functions that round datetimes and numbers down: bin, bin_at, startofday, endofday and their relatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, Naming, accept, aliases, finished
from gatelog.kql.functions.times import months_later
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType, wider
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.known_times import WEEK, end_of, known, start_of, time_term

LONG, REAL = KqlType.LONG, KqlType.REAL
DATETIME, TIMESPAN = KqlType.DATETIME, KqlType.TIMESPAN

_EPOCH_SUNDAY = 4 * ticks.DAY
"""1970-01-01 was a Thursday: ticks from the Sunday before."""


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


def _sunday(term: Term) -> Term:
    """NULL in the first week, which begins before the year 1."""
    return finished(DATETIME, _known(_floor_weeks(ticks.since_1970(term.sql))), [term], may_fail=True)


def _floor_months(term: Term) -> Term:
    """The first of the month: back by the days since it."""
    first = sql.call("subtractDays", term.sql, sql.minus(sql.call("toDayOfMonth", term.sql), 1))
    return _moment(_floor_days)(finished(DATETIME, first, [term]))


def _floor_years(term: Term) -> Term:
    first = sql.call("subtractDays", term.sql, sql.minus(sql.call("toDayOfYear", term.sql), 1))
    return _moment(_floor_days)(finished(DATETIME, first, [term]))


_STARTS: dict[str, Callable[[Term], Term]] = {
    "day": _moment(_floor_days),
    "week": _sunday,
    "month": _floor_months,
    "year": _floor_years,
}
_STEPS = {"day": ticks.DAY, "week": WEEK}
_MONTHS = {"month": 1, "year": 12}


def _constant(find: Callable[[str, int, int], int | None], unit: str, terms: Sequence[Term]) -> Term | None:
    """What `find` finds of a constant datetime and a constant number of steps."""
    moment = known(terms[0]) if terms[0].type is DATETIME else None
    steps = 0 if len(terms) == 1 else known(terms[1]) if terms[1].type in INTEGERS else None
    return None if moment is None or steps is None else time_term(DATETIME, find(unit, moment, steps))


def _start(unit: str, arguments: Sequence[Term]) -> Term:
    """The start of the unit that is as many units away as the second argument says."""
    if (constant := _constant(start_of, unit, arguments)) is not None:
        return constant
    start = _STARTS[unit](accept(arguments[0], DATETIME))
    if len(arguments) == 1:
        return start
    steps = accept(arguments[1], LONG)
    if unit in _MONTHS:
        later = months_later(start.sql, ticks.multiple(steps.sql, _MONTHS[unit]))
    else:
        later = _known(sql.plus(ticks.since_1970(start.sql), ticks.multiple(steps.sql, _STEPS[unit])))
    return finished(DATETIME, later, [start, steps], may_fail=True)


def _known(count: Sql) -> Sql:
    """The datetime of ticks from 1970; NULL outside of the years 1 to 9999."""
    return ticks.from_1970(ticks.in_range(count), nullable=True)


def _start_of(unit: str) -> Function:
    naming = Naming.FIRST if unit == "day" else Naming.NONE
    return Function(f"startof{unit}", 1, 2, lambda arguments: _start(unit, arguments), naming)


def _next(unit: str, start: Sql) -> Sql:
    """Ticks from 1970 to the start of the next unit; ClickHouse knows none after the last December."""
    count = ticks.since_1970(start)
    if unit in _STEPS:
        return sql.plus(count, _STEPS[unit])
    if unit == "year":
        return sql.plus(ticks.since_1970(sql.call("addMonths", start, 11)), 31 * ticks.DAY)
    following = ticks.since_1970(sql.call("addMonths", start, 1))
    return sql.if_(sql.eq(sql.call("toMonth", start), 12), sql.plus(count, 31 * ticks.DAY), following)


def _end_of(unit: str) -> Function:
    """The last tick of the unit."""

    def build(arguments: Sequence[Term]) -> Term:
        if (constant := _constant(end_of, unit, arguments)) is not None:
            return constant
        start = _start(unit, arguments)
        last = sql.with_value(start.sql, "start", lambda begin: sql.minus(_next(unit, begin), 1))
        if unit == "week":
            return finished(DATETIME, _known(last), [start], may_fail=True)
        return finished(DATETIME, ticks.from_1970(last, nullable=start.nullable), [start])

    return Function(f"endof{unit}", 1, 2, build)


def bin_of(arguments: Sequence[Term]) -> Term:
    """`bin(value, width)`: rounded down to a multiple of the width; datetimes count from 0001-01-01."""
    value, width = arguments
    if value.type is KqlType.DYNAMIC:
        raise Misfit("a dynamic has no bins", "convert it, for example with tolong() or todatetime()")
    if value.type in (DATETIME, TIMESPAN):
        return _time_bin(value, accept(width, TIMESPAN))
    if value.type not in NUMBERS or width.type not in NUMBERS:
        raise Misfit(f"bin() has no meaning for {value.type} and {width.type}")
    return _number_bin(value, width)


def _time_bin(value: Term, width: Term) -> Term:
    count, size = known(value), known(width)
    if count is not None and size is not None and size > 0:
        constant = time_term(value.type, count - count % size)
        if constant is not None:
            return constant
    if value.type is DATETIME:
        return _datetime_bin(value, width)
    return finished(TIMESPAN, ticks.floor_to(value.sql, width.sql), [value, width], may_fail=True)


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
    if kind is KqlType.DECIMAL:
        floor = arithmetic("-", value, arithmetic("%", value, width))
        positive = sql.if_(sql.greater(width.sql, 0), floor.sql, sql.null())
        return finished(kind, positive, [value, width], may_fail=True)
    whole = sql.call("floor", sql.over(value.sql, width.sql))
    down = sql.times(whole, width.sql)
    if not _not_positive(width):
        return finished(REAL, down, [value, width])
    not_negative = sql.if_(sql.less(width.sql, 0), sql.null(), down)
    return finished(REAL, not_negative, [value, width], may_fail=True)


def _not_positive(width: Term) -> bool:
    value = width.constant.value if width.constant is not None else None
    return not (isinstance(value, int | float) and value > 0)


def bin_at(arguments: Sequence[Term]) -> Term:
    """`bin_at(value, width, fixed)`: bins one of which begins at a fixed point."""
    value, width, origin = arguments
    if value.type is DATETIME:
        fixed = accept(origin, DATETIME)
        start = ticks.since_1970(fixed.sql)
        steps = ticks.floor_to(sql.minus(ticks.since_1970(value.sql), start), accept(width, TIMESPAN).sql)
        return finished(DATETIME, _known(sql.plus(start, steps)), arguments, may_fail=True)
    if value.type is TIMESPAN:
        fixed = accept(origin, TIMESPAN)
        steps = ticks.floor_to(sql.minus(value.sql, fixed.sql), accept(width, TIMESPAN).sql)
        return finished(TIMESPAN, sql.plus(fixed.sql, steps), arguments, may_fail=True)
    numbers = [accept(term, Anything.NUMBER).type for term in arguments]
    kind = wider(wider(numbers[0], numbers[1]), numbers[2])
    value, width, origin = (convert(term, kind) for term in (value, width, origin))
    shifted = finished(kind, sql.minus(value.sql, origin.sql), [value, origin])
    floor = _number_bin(shifted, width)
    return finished(floor.type, sql.plus(floor.sql, origin.sql), [floor, origin])


BINS: tuple[Function, ...] = (
    *aliases(Function("bin", 2, 2, bin_of, Naming.FIRST), "floor"),
    Function("bin_at", 3, 3, bin_at, Naming.FIRST),
    *(_start_of(unit) for unit in _STARTS),
    *(_end_of(unit) for unit in _STARTS),
)
"""The rows of this table."""
