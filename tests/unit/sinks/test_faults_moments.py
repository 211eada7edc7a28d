"""What happens between two looks of the forwarder, and what an outage must not change."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from gatelog.errors import StoreError, StoreUnavailableError
from gatelog.model import Direction, EndReason, Part
from gatelog.sinks.delivery import BLAME_AFTER
from gatelog.spool import File, OsFileSystem
from gatelog.store import SpoolBoot
from gatelog.testing.records import end_record, start_record

from .conftest import Gateway


class OtherDisk(OsFileSystem):
    """The disk, with something that happens before a lock is looked at or a file is opened."""

    def __init__(self) -> None:
        self.before_lock: Callable[[], None] = lambda: None
        self.before_open: Callable[[], None] = lambda: None

    def is_locked(self, path: Path) -> bool:
        self.before_lock()
        return super().is_locked(path)

    def open(self, path: Path, *, writable: bool = False) -> File:
        self.before_open()
        return super().open(path, writable=writable)


def test_what_a_gateway_writes_as_it_leaves_is_read_before_its_calls_are_ended(
    gateway, forwarder, settle, sink
) -> None:
    """Nothing to read, then the last record, then the lock is free: in that order."""
    one = gateway()
    one.write(start_record(1))
    disk = OtherDisk()
    subject = forwarder(filesystem=disk)
    settle(subject, steps=5)

    def leave() -> None:
        disk.before_lock = lambda: None
        one.write(end_record(1))
        one.leave()

    disk.before_lock = leave
    settle(subject)
    assert [row.end.reason for row in sink.rows] == [EndReason.COMPLETE]


def test_a_gateway_s_boot_is_not_ended_by_the_spool_of_another(spool, forwarder, settle, sink) -> None:
    """Processes of one gateway have a directory each, and one store."""
    left, living = Gateway(spool), Gateway(spool.parent / "gateway-1", 2)
    sink.begin_boot(living.boot, SpoolBoot("gateway-1", living.id.hex()))
    left.write(start_record(1))
    left.leave()
    settle(forwarder())
    ended = {key.boot: row.ended for key, row in sink.known_boots.items()}
    assert ended == {"boot-1": True, "boot-2": False}
    living.leave()


def test_a_disk_that_cannot_be_read_when_a_long_call_ends_costs_nothing(
    gateway, forwarder, settle, sink
) -> None:
    """What was read beside it has to be read again, too."""
    one = gateway()
    one.write(start_record(1, more=True), Part(1, Direction.REQUEST, b"x" * 9_000), start_record(2))
    disk = OtherDisk()
    subject = forwarder(filesystem=disk, held_bytes_max=1_000)
    settle(subject, steps=5)

    def fail() -> None:
        disk.before_open = lambda: None
        raise OSError(errno.EIO, "unreadable")

    disk.before_open = fail
    one.write(end_record(1), end_record(2))
    one.leave()
    settle(subject)
    assert sorted(sink.sequences()) == [1, 2]
    assert {row.end.reason for row in sink.rows} == {EndReason.COMPLETE}
    assert subject.statistics.retries == 1


def test_while_the_sink_is_away_nothing_more_is_taken_into_memory(gateway, forwarder, settle, sink) -> None:
    """The spool is where calls wait."""
    one = gateway()
    one.write(start_record(1), end_record(1), start_record(2), end_record(2))
    sink.faults = iter(["before"] * 10_000)
    subject = forwarder()
    settle(subject, steps=5)
    taken = subject.statistics.records
    for n in range(3, 100):
        one.write(start_record(n), end_record(n))
    settle(subject, steps=20)
    assert subject.statistics.records == taken
    sink.faults = iter(())
    settle(subject)
    assert sorted(sink.sequences()) == list(range(1, 100))
    one.leave()


def test_no_call_is_blamed_for_an_outage_that_ends(gateway, forwarder, settle, sink, spool) -> None:
    """A store may fail on one call for half a minute, and then take it."""
    one = gateway()
    one.write(*[record for n in range(1, 21) for record in (start_record(n), end_record(n))])
    left = BLAME_AFTER - 1

    def fail(exchanges) -> None:
        nonlocal left
        if left and any(exchange.id.sequence == 13 for exchange in exchanges):
            left -= 1
            raise StoreError("logical error")

    sink.refuses = fail
    settle(forwarder(), steps=30, step_s=5)
    assert left == 0
    assert sorted(sink.sequences()) == list(range(1, 21))
    assert not (spool / "dead-letter").exists()
    one.leave()


def test_in_an_outage_the_waits_grow_to_five_seconds_and_no_further(gateway, forwarder, sink) -> None:
    one = gateway()
    one.write(start_record(1), end_record(1))
    sink.boots = sink.begin_boot = _away
    subject = forwarder()
    assert [subject.step() for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    one.leave()


def _away(*_) -> None:
    raise StoreUnavailableError("away")


def test_after_an_outage_the_next_failure_is_tried_again_soon(gateway, forwarder, settle, sink) -> None:
    one = gateway()
    one.write(start_record(1), end_record(1))
    sink.faults = iter(["before"] * 12)
    subject = forwarder()
    settle(subject, steps=60, step_s=5)
    assert sink.sequences() == [1]

    def away(exchanges) -> None:
        raise StoreUnavailableError("away")

    sink.refuses = away
    one.write(start_record(2), end_record(2))
    settle(subject, steps=2, step_s=5)
    retries = subject.statistics.retries
    assert subject.step() < 1
    assert subject.statistics.retries == retries + 1
    one.leave()
