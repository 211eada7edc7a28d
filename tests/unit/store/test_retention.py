"""Days are forgotten, bodies before rows, and the proof stays whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from gatelog import kql
from gatelog.errors import StoreUnavailableError
from gatelog.model import Account, Boot, Exchange
from gatelog.store import CATALOG, BootKey, SpoolBoot, Store
from gatelog.store.retention import DayCount, due
from gatelog.testing.records import chat_exchange

TODAY = date(2026, 9, 21)


def received_on(sequence: int, day: date) -> Exchange:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    exchange = chat_exchange(sequence)
    timing = msgspec.structs.replace(exchange.timing, received_at_ns=int(noon.timestamp()) * 10**9)
    return msgspec.structs.replace(exchange, timing=timing)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("age", "with_body", "dropped", "cleared"),
    [
        (0, 1, False, False),
        (7, 1, False, False),
        (8, 1, False, True),
        (8, 0, False, False),
        (30, 1, False, True),
        (31, 1, True, False),
    ],
)
def test_what_is_due(age: int, with_body: int, dropped: bool, cleared: bool) -> None:
    """Rows are kept 30 days, bodies 7; the day itself does not count; a dropped day needs no clearing."""
    plan = due([DayCount(ago(age), 1, with_body)], TODAY, retention_days=30, body_retention_days=7)
    assert (bool(plan.drop), bool(plan.clear)) == (dropped, cleared)


def test_bodies_go_before_rows(store: Store) -> None:
    """An old day is dropped, a middling one loses its bodies and keeps everything else, a young one stays."""
    store.insert([received_on(sequence, ago(age)) for sequence, age in enumerate((40, 40, 10, 1), start=1)])
    expired = store.expire(TODAY, retention_days=30, body_retention_days=7)
    assert expired == (1, 2, 1, 1)
    rows = store.run(
        "SELECT sequence, notEmpty(request_body), notEmpty(response_body), request_size > 0, prompt_tokens"
        " FROM calls ORDER BY sequence"
    ).rows
    assert rows == [(3, 0, 0, 1, 12), (4, 1, 1, 1, 12)]


def test_a_second_run_has_nothing_to_do(store: Store) -> None:
    """What is due is read from the store."""
    store.insert([received_on(1, ago(10))])
    store.expire(TODAY, retention_days=30, body_retention_days=7)
    assert store.expire(TODAY, retention_days=30, body_retention_days=7) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "search", ["RequestBody has 'spool'", "ResponseBody has 'durable'", "RequestBody contains 'poo'"]
)
def test_words_of_cleared_bodies_are_not_found(store: Store, search: str) -> None:
    """The indexes forget with the body, also where they answer alone."""
    sql = kql.compile(f"Calls | where {search} | count", CATALOG, now=datetime(2026, 9, 21, tzinfo=UTC)).sql
    store.insert([received_on(1, ago(10)), received_on(2, ago(1))])
    assert store.run(sql).rows == [(2,)]
    store.expire(TODAY, retention_days=30, body_retention_days=7)
    assert store.run(sql).rows == [(1,)]


def test_rows_whose_end_cannot_be_noted_stay(store: Store, scalar, monkeypatch) -> None:
    """The store may go away between the two: no call is gone without a note."""
    store.insert([received_on(1, ago(40))])

    def away(*_) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(store.ledger, "write_expired", away)
    with pytest.raises(StoreUnavailableError):
        store.expire(TODAY, retention_days=30, body_retention_days=7)
    assert scalar("SELECT count() FROM calls") == 1


def test_dropped_calls_stay_accounted_for(store: Store) -> None:
    """Retention is no loss: the report says expired, not missing."""
    store.insert([received_on(sequence, ago(40 if sequence < 4 else 1)) for sequence in (1, 2, 3, 4)])
    store.ledger.write_boot(Boot("here", "b1", 1, "0.1"), SpoolBoot("gateway-0", "00"))
    store.ledger.write_account(BootKey("here", "b1"), Account(1, 4, 4, 0, {}, []))
    store.expire(TODAY, retention_days=30, body_retention_days=7)
    report = store.prove()
    assert report.complete
    assert (report.recorded, report.boots[0].expired) == (4, 3)
