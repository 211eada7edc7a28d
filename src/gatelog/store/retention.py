"""Forgetting: rows after one time, their bodies after a shorter one. Days are partitions, so both are quick.

A body cleared leaves its row whole (sizes, hashes, tokens), and the disk when the engine drops the files that
it replaced (`old_parts_lifetime`): to make that sooner, each merge would have to wait for the disk. A row
removed leaves its sequence in `expired`, so the record can still be proved complete. Nothing is remembered
about earlier runs: what is due is read from the store.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from gatelog.store.clients import Clients
from gatelog.store.ledger import Ledger
from gatelog.store.sequences import stored_sequences

_DAYS = """
SELECT toDate(received) AS day, count(), countIf(notEmpty(request_body) OR notEmpty(response_body))
FROM calls WHERE received < toDateTime64({before:String}, 7, 'UTC') GROUP BY day ORDER BY day
"""
_OF_BODIES = ("request_body", "request_messages_at", "request_messages_size", "response_body")
_ALTER = {"mutations_sync": 1, "alter_sync": 1}


class DayCount(NamedTuple):
    """A day in the store: its rows, and how many of them have a body."""

    day: date
    rows: int
    with_body: int


class Due(NamedTuple):
    """What retention would do."""

    drop: tuple[DayCount, ...]
    clear: tuple[DayCount, ...]


class Expired(NamedTuple):
    """What retention did: counts of days and rows."""

    days_dropped: int
    rows_dropped: int
    days_cleared: int
    bodies_cleared: int


def due(days: list[DayCount], today: date, retention_days: int, body_retention_days: int) -> Due:
    """Which days to drop and which to clear. A day is kept for `…_days` full days after it ended; pure."""
    rows_from = today - timedelta(days=retention_days)
    bodies_from = today - timedelta(days=body_retention_days)
    drop = tuple(day for day in days if day.day < rows_from)
    clear = tuple(day for day in days if rows_from <= day.day < bodies_from and day.with_body)
    return Due(drop, clear)


def expire(
    clients: Clients, ledger: Ledger, today: date, *, retention_days: int, body_retention_days: int
) -> Expired:
    """Remove what is due on `today` (UTC)."""
    before = today - timedelta(days=min(retention_days, body_retention_days))
    with clients.borrow() as client:
        rows = client.query(_DAYS, parameters={"before": before.isoformat()}).result_rows
    plan = due([DayCount(*row) for row in rows], today, retention_days, body_retention_days)
    for day in plan.clear:
        _clear_bodies(clients, day.day)
    for day in plan.drop:
        _drop_day(clients, ledger, day.day)
    return Expired(
        len(plan.drop),
        sum(day.rows for day in plan.drop),
        len(plan.clear),
        sum(day.with_body for day in plan.clear),
    )


def _clear_bodies(clients: Clients, day: date) -> None:
    cleared = [f"CLEAR COLUMN {column} IN PARTITION '{day.isoformat()}'" for column in _OF_BODIES]
    with clients.borrow() as client:
        client.command(f"ALTER TABLE calls {', '.join(cleared)}", settings=_ALTER)


def _drop_day(clients: Clients, ledger: Ledger, day: date) -> None:
    """The sequences are noted before the rows go: a crash between the two says nothing false."""
    for key, stored in stored_sequences(clients, day=day).items():
        ledger.write_expired(key, stored.sequences)
    with clients.borrow() as client:
        client.command(f"ALTER TABLE calls DROP PARTITION '{day.isoformat()}'", settings=_ALTER)
