"""The time range of a metrics request and how it is cut into grains.

    start, to the minute      end
    │    grain   │    grain   │          a point stands at the beginning of its grain; the last may be shorter
    └ point      └ point

Grains begin at the start of the range, as Azure's do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from gatelog.api.metrics.faults import bad_request
from gatelog.api.timespan import Span, duration_of

GRAINS = {
    "PT1M": timedelta(minutes=1),
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}
FULL = "FULL"

POINTS_MAX = 50_000
"""Points of one series: a month of minutes. Longer ranges need a larger grain."""

DEFAULT_RANGE = timedelta(hours=1)


class Times(NamedTuple):
    """A range, and the grain it is cut into: `interval` by its ISO 8601 name, FULL for one point."""

    start: datetime
    end: datetime
    interval: str

    @property
    def grain(self) -> timedelta:
        """The length of a grain."""
        return GRAINS.get(self.interval, self.end - self.start)

    @property
    def grains(self) -> int:
        """How many grains there are."""
        return 1 if self.interval == FULL else -((self.start - self.end) // self.grain)

    @property
    def text(self) -> str:
        """`start/end`."""
        return f"{iso(self.start)}/{iso(self.end)}"


def times_of(span: Span | None, interval: str, now: datetime, *, adjusts: bool) -> Times:
    """The range of a request: the last hour where it names none. `adjusts`: a length that is no grain becomes
    the next shorter one. MetricsError 400 for a grain that there is not, or a range with too many points.
    """
    start, end = span or (None, None)
    end = end or now
    start = (start or _an_hour_before(end)).replace(second=0, microsecond=0)
    if start >= end:
        raise bad_request("the timespan is empty or ends before it starts")
    times = Times(start, end, _interval(interval or "PT1M", adjusts))
    if times.grains > POINTS_MAX:
        raise bad_request(
            f"the timespan has {times.grains} points of {times.interval}, more than {POINTS_MAX}: "
            "ask for a larger interval"
        )
    return times


def iso(time: datetime) -> str:
    """As Azure writes times: without a fraction where there is none."""
    return time.isoformat().replace("+00:00", "Z")


def _an_hour_before(end: datetime) -> datetime:
    try:
        return end - DEFAULT_RANGE
    except OverflowError:
        raise bad_request(f"the timespan ends at {iso(end)}, and time begins there") from None


def _interval(text: str, adjusts: bool) -> str:
    if text.upper() == FULL:
        return FULL
    length = duration_of(text)
    exact = next((name for name, grain in GRAINS.items() if grain == length), None)
    if exact is not None:
        return exact
    if not adjusts:
        raise bad_request(f"the interval {text:.50} is not one of {', '.join(GRAINS)}, {FULL}")
    return next((name for name, grain in reversed(GRAINS.items()) if grain < length), "PT1M")
