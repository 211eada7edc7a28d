"""Progress of a sink is durable, append-only, and survives damage to its log."""

from __future__ import annotations

import errno

import pytest

from gatelog.errors import SpoolFailedError, SpoolFullError
from gatelog.spool import Position
from gatelog.spool import ack as ack_module

ENTRY_BYTES = 24


@pytest.fixture
def log_path(desk):
    return desk.directory / "ack-store.log"


def test_an_ack_is_durable_when_it_returns(desk) -> None:
    """S24: over a power loss, each time."""
    for offset in (100, 200, 300):
        desk.ack_log().ack(Position(1, offset))
        desk.disk.crash()
        assert desk.ack_log().position == Position(1, offset)


def test_an_absent_log_is_an_empty_one(desk) -> None:
    assert desk.ack_log().position is None


def test_acks_are_appended_and_synced_one_by_one(desk, log_path) -> None:
    """S24: no entry is ever changed in place."""
    log = desk.ack_log()
    log.ack(Position(1, 100))
    first = bytes(desk.disk.content(log_path))
    syncs = desk.disk.calls["sync"]
    log.ack(Position(1, 200))
    assert desk.disk.calls["sync"] == syncs + 1
    assert bytes(desk.disk.content(log_path)[:ENTRY_BYTES]) == first
    assert len(desk.disk.content(log_path)) == 2 * ENTRY_BYTES


def test_a_torn_or_damaged_entry_is_ignored(desk, log_path) -> None:
    """S24: the last valid entry counts, at every length of the log and every flipped byte of its end."""
    log = desk.ack_log()
    for offset in (100, 200, 300):
        log.ack(Position(1, offset))
    whole = bytes(desk.disk.content(log_path))
    for length in range(len(whole)):
        desk.disk.put(log_path, whole[:length])
        valid = length // ENTRY_BYTES
        assert desk.ack_log().position == (Position(1, valid * 100) if valid else None)
    for flipped in range(2 * ENTRY_BYTES, 3 * ENTRY_BYTES):
        damaged = bytearray(whole)
        damaged[flipped] ^= 0x10
        desk.disk.put(log_path, bytes(damaged))
        assert desk.ack_log().position == Position(1, 200)


def test_an_ack_cannot_go_back(desk) -> None:
    log = desk.ack_log()
    log.ack(Position(2, 0))
    log.ack(Position(2, 0))
    with pytest.raises(ValueError, match="cannot go back"):
        log.ack(Position(1, 999))
    assert log.position == Position(2, 0)


def test_a_long_log_is_compacted_by_rename(desk, log_path, monkeypatch) -> None:
    """S24: a power loss at any step leaves the old log or the new one."""
    monkeypatch.setattr(ack_module, "ACK_LOG_BYTES_MAX", 5 * ENTRY_BYTES)
    log = desk.ack_log()
    for offset in range(1, 20):
        log.ack(Position(1, offset))
        assert len(desk.disk.content(log_path)) <= 5 * ENTRY_BYTES
    assert ("rename", "ack-store.log") in desk.disk.log
    desk.disk.crash()
    assert desk.ack_log().position == Position(1, 19)


@pytest.mark.parametrize("operation", ["write", "sync", "create", "rename", "sync_directory"])
@pytest.mark.parametrize("used", [False, True])
def test_a_failed_ack_changes_nothing_and_can_be_repeated(desk, operation: str, used: bool) -> None:
    """S24: and the descriptor that failed is not used again."""
    log = desk.ack_log()
    log.ack(Position(1, 100))
    if not used:
        log.close()
    desk.disk.fail(operation)
    reached = {"create", "rename", "sync_directory"}.isdisjoint({operation}) or not used
    if reached:
        with pytest.raises(SpoolFailedError, match="repeated later"):
            log.ack(Position(1, 200))
        assert log.position == Position(1, 100)
    desk.disk.mend()
    log.ack(Position(1, 200))
    desk.disk.crash()
    assert desk.ack_log().position == Position(1, 200)
    assert desk.disk.misuse == []


def test_on_a_full_disk_an_ack_takes_the_ballast(desk) -> None:
    """S14: the log must go on so that segments can be deleted."""
    desk.open().close()
    log = desk.ack_log()
    desk.disk.capacity_bytes = 1
    desk.disk.before = lambda operation, path: _free_with_ballast(desk, operation, path.name)
    log.ack(Position(1, 100))
    assert desk.ack_log().position == Position(1, 100)
    log.close()
    desk.disk.before = None
    desk.disk.capacity_bytes = 1
    with pytest.raises(SpoolFullError):
        log.ack(Position(1, 200))


def _free_with_ballast(desk, operation: str, name: str) -> None:
    if (operation, name) == ("unlink", "ballast"):
        desk.disk.capacity_bytes = 1 << 30


def test_sinks_have_logs_of_their_own(desk) -> None:
    desk.ack_log("store").ack(Position(1, 100))
    desk.ack_log("bus").ack(Position(2, 200))
    assert (desk.ack_log("store").position, desk.ack_log("bus").position) == (
        Position(1, 100),
        Position(2, 200),
    )


@pytest.mark.parametrize("sink", ["", "../x", "A", "a b", "x" * 65])
def test_a_sink_name_must_be_fit_for_a_file(desk, sink: str) -> None:
    with pytest.raises(ValueError, match="sink"):
        desk.ack_log(sink)


def test_an_unreadable_log_is_an_error_not_an_empty_one(desk) -> None:
    desk.ack_log().ack(Position(1, 100))
    desk.disk.fail("read", errno.EACCES)
    with pytest.raises(SpoolFailedError, match="cannot be read"):
        desk.ack_log()
