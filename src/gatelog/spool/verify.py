"""Checks a whole spool directory and changes nothing: for `gatelog spool verify`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from gatelog.errors import SpoolError
from gatelog.spool.assemble import Assembler
from gatelog.spool.filesystem import File, FileSystem, OsFileSystem
from gatelog.spool.record import KIND_SEAL
from gatelog.spool.scan import Damage, Piece, Scan
from gatelog.spool.segment import (
    DATA_OFFSET,
    SegmentHeader,
    header_block,
    is_unborn,
    list_segments,
    read_header,
    segment_path,
)


class Gap(NamedTuple):
    """Seqs that are missing, both ends included, and where this was noticed."""

    first_seq: int
    last_seq: int
    segment: int


class DamagedPlace(NamedTuple):
    """Bytes `offset` to `end` of a segment, and what is wrong with them."""

    segment: int
    offset: int
    end: int
    what: str


@dataclass
class VerifyReport:
    """What a spool directory holds. Counts of records are of payloads, not of their pieces."""

    directory: str
    segments: int = 0
    records: int = 0
    payload_bytes: int = 0
    kinds: dict[int, int] = field(default_factory=dict)
    boots: list[str] = field(default_factory=list)  # hex, in order of appearance
    first_seq: int | None = None
    last_seq: int | None = None
    void: int = 0  # seqs refused to their callers, declared by a segment
    superseded: int = 0  # seqs written again after a write error, or by the boot after a crash
    unsealed_segments: int = 0
    unborn_segments: int = 0  # created, but never given a header
    torn_tail_bytes: int = 0  # left by a crash behind the last record of a segment
    gaps: list[Gap] = field(default_factory=list)
    damage: list[DamagedPlace] = field(default_factory=list)

    @property
    def damaged(self) -> bool:
        """Whether anything was lost or changed. A torn tail without a gap behind it is neither."""
        return bool(self.gaps or self.damage)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        report = dataclasses.asdict(self)
        report["kinds"] = {str(kind): count for kind, count in sorted(self.kinds.items())}
        report["gaps"] = [gap._asdict() for gap in self.gaps]
        report["damage"] = [place._asdict() for place in self.damage]
        report["damaged"] = self.damaged
        return report


def verify(directory: Path, filesystem: FileSystem = OsFileSystem()) -> VerifyReport:  # noqa: B008 - stateless
    """Read every segment to its end. SpoolVersionError if one is newer than this gatelog.

    Beside a live writer the report is of the moment: what is being written shows as a torn tail.
    """
    try:
        segments = list_segments(filesystem, directory)
    except OSError as error:
        raise SpoolError(f"{directory} cannot be read: {error.strerror}") from error
    verifier = _Verifier(VerifyReport(str(directory)))
    for segment in segments:
        try:
            file = filesystem.open(segment_path(directory, segment))
        except FileNotFoundError:
            continue  # deleted since the names were read
        try:
            verifier.segment(file, segment)
        finally:
            file.close()
    return verifier.report


class _Verifier:
    """Carries the expected seq from segment to segment."""

    def __init__(self, report: VerifyReport) -> None:
        self.report = report
        self._next_seq: int | None = None

    def segment(self, file: File, segment: int) -> None:
        report = self.report
        report.segments += 1
        header = read_header(file)
        if header is None:
            if is_unborn(file):
                report.unborn_segments += 1
            else:
                self._damaged(segment, Damage(0, file.size(), "unreadable segment header"))
            return
        self._header(file, segment, header)
        scan = Scan(file, header.salt, DATA_OFFSET)
        sealed, tail = self._records(scan, segment, header)
        torn_end = scan.torn_end()
        if not sealed:
            report.unsealed_segments += 1
            report.torn_tail_bytes += torn_end - tail
        elif torn_end > tail:
            self._damaged(segment, Damage(tail, torn_end, "bytes behind the seal"))

    def _header(self, file: File, segment: int, header: SegmentHeader) -> None:
        report = self.report
        if file.read(DATA_OFFSET, 0) != header_block(header._replace(segment=segment)):
            self._damaged(segment, Damage(0, DATA_OFFSET, "one copy of the segment header is damaged"))
        boot = header.boot.hex()
        if boot not in report.boots:
            report.boots.append(boot)
        if self._next_seq is None:
            self._next_seq = header.first_seq
        elif header.first_seq < self._next_seq:
            report.superseded += self._next_seq - header.first_seq
            self._next_seq = header.first_seq
        elif header.first_seq - header.void <= self._next_seq:
            report.void += header.first_seq - self._next_seq
            self._next_seq = header.first_seq
        else:
            self._seen(segment, header.first_seq)

    def _records(self, scan: Scan, segment: int, header: SegmentHeader) -> tuple[bool, int]:
        """Count the records; whether the segment ends in a SEAL, and where its tail begins."""
        assembler = Assembler(segment, header.boot, lambda damage: self._damaged(segment, damage))
        sealed = False
        while (found := scan.next(final=True)) is not None:
            if isinstance(found, Damage):
                assembler.interrupt(found.offset)
                self._damaged(segment, found)
                continue
            self._seen(segment, found.seq)
            sealed = found.kind == KIND_SEAL
            if not sealed:
                self._next_seq = found.seq + 1
                self._record(assembler, found)
        return sealed, assembler.begun_at or scan.offset

    def _record(self, assembler: Assembler, piece: Piece) -> None:
        report = self.report
        record = assembler.add(piece)
        if report.first_seq is None:
            report.first_seq = piece.seq
        report.last_seq = piece.seq
        if record is not None:
            report.records += 1
            report.payload_bytes += len(record.payload)
            report.kinds[record.kind] = report.kinds.get(record.kind, 0) + 1

    def _seen(self, segment: int, seq: int) -> None:
        """`seq` is the next one here: everything expected before it is missing."""
        assert self._next_seq is not None, "set by the segment's header"
        if seq > self._next_seq:
            self.report.gaps.append(Gap(self._next_seq, seq - 1, segment))
        self._next_seq = seq

    def _damaged(self, segment: int, damage: Damage) -> None:
        self.report.damage.append(DamagedPlace(segment, *damage))
