"""The time range of a query, as the Log Analytics API takes it (ISO 8601).

P1D · PT30M              the last day, the last half hour
start/end                2026-01-01T00:00:00Z/2026-01-02T00:00:00Z
start/P1D · P1D/end      a duration after, before a time
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gatelog.errors import KqlSemanticError

_NUMBER = r"\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"P(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?",
    re.ASCII,
)
_TIME = re.compile(r"[-0-9W]+(?:[Tt ][-+:.,0-9Z]+)?")
"""Python takes any character between a date and a time."""
_HINT = "write P1D, PT30M, start/end or start/P1D; months and years have no fixed length"
_TIME_HINT = "write 2026-01-31 or 2026-01-31T08:00:00Z"

Span = tuple[datetime | None, datetime | None]


_SHOWN_CHARACTERS = 60
"""Of what is no time, so many are repeated in the error."""


def _shown(text: str) -> str:
    return f"{text!r:.{_SHOWN_CHARACTERS}}"


def parse_timespan(text: str, now: datetime) -> Span:
    """(from, to), both in UTC; a bare duration ends at `now`. KqlSemanticError if it is none of the above."""
    try:
        return _span(text, now)
    except OverflowError:
        raise KqlSemanticError(f"{_shown(text)} reaches beyond the years 1 to 9999", hint=_HINT) from None


def _span(text: str, now: datetime) -> Span:
    first, slash, second = text.strip().partition("/")
    if not slash:
        return now - duration_of(first), now
    if first.startswith("P"):
        end = parse_time(second, _HINT)
        return end - duration_of(first), end
    start = parse_time(first, _HINT)
    end = start + duration_of(second) if second.startswith("P") else parse_time(second, _HINT)
    if end < start:
        raise KqlSemanticError(f"the timespan {_shown(text)} ends before it starts", hint=_HINT)
    return start, end


def parse_time(text: str, hint: str = _TIME_HINT) -> datetime:
    """An ISO 8601 time; UTC where it names no zone. `hint` says in the error what to write."""
    # In a URL a plus sign means a space: "T08:00+02:00" usually arrives as "T08:00 02:00".
    written = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        time = datetime.fromisoformat(written if _TIME.fullmatch(written) else "")
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise KqlSemanticError(f"{_shown(text)} is not an ISO 8601 time", hint=hint) from None


def duration_of(text: str) -> timedelta:
    """An ISO 8601 duration without months and years."""
    match = _DURATION.fullmatch(text)
    named = match.groupdict().items() if match else ()
    parts = {name: float(value.replace(",", ".")) for name, value in named if value}
    if not parts:
        raise KqlSemanticError(f"{_shown(text)} is not an ISO 8601 duration", hint=_HINT)
    try:
        return timedelta(**parts)
    except OverflowError:
        raise KqlSemanticError(f"{_shown(text)} is longer than time itself", hint=_HINT) from None
