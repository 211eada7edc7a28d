"""The thread between the event loop and the journal. Threads are met at events, never by waiting."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatelog.errors import SpoolError, SpoolFailedError, SpoolFullError
from gatelog.spool import Level, SpoolReader, SpoolSettings, SpoolWriter, verify
from gatelog.testing.filesystem import MemoryFileSystem

WAIT_S = 10
DIRECTORY = Path("/spool")
SMALL = SpoolSettings(segment_bytes=64 * 1024, ballast_bytes=0)  # quick to copy for a disk in memory


class Gate:
    """Holds the writer thread inside a sync until it is opened."""

    def __init__(self, disk: MemoryFileSystem) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        disk.before = self._before

    def _before(self, operation: str, path: Path) -> None:
        if operation == "sync" and path.name.endswith(".seg"):
            self.reached.set()
            assert self.opened.wait(WAIT_S)


class Outcomes:
    """Collects what callbacks are told; `wait` returns once there are `count` of them."""

    def __init__(self) -> None:
        self.seen: list[tuple[object, SpoolError | None]] = []
        self._changed = threading.Condition()

    def of(self, name: object) -> Callable[[SpoolError | None], None]:
        def on_durable(error: SpoolError | None) -> None:
            with self._changed:
                self.seen.append((name, error))
                self._changed.notify_all()

        return on_durable

    def wait(self, count: int) -> list[tuple[object, SpoolError | None]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, WAIT_S)
        return self.seen


def test_what_was_reported_durable_survives_a_power_loss(open_writer) -> None:
    """S3: nobody closed the writer."""
    disk = MemoryFileSystem()
    outcomes = Outcomes()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=SMALL)
    for number in range(100):
        writer.append(1, b"%d" % number, outcomes.of(number))
    assert outcomes.wait(100) == [(number, None) for number in range(100)]
    records = SpoolReader(DIRECTORY, filesystem=disk.durable_copy()).read()
    assert [record.payload for record in records] == [b"%d" % number for number in range(100)]


def test_what_queues_during_a_sync_is_the_next_group(open_writer) -> None:
    """S4: one notify per group, its callbacks in order."""
    disk = MemoryFileSystem()
    notified: list[int] = []
    outcomes = Outcomes()

    def notify(callback: Callable[[], None]) -> None:
        before = len(outcomes.seen)
        callback()
        notified.append(len(outcomes.seen) - before)

    writer = open_writer(DIRECTORY, filesystem=disk, settings=SMALL, notify=notify)
    gate = Gate(disk)
    writer.append(1, b"first", outcomes.of(0))
    assert gate.reached.wait(WAIT_S)
    for number in range(1, 51):
        writer.append(1, b"x", outcomes.of(number))
    gate.opened.set()
    assert [name for name, _ in outcomes.wait(51)] == list(range(51))
    writer.close(WAIT_S)
    assert notified == [1, 50]
    figures = writer.statistics()
    assert (figures.groups, figures.group_records_max, figures.durable) == (2, 50, 51)


def test_a_group_is_limited_in_bytes(open_writer) -> None:
    """S4: batch_bytes_max bounds how long one sync takes."""
    disk = MemoryFileSystem()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=replace(SMALL, batch_bytes_max=1000))
    gate = Gate(disk)
    writer.append(1, b"first")
    assert gate.reached.wait(WAIT_S)
    for _ in range(20):
        writer.append(1, bytes(100))
    gate.opened.set()
    writer.close(WAIT_S)
    assert (writer.statistics().groups, writer.statistics().group_records_max) == (3, 10)


def test_append_does_not_wait_for_the_disk_and_the_queue_is_limited(open_writer) -> None:
    """S15, S19: with the disk stalled, appends return; beyond the limit they are refused by callback."""
    disk = MemoryFileSystem()
    outcomes = Outcomes()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=replace(SMALL, queue_bytes_max=1000))
    gate = Gate(disk)
    writer.append(1, bytes(400), outcomes.of("written"))
    assert gate.reached.wait(WAIT_S)
    writer.append(1, bytes(600), outcomes.of("queued"))
    writer.append(1, b"x", outcomes.of("refused"))
    [(name, error)] = outcomes.wait(1)
    assert name == "refused"
    assert isinstance(error, SpoolFullError)
    assert writer.statistics().queued_bytes == 1000
    gate.opened.set()
    assert outcomes.wait(3)[1:] == [("written", None), ("queued", None)]
    for number in range(4, 7):  # what was written is no longer waiting
        writer.append(1, bytes(1000), outcomes.of("more"))
        assert outcomes.wait(number)[-1] == ("more", None)


def test_an_append_wakes_a_sleeping_writer(open_writer) -> None:
    """S19: each time, without waiting for the next probe."""
    outcomes = Outcomes()
    writer = open_writer(
        DIRECTORY, filesystem=MemoryFileSystem(), settings=replace(SMALL, probe_interval_s=3600)
    )
    for number in range(1, 20):
        writer.append(1, b"x", outcomes.of(number))
        outcomes.wait(number)


def test_a_failed_disk_is_told_to_callers_and_heals_without_a_restart(open_writer) -> None:
    """S13: nothing is raised into the caller; once the disk works, so does the spool."""
    disk = MemoryFileSystem()
    outcomes = Outcomes()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=replace(SMALL, probe_interval_s=0.01))
    disk.fail("sync", errno.EIO, times=1_000_000)
    writer.append(1, b"lost", outcomes.of("lost"))
    assert isinstance(outcomes.wait(1)[0][1], SpoolFailedError)
    assert writer.level is Level.FAILED
    writer.append(1, b"refused", outcomes.of("refused"))
    assert isinstance(outcomes.wait(2)[1][1], SpoolFailedError)
    disk.mend()
    _append_until_durable(writer)
    assert writer.level is Level.OK
    figures = writer.statistics()
    assert figures.appended == figures.durable + figures.failed
    assert figures.error == ""


def test_each_level_is_told_once(open_writer, caplog) -> None:
    """S16: before calls are refused, whoever reads the log has heard that the spool fills up."""
    outcomes = Outcomes()
    small = replace(SMALL, capacity_bytes=1024 * 1024, compress_bytes_min=1024 * 1024)
    writer = open_writer(DIRECTORY, filesystem=MemoryFileSystem(), settings=small)
    for number in range(1, 51):
        writer.append(1, bytes(20 * 1024), outcomes.of(number))
        outcomes.wait(number)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the spool fills up",
        "the spool is nearly full",
        "the spool is full",
    ]


def test_a_defect_in_the_thread_is_reported_and_the_thread_goes_on(open_writer, caplog) -> None:
    """S19: the group's callers hear of it; later appends work again."""
    disk = MemoryFileSystem()
    outcomes = Outcomes()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=replace(SMALL, probe_interval_s=0.01))

    def defect(operation: str, path: Path) -> None:
        disk.before = None
        raise ZeroDivisionError("a defect")

    disk.before = defect
    with caplog.at_level(logging.ERROR):
        writer.append(1, b"x", outcomes.of("x"))
        error = outcomes.wait(1)[0][1]
    assert isinstance(error, SpoolFailedError)
    assert "a defect" in str(error)
    assert "writer thread failed" in caplog.text
    _append_until_durable(writer)


def test_one_callers_defect_does_not_cost_the_others_their_answer(open_writer, caplog) -> None:
    outcomes = Outcomes()
    writer = open_writer(DIRECTORY, filesystem=MemoryFileSystem(), settings=SMALL)

    def broken(error: SpoolError | None) -> None:
        raise KeyError("not the spool's fault")

    writer.append(1, b"x", broken)
    writer.append(1, b"y", outcomes.of("y"))
    assert outcomes.wait(1) == [("y", None)]
    assert "a callback of the spool failed" in caplog.text


def test_a_closed_event_loop_does_not_stop_the_record(open_writer, caplog) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    disk = MemoryFileSystem()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=SMALL, notify=loop.call_soon_threadsafe)
    writer.append(1, b"x", lambda error: None)
    writer.close(WAIT_S)
    assert [record.payload for record in SpoolReader(DIRECTORY, filesystem=disk).read()] == [b"x"]
    assert "could not be told" in caplog.text


def test_callbacks_run_on_the_event_loop(open_writer) -> None:
    """S4: through call_soon_threadsafe, in the loop's own thread."""

    async def scenario() -> tuple[int, SpoolError | None]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[tuple[int, SpoolError | None]] = loop.create_future()
        writer = open_writer(notify=loop.call_soon_threadsafe)
        writer.append(1, b"x", lambda error: told.set_result((threading.get_ident(), error)))
        return await asyncio.wait_for(told, WAIT_S)

    assert asyncio.run(scenario()) == (threading.get_ident(), None)


def test_close_drains_seals_and_unlocks(open_writer, tmp_path: Path) -> None:
    """S7: what was queued is durable; the next writer can open."""
    writer = open_writer()
    outcomes = Outcomes()
    for number in range(500):
        writer.append(2, os.urandom(300), outcomes.of(number))
    writer.close(WAIT_S)
    assert all(error is None for _, error in outcomes.wait(500))
    report = verify(tmp_path / "spool")
    assert (report.records, report.kinds, report.unsealed_segments, report.damaged) == (
        500,
        {2: 500},
        0,
        False,
    )
    open_writer().close(WAIT_S)


def test_append_after_close_is_refused_by_callback(open_writer) -> None:
    writer = open_writer()
    writer.close(WAIT_S)
    outcomes = Outcomes()
    writer.append(1, b"late", outcomes.of("late"))
    assert isinstance(outcomes.wait(1)[0][1], SpoolFailedError)


def test_close_says_when_the_disk_is_stalled(open_writer) -> None:
    disk = MemoryFileSystem()
    writer = open_writer(DIRECTORY, filesystem=disk, settings=SMALL)
    gate = Gate(disk)
    writer.append(1, b"x")
    assert gate.reached.wait(WAIT_S)
    with pytest.raises(SpoolFailedError, match="1 payloads are not durable"):
        writer.close(timeout_s=0.01)
    gate.opened.set()


@pytest.mark.parametrize("kind", [0, 0xF0, 256, -1])
def test_kinds_of_the_spool_are_not_the_callers(open_writer, kind: int) -> None:
    writer = open_writer(DIRECTORY, filesystem=MemoryFileSystem(), settings=SMALL)
    with pytest.raises(ValueError, match="kind"):
        writer.append(kind, b"")


def _append_until_durable(writer: SpoolWriter) -> None:
    """Healing comes with a probe, at a time of the thread's own: ask until the answer is yes."""
    for _ in range(10_000):
        told = threading.Event()
        answers: list[SpoolError | None] = []

        def on_durable(
            error: SpoolError | None, answers: list[SpoolError | None] = answers, told: threading.Event = told
        ) -> None:
            answers.append(error)
            told.set()

        writer.append(1, b"again", on_durable)
        assert told.wait(WAIT_S)
        if answers == [None]:
            return
        told.clear()
        told.wait(0.001)
    pytest.fail("the spool did not heal")


def test_payloads_that_nobody_waits_for_share_a_sync(tmp_path: Path) -> None:
    """S27: what is not urgent lingers, and is taken along by the first payload that is urgent."""
    settings = SpoolSettings(linger_s=3600, ballast_bytes=0)
    writer = SpoolWriter.open(tmp_path / "spool", boot=bytes(16), settings=settings)
    done: list[str] = []
    urgent = threading.Event()
    syncs = writer.statistics().sync_count
    for _ in range(20):
        writer.append(1, b"lazy", lambda error: done.append("lazy"), urgent=False)
    writer.append(1, b"urgent", lambda error: urgent.set())
    assert urgent.wait(30)
    assert done == ["lazy"] * 20
    assert writer.statistics().sync_count - syncs <= 2
    writer.close(30)


def test_a_payload_that_nobody_waits_for_is_written_after_the_linger_time(tmp_path: Path) -> None:
    """S27: lingering ends by itself, and at a close."""
    for linger_s, close_first in ((0.001, False), (3600, True)):
        directory = tmp_path / f"{close_first}"
        settings = SpoolSettings(linger_s=linger_s, ballast_bytes=0)
        writer = SpoolWriter.open(directory, boot=bytes(16), settings=settings)
        written = threading.Event()
        writer.append(1, b"lazy", lambda error, written=written: written.set(), urgent=False)
        if close_first:
            writer.close(30)
        assert written.wait(30)
        if not close_first:
            writer.close(30)
        assert [record.payload for record in SpoolReader(directory).read()] == [b"lazy"]


def test_a_payload_that_somebody_waits_for_does_not_wait_for_others(open_writer) -> None:
    """S27: it takes along what waits already."""
    outcomes = Outcomes()
    writer = open_writer(
        DIRECTORY,
        filesystem=MemoryFileSystem(),
        settings=replace(SMALL, linger_s=3600.0, probe_interval_s=3600.0),
    )
    for number in range(1, 6):
        writer.append(1, b"waits", outcomes.of("waits"), urgent=False)
        while not writer._lingering:
            time.sleep(0.001)
        writer.append(1, b"urgent", outcomes.of("urgent"))
        assert outcomes.wait(2 * number)[-2:] == [("waits", None), ("urgent", None)]
