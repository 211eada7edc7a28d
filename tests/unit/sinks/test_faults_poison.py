"""T10: a call that the store fails on, without saying that it is the call's fault."""

from __future__ import annotations

import pytest

from gatelog.errors import StoreError, StoreRefusedError, StoreUnavailableError
from gatelog.model import RangeSet, RecordKind
from gatelog.spool import AckLog, SpoolReader
from gatelog.store import BootKey
from gatelog.testing.records import end_record, start_record

KEY = BootKey("here", "boot-1")
WITHIN_S = 60


def fails_on(poison: int, error: StoreError):
    """A store that fails whenever it is sent this call."""

    def refuse(exchanges) -> None:
        if any(exchange.id.sequence == poison for exchange in exchanges):
            raise error

    return refuse


@pytest.mark.parametrize("error", [StoreError("logical error"), StoreUnavailableError("memory limit")])
@pytest.mark.parametrize("poison", [1, 13, 20])
def test_after_some_tries_it_is_put_aside_and_the_others_flow(
    gateway, forwarder, settle, sink, spool, poison: int, error: StoreError
) -> None:
    """Within a minute; the call is kept, and counted as unlogged."""
    one = gateway()
    one.write(*[record for n in range(1, 21) for record in (start_record(n), end_record(n))])
    sink.refuses = fails_on(poison, error)
    settle(forwarder(), steps=WITHIN_S // 5, step_s=5)
    assert sorted(sink.sequences()) == [n for n in range(1, 21) if n != poison]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([poison])}
    assert len(list((spool / "dead-letter").glob("*.bin"))) == 1
    one.leave()


def test_a_lone_call_is_blamed_only_beside_others_that_can_be_stored(
    gateway, forwarder, settle, sink, spool
) -> None:
    """Alone it cannot be told from a store that fails: it waits for company."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    sink.refuses = fails_on(1, StoreError("logical error"))
    subject = forwarder()
    settle(subject, steps=40, step_s=5)
    assert sink.rows == []
    assert sink.unlogged == {}
    one.write(start_record(2), end_record(2))
    settle(subject, steps=5, step_s=5)
    assert sink.sequences() == [2]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([1])}
    one.leave()


def test_a_call_that_alone_of_its_batch_is_not_stored_waits_for_company_too(
    gateway, forwarder, settle, sink
) -> None:
    """An insert over two days may store one of them and fail on the other: the spool does not stand still."""
    one = gateway()
    one.write(*[record for n in range(1, 6) for record in (start_record(n), end_record(n))])

    def store_the_others_and_fail(exchanges) -> None:
        if any(exchange.id.sequence == 3 for exchange in exchanges):
            sink.rows.extend(exchange for exchange in exchanges if exchange.id.sequence != 3)
            raise StoreError("logical error")

    sink.refuses = store_the_others_and_fail
    subject = forwarder()
    settle(subject, steps=40, step_s=5)
    assert sorted(sink.sequences()) == [1, 2, 4, 5]
    assert sink.unlogged == {}
    one.write(start_record(6), end_record(6))
    settle(subject, steps=5, step_s=5)
    assert sorted(sink.sequences()) == [1, 2, 4, 5, 6]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([3])}
    one.leave()


def test_while_it_waits_for_company_an_outage_takes_nothing_into_memory(
    gateway, forwarder, settle, sink
) -> None:
    one = gateway()
    one.write(start_record(1), end_record(1))
    sink.refuses = fails_on(1, StoreError("logical error"))
    subject = forwarder()
    settle(subject, steps=40, step_s=5)
    sink.faults = iter(["before"] * 10_000)
    one.write(start_record(2), end_record(2))
    settle(subject, steps=5, step_s=5)
    taken = subject.statistics.records
    one.write(start_record(3), end_record(3))
    settle(subject, steps=20, step_s=5)
    assert subject.statistics.records == taken
    one.leave()


def test_what_failing_inserts_stored_is_not_stored_again_by_halves(gateway, forwarder, settle, sink) -> None:
    """Each failure has stored its first call all the same."""
    one = gateway()
    one.write(*[record for n in range(1, 21) for record in (start_record(n), end_record(n))])

    def store_one_and_fail(exchanges) -> None:
        if any(exchange.id.sequence == 18 for exchange in exchanges):
            sink.rows.extend(exchange for exchange in exchanges[:1] if exchange.id.sequence != 18)
            raise StoreError("logical error")

    sink.refuses = store_one_and_fail
    settle(forwarder(), steps=WITHIN_S // 5, step_s=5)
    assert sorted(sink.sequences()) == [n for n in range(1, 21) if n != 18]
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([18])}
    one.leave()


def test_what_cannot_be_put_aside_stays_in_the_spool(gateway, forwarder, settle, sink, spool) -> None:
    """The disk has no room for the copy: nothing is acknowledged before it has."""
    one = gateway()
    one.write_payload(RecordKind.START, b"\xc1garbage")
    one.leave()
    reader = SpoolReader(spool)
    _, unreadable = reader.read(2)
    reader.close()
    place = unreadable.position
    letter = spool / "dead-letter" / f"{place.segment:020d}-{place.offset}.bin"
    letter.parent.mkdir()
    letter.symlink_to("/dev/full")
    subject = forwarder()
    settle(subject, steps=5)
    assert subject.statistics.retries > 0
    assert AckLog.open(spool, "memory").position is None
    letter.unlink()
    settle(subject)
    assert letter.read_bytes() == b"\xc1garbage"


def test_a_store_that_fails_on_everything_blames_nobody(gateway, forwarder, settle, sink, spool) -> None:
    """However often it fails: every call is stored once it works."""
    one = gateway()
    one.write(*[record for n in range(1, 6) for record in (start_record(n), end_record(n))])

    def fail(exchanges) -> None:
        raise StoreError("no such table")

    sink.refuses = fail
    subject = forwarder()
    settle(subject, steps=40, step_s=5)
    assert sink.rows == []
    assert not (spool / "dead-letter").exists()
    sink.refuses = lambda exchanges: None
    settle(subject, steps=5, step_s=5)
    assert sorted(sink.sequences()) == [1, 2, 3, 4, 5]
    one.leave()


def test_a_refused_call_is_put_aside_after_an_outage_too(gateway, forwarder, settle, sink, spool) -> None:
    """However long the store was away before it said no."""
    one = gateway()
    one.write(start_record(1), end_record(1))
    sink.faults = iter(["before"] * 30)
    sink.refuses = fails_on(1, StoreRefusedError("too large"))
    settle(forwarder(), steps=60, step_s=5)
    assert sink.unlogged == {(KEY, "dead_letter"): RangeSet.of([1])}
    one.leave()
