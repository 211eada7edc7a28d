"""accepted = recorded + unlogged + open, at every moment."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.gateway.account import CallAccount
from gatelog.gateway.request_id import new_request_id


@given(st.lists(st.tuples(st.sampled_from(["open", "record", "lose", "account"]), st.integers(0, 30))))
def test_the_account_always_balances_and_announces_each_lost_call_once(steps: list[tuple[str, int]]) -> None:
    account = CallAccount()
    lost: list[int] = []
    announced: list[int] = []
    for step, pick in steps:
        running = sorted(account.open)
        if step == "open":
            account.open_call()
        elif step == "account":
            record = account.snapshot(at_ns=1)
            announced += [sequence for sequences in record.unlogged.values() for sequence in sequences]
            account.announced(record)
        elif running:
            sequence = running[pick % len(running)]
            account.settle(sequence, None if step == "record" else "spool_full")
            if step == "lose":
                lost.append(sequence)
        assert account.accepted == account.recorded + account.unlogged + len(account.open)
    record = account.snapshot(at_ns=2, final=True)
    announced += [sequence for sequences in record.unlogged.values() for sequence in sequences]
    assert sorted(announced) == sorted(lost)


def test_an_announcement_that_was_not_durable_is_made_again() -> None:
    account = CallAccount()
    account.settle(account.open_call(), "spool_full")
    assert account.snapshot(at_ns=1).unlogged == {"spool_full": [1]}
    account.settle(account.open_call(), "spool_failed")
    second = account.snapshot(at_ns=2)
    assert second.unlogged == {"spool_full": [1], "spool_failed": [2]}
    account.announced(second)
    assert account.snapshot(at_ns=3).unlogged == {}


def test_a_durable_announcement_takes_nothing_of_one_that_is_still_under_way() -> None:
    account = CallAccount()
    account.settle(account.open_call(), "spool_full")
    first = account.snapshot(at_ns=1)
    account.settle(account.open_call(), "spool_full")
    account.snapshot(at_ns=2, final=True)
    account.announced(first)
    assert account.snapshot(at_ns=3).unlogged == {"spool_full": [2]}


def test_one_record_announces_so_many_of_all_reasons_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelog.gateway.account.ANNOUNCED_MAX", 3)
    account = CallAccount()
    for reason in ("spool_full", "spool_failed") * 3:
        account.settle(account.open_call(), reason)
    record = account.snapshot(at_ns=1)
    assert record.unlogged == {"spool_full": [1, 3, 5]}
    account.announced(record)
    assert account.snapshot(at_ns=2).unlogged == {"spool_failed": [2, 4, 6]}
    assert account.snapshot(at_ns=3, final=True).unlogged == {"spool_failed": [2, 4, 6]}


def test_an_outage_costs_no_memory_by_the_call() -> None:
    """Calls run at the same time and end out of order, for a hundred thousand of them."""
    account = CallAccount()
    pick = random.Random(1).randrange
    tracemalloc.start()
    running: list[int] = []
    for _ in range(100_000):
        running.append(account.open_call())
        if len(running) == 64:
            account.settle(running.pop(pick(64)), "spool_full")
    for sequence in running:
        account.settle(sequence, "spool_full")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 500_000
    assert account.snapshot(at_ns=1).unlogged == {"spool_full": list(range(1, 100_001))}


def test_request_ids_are_uuid_version_7_and_sort_by_time() -> None:
    ids = [new_request_id(1_790_000_000_000_000_000 + step * 1_000_000) for step in range(200)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 200
    assert all(text[14] == "7" and text[19] in "89ab" and len(text) == 36 for text in ids)
