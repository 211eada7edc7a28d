"""Finding spool directories, and deleting what every sink has acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.spool import Position, SpoolWriter, collect, is_locked, spools


def test_segments_wholly_below_every_ack_are_deleted(desk) -> None:
    """S25: the slowest sink decides; the segment of an ack itself stays."""
    for _ in range(4):
        desk.fill(b"x")
    assert collect(desk.directory, [Position(4, 9000), Position(3, 8192)], desk.disk) == 2
    assert desk.segments() == [3, 4]
    assert collect(desk.directory, [Position(3, 8192)], desk.disk) == 0


def test_nothing_is_deleted_before_every_sink_has_acked(desk) -> None:
    """S25: None is a sink that has acknowledged nothing; no sinks at all acknowledge nothing either."""
    desk.fill(b"x")
    desk.fill(b"y")
    assert collect(desk.directory, [Position(2, 9000), None], desk.disk) == 0
    assert collect(desk.directory, [], desk.disk) == 0
    assert desk.segments() == [1, 2]


def test_the_ack_is_synced_before_the_segment_goes(desk) -> None:
    """S25: ack log synced, segment unlinked, directory synced."""
    desk.fill(b"x")
    desk.fill(b"y")
    log = desk.ack_log()
    log.ack(Position(1, 8192))
    desk.disk.log.clear()
    log.ack(desk.records()[-1].end)
    collect(desk.directory, [log.position], desk.disk)
    steps = [f"{step} {name.split('.')[0]}" for step, name in desk.disk.log]
    assert [step for step in steps if step.startswith(("sync", "unlink"))] == [
        "sync ack-store",
        f"unlink {1:020d}",
        "sync_directory gateway-1",
    ]


def test_a_crash_between_unlink_and_sync_leaves_a_segment_too_much(desk) -> None:
    """S23, S25: it comes back, and nothing is delivered twice."""
    desk.fill(b"x")
    desk.fill(b"y")
    end = desk.records()[-1].end
    desk.ack_log().ack(end)
    desk.disk.unlink(desk.directory / f"{1:020d}.seg")
    desk.disk.crash()
    assert desk.segments() == [1, 2]
    assert desk.payloads(desk.ack_log().position) == []


def test_spools_are_found_below_a_root(tmp_path: Path) -> None:
    assert spools(tmp_path / "absent") == []
    for name in ("b", "a"):
        SpoolWriter.open(tmp_path / name, boot=bytes(16)).close(10)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").touch()
    assert spools(tmp_path) == [tmp_path / "a", tmp_path / "b"]


def test_a_directory_is_locked_while_a_writer_has_it(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    writer = SpoolWriter.open(tmp_path, boot=bytes(16))
    assert is_locked(tmp_path)
    writer.close(10)
    assert not is_locked(tmp_path)


def test_a_spool_that_is_removed_while_spools_are_looked_for_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking goes on in another thread than `retire`."""
    (tmp_path / "a").mkdir()
    SpoolWriter.open(tmp_path / "b", boot=bytes(16)).close(10)
    is_dir = Path.is_dir

    def removed_behind(place: Path) -> bool:
        there = is_dir(place)
        if there and place.name == "a":
            place.rmdir()
        return there

    monkeypatch.setattr(Path, "is_dir", removed_behind)
    assert spools(tmp_path) == [tmp_path / "b"]
