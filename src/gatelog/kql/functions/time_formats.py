"""`format_datetime` and `format_timespan`: a picture such as `yyyy-MM-dd HH:mm` filled in.

    datetime   yyyy yy y  MM M  dd d  HH H (0-23)  hh h (1-12)  mm m  ss s  f... F... (fraction)  tt (AM, PM)
    timespan   d... (days, zero-padded)  hh h HH H  mm m  ss s  f... F...

Between them stand delimiters: blank / - : , . _ [ ]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, constant_string, finished
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

Piece = Callable[[Sql], Sql]

_LONGEST_FRACTION = 7
_DELIMITERS = frozenset(" /-:,._[]")


def _digits(number: Sql, width: int) -> Sql:
    text = sql.call("toString", number)
    return sql.call("leftPad", text, width, "0") if width > 1 else text


def _of(function: str, width: int) -> Piece:
    return lambda moment: _digits(sql.call(function, moment), width)


def _short_year(width: int) -> Piece:
    return lambda moment: _digits(sql.call("modulo", sql.call("toYear", moment), 100), width)


def _twelve_hours(width: int) -> Piece:
    def piece(moment: Sql) -> Sql:
        hour = sql.call("modulo", sql.plus(sql.call("toHour", moment), 11), 12)
        return _digits(sql.plus(hour, 1), width)

    return piece


def _half_of_day(moment: Sql) -> Sql:
    return sql.if_(sql.less(sql.call("toHour", moment), 12), "AM", "PM")


_DATETIME_PIECES: Mapping[str, Piece] = {
    "yyyy": _of("toYear", 4),
    "yy": _short_year(2),
    "y": _short_year(1),
    "MM": _of("toMonth", 2),
    "M": _of("toMonth", 1),
    "dd": _of("toDayOfMonth", 2),
    "d": _of("toDayOfMonth", 1),
    "HH": _of("toHour", 2),
    "H": _of("toHour", 1),
    "hh": _twelve_hours(2),
    "h": _twelve_hours(1),
    "mm": _of("toMinute", 2),
    "m": _of("toMinute", 1),
    "ss": _of("toSecond", 2),
    "s": _of("toSecond", 1),
    "tt": _half_of_day,
}


def _clock(unit: int, modulus: int, width: int) -> Piece:
    return lambda size: _digits(sql.call("modulo", sql.call("intDiv", size, unit), modulus), width)


_TIMESPAN_PIECES: Mapping[str, Piece] = {
    "HH": _clock(ticks.HOUR, 24, 2),
    "H": _clock(ticks.HOUR, 24, 1),
    "hh": _clock(ticks.HOUR, 24, 2),
    "h": _clock(ticks.HOUR, 24, 1),
    "mm": _clock(ticks.MINUTE, 60, 2),
    "m": _clock(ticks.MINUTE, 60, 1),
    "ss": _clock(ticks.SECOND, 60, 2),
    "s": _clock(ticks.SECOND, 60, 1),
}


def _fraction(count: Sql, run: str) -> Sql:
    """The first digits of the second's fraction; with F without the zeros at its end."""
    if len(run) > _LONGEST_FRACTION:
        raise Misfit(f"a fraction has at most {_LONGEST_FRACTION} digits")
    all_digits = _digits(sql.call("positiveModulo", count, ticks.SECOND), _LONGEST_FRACTION)
    digits = sql.call("substring", all_digits, 1, len(run))
    return sql.call("trimRight", digits, "0") if run[0] == "F" else digits


def _days(size: Sql, width: int) -> Sql:
    days = sql.call("toString", sql.call("intDiv", size, ticks.DAY))
    return sql.call("leftPad", days, sql.call("greatest", sql.call("length", days), width), "0")


_OF_DATETIME = r"f{1,7}|F{1,7}|y{1,4}|([a-zA-Z])\1?|[^a-zA-Z]+"
_OF_TIMESPAN = r"([a-zA-Z])\1*|[^a-zA-Z]+"


def _runs(picture: str, longest: str) -> list[str]:
    """The parts of a picture and what stands between them; of a longer run of a letter, parts as long as they
    can be."""
    for char in picture:
        if not char.isalpha() and char not in _DELIMITERS:
            raise Misfit(f"{char!r} is no delimiter of a format", "blank / - : , . _ [ ]")
    return [found.group() for found in re.finditer(longest, picture)]


def _datetime_piece(moment: Sql, run: str) -> Sql:
    if not run[0].isalpha():
        return sql.literal(run)
    if run[0] in "fF":
        return _fraction(ticks.since_1970(moment), run)
    if run not in _DATETIME_PIECES:
        raise Misfit(f"'{run}' is no part of a datetime format", " ".join(_DATETIME_PIECES) + " f F")
    return _DATETIME_PIECES[run](moment)


def _timespan_piece(size: Sql, run: str) -> Sql:
    if not run[0].isalpha():
        return sql.literal(run)
    if run[0] in "fF":
        return _fraction(size, run)
    if run[0] == "d":
        return _days(size, len(run))
    if run not in _TIMESPAN_PIECES:
        raise Misfit(f"'{run}' is no part of a timespan format", "d " + " ".join(_TIMESPAN_PIECES) + " f F")
    return _TIMESPAN_PIECES[run](size)


def _format_datetime(arguments: Sequence[Term]) -> Term:
    moment = accept(arguments[0], KqlType.DATETIME)
    runs = _runs(constant_string(arguments[1], "the format"), _OF_DATETIME)
    node = sql.with_value(
        moment.sql, "moment", lambda value: _joined([_datetime_piece(value, run) for run in runs])
    )
    return finished(KqlType.STRING, node, [moment])


def _format_timespan(arguments: Sequence[Term]) -> Term:
    span = accept(arguments[0], KqlType.TIMESPAN)
    runs = _runs(constant_string(arguments[1], "the format"), _OF_TIMESPAN)

    def fill(value: Sql) -> Sql:
        size = sql.call("abs", value)
        return _joined([sql.if_(sql.less(value, 0), "-", ""), *(_timespan_piece(size, run) for run in runs)])

    return finished(KqlType.STRING, sql.with_value(span.sql, "span", fill), [span])


def _joined(pieces: Sequence[Sql]) -> Sql:
    return sql.call("concat", *pieces) if pieces else sql.literal("")


TIME_FORMATS: tuple[Function, ...] = (
    Function("format_datetime", 2, 2, _format_datetime, Naming.FIRST),
    Function("format_timespan", 2, 2, _format_timespan, Naming.FIRST),
)
"""The rows of this table."""
