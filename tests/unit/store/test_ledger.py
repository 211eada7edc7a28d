"""What gateways say about themselves is kept, and may be said twice."""

from __future__ import annotations

import msgspec
import pytest

from gatelog.errors import StoreUnavailableError
from gatelog.model import Account, Boot, RangeSet
from gatelog.store import BootKey, SpoolBoot, Store
from gatelog.testing.records import chat_exchange

BOOT = Boot("here", "b1", 1_790_000_000_000_000_100, "0.1", 42)
KEY = BootKey("here", "b1")
ORIGIN = SpoolBoot("gateway-0", "0a" * 16)


def account(accepted: int, **members) -> Account:
    return Account(
        **{
            "at_ns": 1_790_000_005_000_000_000,
            "recorded": 0,
            "unlogged_total": 0,
            "unlogged": {},
            "open": [],
            "accepted": accepted,
            **members,
        }
    )


def away(*_) -> None:
    raise StoreUnavailableError("away")


def test_a_boot_comes_back(store: Store) -> None:
    """With the place of its records, which a restarted hub needs."""
    store.ledger.write_boot(BOOT, ORIGIN)
    store.ledger.write_boot(BOOT, ORIGIN)
    (row,) = store.ledger.boots()
    assert row == (KEY, ORIGIN, BOOT.started_at_ns, "0.1", 42, False)


def test_ended_is_not_unsaid(store: Store) -> None:
    """A replay that begins the boot again does not revive it."""
    store.ledger.write_boot(BOOT, ORIGIN, ended=True)
    store.ledger.write_boot(BOOT, ORIGIN)
    assert store.ledger.boots()[0].ended


def test_the_newest_account_wins_whatever_the_order(store: Store) -> None:
    """Newest is the one that got furthest, not the one written last."""
    store.ledger.write_account(KEY, account(9, recorded=8, open=[9]))
    store.ledger.write_account(KEY, account(4, recorded=4))
    newest = store.ledger.accounts()[KEY]
    assert (newest.accepted, newest.open, newest.final) == (9, RangeSet.of([9]), False)
    for final in (False, True, False):
        store.ledger.write_account(KEY, account(9, recorded=9, final=final))
    assert store.ledger.accounts()[KEY].final


def test_a_clock_that_is_set_forth_and_back_hides_no_account(store: Store) -> None:
    """By a day, then by an hour behind the start: which account is the newest does not depend on the time."""
    store.ledger.write_boot(BOOT, ORIGIN)
    start_ns, hour_ns = account(0).at_ns, 3_600 * 10**9
    for sequence, step_ns in enumerate((0, 24 * hour_ns, -hour_ns), start=1):
        call = chat_exchange(sequence)
        timing = msgspec.structs.replace(call.timing, received_at_ns=start_ns + step_ns)
        store.insert([msgspec.structs.replace(call, timing=timing)])
        store.ledger.write_account(KEY, account(sequence, recorded=sequence, at_ns=start_ns + step_ns))
    (line,) = store.prove().boots
    assert (line.complete, line.accepted, line.recorded, line.open) == (True, 3, 3, 0)


def test_unlogged_calls_are_kept_by_reason(store: Store) -> None:
    """Each Account announces new ones; all are kept, once."""
    for _ in range(2):
        store.ledger.write_account(KEY, account(9, unlogged={"spool_full": [2, 3, 7]}))
    store.ledger.write_account(KEY, account(10, unlogged={"spool_failed": [8]}))
    assert store.ledger.unlogged() == {
        KEY: {"spool_full": RangeSet([(2, 3), (7, 7)]), "spool_failed": RangeSet.of([8])}
    }


def test_a_crashed_boot_excuses_only_what_was_open(store: Store) -> None:
    """Call 2 was open and left nothing: unlogged. Call 3 was claimed as recorded and is not there: missing.

    Call 6 came after the last Account and left nothing, while call 7 did: unlogged.
    """
    store.ledger.write_boot(BOOT, ORIGIN)
    store.insert([chat_exchange(sequence) for sequence in (1, 4, 5, 7)])
    store.ledger.write_account(KEY, account(5, recorded=4, open=[2]))
    store.end_boot(BOOT, ORIGIN)
    (line,) = store.prove().boots
    assert line.state == "crashed"
    assert line.unlogged == {"gateway_crash": 2}
    assert [tuple(pair) for pair in line.missing] == [(3, 3)]
    assert (line.accepted, line.recorded) == (7, 4)


def test_a_boot_is_over_only_when_what_it_left_behind_is_counted(store: Store, monkeypatch) -> None:
    """The store may go away between the two: nobody sees calls missing that were open."""
    store.ledger.write_boot(BOOT, ORIGIN)
    store.ledger.write_account(KEY, account(1, open=[1]))
    with monkeypatch.context() as patch:
        patch.setattr(store.ledger, "write_unlogged", away)
        with pytest.raises(StoreUnavailableError):
            store.end_boot(BOOT, ORIGIN)
    assert store.prove().complete
    store.end_boot(BOOT, ORIGIN)
    assert store.prove().boots[0].unlogged == {"gateway_crash": 1}


def test_an_account_is_there_only_when_what_it_announces_is(store: Store, monkeypatch) -> None:
    """The store may go away between the two: nobody sees calls missing that are announced as unlogged."""
    store.ledger.write_boot(BOOT, ORIGIN)
    announces = account(1, unlogged={"spool_full": [1]}, unlogged_total=1)
    with monkeypatch.context() as patch:
        patch.setattr(store.ledger, "write_unlogged", away)
        with pytest.raises(StoreUnavailableError):
            store.ledger.write_account(KEY, announces)
    assert store.prove().complete
    store.ledger.write_account(KEY, announces)
    assert store.prove().boots[0].unlogged == {"spool_full": 1}


def test_a_crashed_boot_keeps_the_reasons_that_it_gave(store: Store) -> None:
    """Call 2 was announced as unlogged before the crash; call 3 was open."""
    store.ledger.write_boot(BOOT, ORIGIN)
    store.insert([chat_exchange(1), chat_exchange(4)])
    store.ledger.write_account(KEY, account(3, unlogged={"spool_full": [2]}, open=[2, 3]))
    store.end_boot(BOOT, ORIGIN)
    (line,) = store.prove().boots
    assert line.complete
    assert line.unlogged == {"gateway_crash": 1, "spool_full": 1}


def test_a_boot_that_never_gave_an_account_can_end(store: Store) -> None:
    """It crashed within its first seconds."""
    store.ledger.write_boot(BOOT, ORIGIN)
    store.insert([chat_exchange(2)])
    store.end_boot(BOOT, ORIGIN)
    assert store.prove().complete
    assert store.prove().boots[0].unlogged == {"gateway_crash": 1}


def test_proof_over_many_buckets(store: Store) -> None:
    """Sequences far apart, with holes: what is stored is known exactly."""
    numbers = [1, 2, 65_535, 65_536, 65_537, 200_000]
    store.insert([chat_exchange(number) for number in numbers])
    store.ledger.write_boot(BOOT, ORIGIN)
    store.ledger.write_account(KEY, account(200_000))
    (line,) = store.prove().boots
    assert [tuple(pair) for pair in line.missing] == [(3, 65_534), (65_538, 199_999)]
    assert line.recorded == len(numbers)


def test_rows_too_many_are_noticed(store: Store) -> None:
    """Two different batches that hold the same call: the store takes both, the proof says so."""
    store.ledger.write_boot(BOOT, ORIGIN)
    store.insert([chat_exchange(1), chat_exchange(2)])
    store.insert([chat_exchange(2)])
    store.insert([chat_exchange(2), chat_exchange(70_000)])
    report = store.prove()
    assert (report.duplicates, report.complete) == (2, False)
