"""Times that are known when the query is compiled: what comes of them is, too.

    startofday(ago(7d))     one datetime in the SQL, and not the dozen functions that would find it

They are counted as in `ast.Literal`: ticks of 100 ns, a datetime's since 0001-01-01.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta

from gatelog.kql.clickhouse import ticks
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import literal_term

WEEK = 7 * ticks.DAY

_DAYS: Mapping[str, int] = {"day": ticks.DAY, "week": WEEK}
_MONTHS: Mapping[str, int] = {"month": 1, "year": 12}
_LONGS = range(-(2**63), 2**63)
_YEAR_10000 = 12 * 10_000
"""Its first month, counted from a year 0."""


def known(term: Term) -> int | None:
    """The ticks, or the integer, that a term is known to be."""
    value = term.constant.value if term.constant is not None else None
    return value if isinstance(value, int) else None


def time_term(kind: KqlType, count: int | None) -> Term | None:
    """A datetime or timespan of so many ticks; None for what is not known, and where the type has none."""
    held = range(ticks.LAST + 1) if kind is KqlType.DATETIME else _LONGS
    return literal_term(kind, count) if count is not None and count in held else None


_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z?)?", re.ASCII)


def datetime_of(term: Term) -> Term | None:
    """The datetime that a constant text has, if it is in the form of ISO 8601 that needs no thought."""
    text = term.constant.value if term.constant is not None else None
    return time_term(KqlType.DATETIME, _moment(text)) if isinstance(text, str) else None


def _moment(text: str) -> int | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction = match.groups(default="")
    try:
        days = (date.fromisoformat(day) - date.min).days
        at = time.fromisoformat(clock or "00:00:00")
    except ValueError:
        return None
    seconds = at.hour * 3_600 + at.minute * 60 + at.second
    return days * ticks.DAY + seconds * ticks.SECOND + int(fraction.ljust(7, "0"))


def start_of(unit: str, moment: int, steps: int = 0) -> int | None:
    """The start of the day, week, month or year of a moment, or of the one `steps` later; None outside of the
    years 1 to 9999, as for the first week, which begins before them."""
    start = _start(unit, moment, steps)
    within = range(ticks.LAST + 1)
    return start if start in within and _start(unit, moment, 0) in within else None


def end_of(unit: str, moment: int, steps: int = 0) -> int | None:
    """The last tick of the same."""
    return None if start_of(unit, moment, steps) is None else _start(unit, moment, steps + 1) - 1


def _start(unit: str, moment: int, steps: int) -> int:
    """The same wherever it is; of years before 1 and after 10000 no more than that they are."""
    if unit in _DAYS:
        size = _DAYS[unit]
        before = ticks.DAY if unit == "week" else 0  # 0001-01-01 was a Monday
        return (moment + before) // size * size - before + steps * size
    day = date.min + timedelta(days=moment // ticks.DAY)
    month = day.year * 12 + (day.month - 1 if unit == "month" else 0) + steps * _MONTHS[unit]
    if not 12 <= month < _YEAR_10000:
        return -1 if month < 12 else ticks.LAST + 1
    return (date(month // 12, month % 12 + 1, 1) - date.min).days * ticks.DAY
