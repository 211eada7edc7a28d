"""Time ranges as the Log Analytics API takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatelog.api.timespan import parse_time, parse_timespan
from gatelog.errors import KqlSemanticError

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P1D", NOW - timedelta(days=1), NOW),
        ("PT90M", NOW - timedelta(minutes=90), NOW),
        ("P1W", NOW - timedelta(weeks=1), NOW),
        ("P1DT2H3M4.5S", NOW - timedelta(days=1, hours=2, minutes=3, seconds=4.5), NOW),
        (
            "2026-09-20/2026-09-21T06:00:00Z",
            datetime(2026, 9, 20, tzinfo=UTC),
            datetime(2026, 9, 21, 6, tzinfo=UTC),
        ),
        (
            "2026-09-20T02:00:00+02:00/PT1H",
            datetime(2026, 9, 20, tzinfo=UTC),
            datetime(2026, 9, 20, 1, tzinfo=UTC),
        ),
        (
            "2026-09-20t02:00:00+02:00/PT1H",  # RFC 3339 takes both
            datetime(2026, 9, 20, tzinfo=UTC),
            datetime(2026, 9, 20, 1, tzinfo=UTC),
        ),
        ("PT1.5H", NOW - timedelta(minutes=90), NOW),
        ("P0,5D", NOW - timedelta(hours=12), NOW),
        (
            "2026-09-20T02:00:00 02:00/PT1H",  # a plus sign that was not escaped in a URL
            datetime(2026, 9, 20, tzinfo=UTC),
            datetime(2026, 9, 20, 1, tzinfo=UTC),
        ),
        ("P1D/2026-09-20", datetime(2026, 9, 19, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)),
    ],
)
def test_a_timespan_has_a_start_and_an_end(text: str, start: datetime, end: datetime) -> None:
    """Both in UTC; a bare duration ends now."""
    assert parse_timespan(text, NOW) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "1D",
        "P1M",
        "P1Y",
        "yesterday",
        "P1D/",
        "/P1D",
        "2026-09-21/2026-09-20",
        "P99999999999D",
        "P1D/P1D",
        "P900000000D",
        "P1D/0001-01-01",
        "2026-01-01/P3000000D",
        "0001-01-01T00:00:00+14:00/P1D",
        "9999-12-31T23:59:59-14:00/P1D",
        "P१D",
        "PT1_0M",
        "२०२६-09-20/P1D",
        "2026-09-20१06:00/P1D",
        "2026-09-20x06:00/P1D",
    ],
)
def test_anything_else_is_the_authors_fault(text: str) -> None:
    """With a hint that shows what to write; months have no fixed length."""
    with pytest.raises(KqlSemanticError) as caught:
        parse_timespan(text, NOW)
    assert "P1D" in caught.value.hint
    assert caught.value.place is None


def test_a_time_that_is_none_says_how_one_is_written() -> None:
    """Alone, it is not told of durations."""
    with pytest.raises(KqlSemanticError, match=r"'yesterday' is not an ISO 8601 time \(write 2026-01-31 or"):
        parse_time("yesterday")
