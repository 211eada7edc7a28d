"""From which time on there are the latest so many calls, so that nothing older is read for them.

    received >= (SELECT min(day) …)       the engine counts the calls of all days first; true of any store
    received >= toDateTime64('…')         the minute from which on there were as many calls a while ago

Calls come, and the oldest go first (retention.py): of calls from a time on there are never fewer again while
older ones are left. So what was found once stays true, and is found anew to read less. Only calls that come
late, from before days that were dropped, would be missed: whoever drops days says `forget`. What is deleted
past this process is noticed after FRESH_S.

    unasked ── a statement asks ──► asked ── another ──► known ─┬─ after FRESH_S: counted anew, from there on
       ▲                              ▲                         ├─ and calls from there on are gone
       │                              └─────────────────────────┤
       └────────────────────────────────────────────────────────┴─ after FORGOTTEN_S without a statement
The first statement pays for no more than its own answer: it may be the only one of its process.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.store.clients import Clients
from gatelog.store.query import Budget, run

ROWS_KNOWN = 10_000
"""Of so many of the latest calls the times are known; who wants more reads whole days."""

FRESH_S = 60.0
"""Seconds for which the times are used as they are: the calls of so long are read in vain at most."""

FORGOTTEN_S = 3600.0
"""Seconds after which to count from there on would take longer than to begin again."""

_COUNTED = Budget()
"""Rows and bytes of a count, whatever the answer may have."""

# With quotes of both kinds: no literal or name of a query can hold it, as its own are written otherwise.
_DAYS = """received >= (
  SELECT min(day) FROM (
    SELECT day, sum(of_day) OVER (ORDER BY day DESC ROWS UNBOUNDED PRECEDING) - of_day AS of_later_days
    FROM (SELECT toDate(received) AS day, count() AS of_day FROM calls GROUP BY day))
  WHERE "of_later_days" < '{count}')"""

_ASKED = re.compile(re.escape(_DAYS).replace(re.escape("{count}"), r"(\d+)"))

_MINUTES = """SELECT toString(min(received)) AS first, count() FROM calls WHERE {condition}
GROUP BY toStartOfMinute(received) ORDER BY min(received) DESC"""


def of_latest_days(count: int) -> str:
    """The condition for the days of the latest `count` calls. The engine knows how many calls a partition
    has; to find them in an index of all times takes longer than to read them.
    """
    return _DAYS.format(count=count)


class _Minute(NamedTuple):
    """The first time of a minute that has calls (UTC, as the engine writes it), and how many there are from
    then on."""

    first: str
    calls: int


class _Known(NamedTuple):
    """Minutes from the latest to the one with which there are ROWS_KNOWN, or to the first of all; and when
    (monotonic seconds) they were counted. None: somebody asked once."""

    at: float
    minutes: Sequence[_Minute] | None = None


class LatestCalls:
    """What is known of one store. Threads may do the same twice, and see all of it or nothing."""

    def __init__(self, clients: Clients, seconds: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._seconds = seconds
        self._known: _Known | None = None

    def shortened(self, sql: str, budget: Budget) -> tuple[str, Budget]:
        """The statement with a time in place of the days of the latest calls, where one is known, and what is
        left of its budget. Blocks, and has the errors of `run`, where it counts."""
        if _ASKED.search(sql) is None:
            return sql, budget
        began = self._seconds()
        minutes = self._minutes(budget)
        shorter = _ASKED.sub(lambda found: _from_then_on(minutes, int(found[1])) or found[0], sql)
        return shorter, budget.after(self._seconds() - began)

    def forget(self) -> None:
        """Begin again: calls may have been removed."""
        self._known = None

    def _minutes(self, budget: Budget) -> Sequence[_Minute]:
        now, known = self._seconds(), self._known
        if known is None or now - known.at > FORGOTTEN_S:
            self._known = _Known(now)
            return ()
        if known.minutes is None or now - known.at > FRESH_S:
            known = _Known(now, self._counted(known.minutes or (), budget))
            self._known = known
        return known.minutes or ()

    def _counted(self, before: Sequence[_Minute], budget: Budget) -> Sequence[_Minute] | None:
        """As it is now: from where it was known before, and nothing if calls from there on are gone."""
        condition = _from(before[-1].first) if before else of_latest_days(ROWS_KNOWN)
        minutes = self._count(condition, budget)
        if before and (not minutes or minutes[-1].calls < before[-1].calls):
            return None
        return _enough(minutes)

    def _count(self, condition: str, budget: Budget) -> list[_Minute]:
        own = budget._replace(rows=_COUNTED.rows, bytes=_COUNTED.bytes)
        rows = run(self._clients, _MINUTES.format(condition=condition), own).rows
        minutes, calls = [], 0
        for first, of_minute in rows:
            calls += of_minute
            minutes.append(_Minute(first, calls))
        return minutes


def _enough(minutes: list[_Minute]) -> Sequence[_Minute]:
    place = next((at for at, minute in enumerate(minutes) if minute.calls >= ROWS_KNOWN), len(minutes))
    return minutes[: place + 1]


def _from_then_on(minutes: Sequence[_Minute], count: int) -> str:
    """The condition for the latest `count` calls; empty where it is not known."""
    return next((_from(minute.first) for minute in minutes if minute.calls >= count), "")


def _from(first: str) -> str:
    return f"received >= toDateTime64('{first}', 7, 'UTC')"
