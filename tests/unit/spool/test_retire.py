"""S28, S29: removing a spool that nobody writes any more and that everybody has read to its end."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from gatelog.spool import AckLog, OsFileSystem, Position, SpoolReader, SpoolWriter, is_locked, journal, retire
from gatelog.spool.quarantine import DIRECTORY_NAME
from gatelog.spool.segment import DATA_OFFSET

from .conftest import Desk


def acknowledged(desk: Desk, *payloads: bytes) -> Position:
    """A spool that was written, read and acknowledged to its end."""
    desk.fill(*payloads)
    end = desk.records()[-1].end
    desk.ack_log().ack(end)
    return end


def left(desk: Desk) -> list[str]:
    return sorted(desk.disk.names(desk.directory))


def test_a_spool_that_is_acknowledged_to_its_end_is_removed_whole(desk: Desk) -> None:
    acknowledged(desk, b"x", b"y")
    assert retire(desk.directory, desk.disk)
    assert left(desk) == []
    assert desk.disk.log[-1] == ("remove_directory", desk.directory.name)
    assert desk.disk.locks == set()


def test_a_spool_with_a_record_that_some_sink_has_not_acknowledged_stays(desk: Desk) -> None:
    end = acknowledged(desk, b"x", b"y")
    desk.ack_log("blob").ack(Position(end.segment, DATA_OFFSET))
    before = left(desk)
    assert not retire(desk.directory, desk.disk)
    assert left(desk) == before
    desk.ack_log("blob").ack(end)
    assert retire(desk.directory, desk.disk)


def test_a_spool_that_nobody_has_acknowledged_stays(desk: Desk) -> None:
    desk.fill(b"x")
    assert not retire(desk.directory, desk.disk)
    assert desk.payloads() == [b"x"]


def test_a_spool_that_is_written_stays(desk: Desk) -> None:
    acknowledged(desk, b"x")
    journal = desk.open()
    assert not retire(desk.directory, desk.disk)
    assert journal.commit([(7, b"y")]) is None
    journal.close()
    assert desk.payloads(desk.ack_log().position) == [b"y"]


def test_a_damaged_spool_stays_for_people_to_look_at(desk: Desk) -> None:
    acknowledged(desk, b"x" * 100, b"y")
    desk.content(1)[DATA_OFFSET + 40] ^= 1
    assert not retire(desk.directory, desk.disk)
    assert desk.segments() == [1]


def test_copies_for_people_stay_and_numbers_go_on_behind_them(desk: Desk) -> None:
    """A later boot must not write over what a copy is named after."""
    acknowledged(desk, b"x")
    torn = desk.open()
    assert torn.commit([(7, b"y")]) is None
    desk.ack_log().ack(desk.records()[-1].end)
    desk.content(2)[9000:9003] = b"???"
    desk.disk.kill()
    assert retire(desk.directory, desk.disk)
    assert left(desk) == ["ack-store.log", DIRECTORY_NAME]
    assert len(desk.quarantined()) == 1
    acknowledged(desk, b"z")
    assert desk.segments() == [3]


def test_no_ack_goes_before_its_segments_are_gone_for_good(desk: Desk) -> None:
    """Else a power loss could bring back what was acknowledged, without the ack."""
    acknowledged(desk, b"x")
    seen = []

    def before(operation: str, path: Path) -> None:
        if operation == "unlink" and path.name.startswith("ack-"):
            seen.append([name for name in desk.disk.durable_copy().names(desk.directory) if "seg" in name])

    desk.disk.before = before
    assert retire(desk.directory, desk.disk)
    assert seen == [[]]


@pytest.mark.parametrize("step", ["unlink", "sync_directory", "remove_directory"])
def test_a_removal_that_stops_half_way_goes_on_the_next_time(desk: Desk, step: str) -> None:
    """The power goes at each step in turn."""
    acknowledged(desk, b"x")
    acknowledged(desk, b"y")
    for at in range(1, 7):
        desk.disk.fail(step, at=at)
        try:
            retire(desk.directory, desk.disk)
        except OSError:
            desk.disk.crash()
        desk.disk.mend()
    assert retire(desk.directory, desk.disk)
    assert [name for name in left(desk) if name != "lock"] == []


def test_a_lock_whose_file_is_removed_before_it_is_taken_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file without a name it would keep nobody out."""
    directory = tmp_path / "gateway-0"
    SpoolWriter.open(directory, boot=bytes(16)).close(10)
    log = AckLog.open(directory, "store")
    log.ack(Position(1, DATA_OFFSET))
    log.close()
    flock, removed = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(None)
            removed[0] = retire(directory)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    writer = SpoolWriter.open(directory, boot=bytes(16))
    assert removed == [True]
    assert is_locked(directory)
    writer.append(7, b"x")
    writer.close(10)
    assert [record.payload for record in SpoolReader(directory).read()] == [b"x"]


def test_a_gateway_waits_for_a_hub_that_looks_whether_its_spool_can_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read a segment of small records takes about a second: the gateway must not give up before."""
    directory = tmp_path / "gateway-0"
    SpoolWriter.open(directory, boot=bytes(16)).close(10)
    hub = OsFileSystem().lock(directory / "lock")
    assert hub is not None
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if 2 <= sum(waited) < 2 + seconds:
            hub.release()

    monkeypatch.setattr(journal.time, "sleep", sleep)
    SpoolWriter.open(directory, boot=bytes(16)).close(10)
    assert sum(waited) < 3
