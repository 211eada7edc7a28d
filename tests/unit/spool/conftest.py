"""A spool directory in memory, driven one group at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatelog.spool import (
    AckLog,
    Position,
    SpoolReader,
    SpoolRecord,
    SpoolSettings,
    SpoolWriter,
    VerifyReport,
    verify,
)
from gatelog.spool.journal import Journal
from gatelog.spool.segment import list_segments, segment_path
from gatelog.testing.filesystem import MemoryFileSystem

KIB = 1024


class ManualClock:
    """Time that moves when the test says so."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns


class Desk:
    """A directory on a disk in memory, and short ways to use it."""

    def __init__(self) -> None:
        self.disk = MemoryFileSystem()
        self.directory = Path("/spool/gateway-1")
        self.clock = ManualClock()
        self.settings = SpoolSettings(segment_bytes=64 * KIB, ballast_bytes=16 * KIB)
        self._boots = 0

    def open(self, **settings: int) -> Journal:
        """A new boot."""
        self._boots += 1
        values = {**vars(self.settings), **settings}
        return Journal.open(
            self.directory,
            boot=self._boots.to_bytes(16, "big"),
            settings=SpoolSettings(**values),
            clock=self.clock,
            filesystem=self.disk,
        )

    def fill(self, *payloads: bytes, **settings: int) -> None:
        """One boot that commits each payload by itself and stops cleanly."""
        journal = self.open(**settings)
        for payload in payloads:
            assert journal.commit([(7, payload)]) is None
        journal.close()

    def reader(self, start: Position | None = None) -> SpoolReader:
        return SpoolReader(self.directory, start=start, filesystem=self.disk)

    def records(self, start: Position | None = None) -> list[SpoolRecord]:
        return self.reader(start).read(records_max=100_000, bytes_max=1 << 30)

    def payloads(self, start: Position | None = None) -> list[bytes]:
        return [record.payload for record in self.records(start)]

    def ack_log(self, sink: str = "store") -> AckLog:
        return AckLog.open(self.directory, sink, self.disk)

    def verify(self) -> VerifyReport:
        return verify(self.directory, self.disk)

    def segments(self) -> list[int]:
        return list_segments(self.disk, self.directory)

    def content(self, segment: int) -> bytearray:
        """The bytes of a segment, to look at and to damage."""
        return self.disk.content(segment_path(self.directory, segment))

    def quarantined(self) -> list[str]:
        return sorted(self.disk.names(self.directory / "quarantine"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def open_writer(tmp_path: Path) -> Iterator[Callable[..., SpoolWriter]]:
    """Opens writers on real files (or a given file system); those still open are closed at the end."""
    writers: list[SpoolWriter] = []

    def start(directory: Path = tmp_path / "spool", **arguments: object) -> SpoolWriter:
        writer = SpoolWriter.open(directory, boot=bytes([len(writers)]) * 16, **arguments)  # type: ignore[arg-type]
        writers.append(writer)
        return writer

    yield start
    for writer in writers:
        writer.close(timeout_s=10)
