"""The reading side of a spool directory: whole records in order, each once, beside a live writer.

open segment ──► Scan ──► pieces ──► Assembler ──► seq seen before? ──► record
     ▲             │ tail                              └ dropped (rewritten after a write error)
     │             ├ no later segment: not yet
     └─────────────┴ a later segment: nobody writes here any more; look once more, then move on
"""

from __future__ import annotations

import bisect
import contextlib
from dataclasses import dataclass
from pathlib import Path

from gatelog.errors import SpoolError, SpoolFailedError
from gatelog.spool.assemble import Assembler, SpoolRecord
from gatelog.spool.filesystem import File, FileSystem, OsFileSystem
from gatelog.spool.quarantine import Quarantine
from gatelog.spool.record import KIND_SEAL
from gatelog.spool.scan import Damage, Piece, Scan
from gatelog.spool.segment import (
    DATA_OFFSET,
    Position,
    SegmentHeader,
    is_unborn,
    list_segments,
    read_header,
    segment_path,
)
from gatelog.spool.settings import MIB

_PAGE_BYTES = 4096


@dataclass
class DamageCounters:
    """What a reader had to leave out since it was opened."""

    places: int = 0  # damaged stretches stepped over
    bytes: int = 0
    lost: int = 0  # seqs that are missing and were not declared void


class _OpenSegment:
    """The segment under the cursor."""

    def __init__(self, file: File, header: SegmentHeader, assembler: Assembler) -> None:
        self.file = file
        self.header = header
        self.scan = Scan(file, header.salt, DATA_OFFSET)
        self.assembler = assembler
        self.final = False  # a later segment exists: nobody appends here any more


class SpoolReader:
    """One consumer's cursor. `position` is behind the last record delivered; hand it to `AckLog.ack`.

    Not thread-safe. `read` raises SpoolFailedError where the disk fails and SpoolVersionError at a newer
    segment; the cursor then stays where it was.
    """

    def __init__(
        self,
        directory: Path,
        *,
        start: Position | None = None,
        filesystem: FileSystem = OsFileSystem(),  # noqa: B008 - stateless
    ) -> None:
        self.position = start or Position(0, 0)
        self.damage = DamageCounters()
        self._directory = directory
        self._filesystem = filesystem
        self._quarantine = Quarantine(directory, filesystem)
        self._open: _OpenSegment | None = None
        self._next_segment = self.position.segment
        self._last_boot = b""
        self._last_seq: int | None = None

    def read(self, records_max: int = 1000, bytes_max: int = 8 * MIB) -> list[SpoolRecord]:
        """The next records, [] if there are none yet. Ends after the record that reaches a limit."""
        records: list[SpoolRecord] = []
        size = 0
        while len(records) < records_max and size < bytes_max:
            try:
                record = self._next()
            except (OSError, SpoolError) as error:
                if records:
                    break  # these are delivered first; the error comes back with the next call
                raise self._mapped(error) from error
            if record is None:
                break
            records.append(record)
            size += len(record.payload)
        return records

    def lag_bytes(self) -> int:
        """Bytes written and not yet read, to within a few bytes."""
        segments = list_segments(self._filesystem, self._directory)
        ahead = segments[bisect.bisect_left(segments, self.position.segment) :]
        lag = 0
        for segment in ahead:
            lag += max(0, self._written_end(segment) - self._read_end(segment))
        return lag

    def close(self) -> None:
        """Release the descriptor."""
        if self._open is not None:
            self._open.file.close()
            self._open = None

    def _next(self) -> SpoolRecord | None:
        while (current := self._open or self._open_next()) is not None:
            found = current.scan.next(final=current.final)
            if isinstance(found, Piece):
                record = self._take(current, found)
                if record is not None:
                    return record
            elif isinstance(found, Damage):
                current.assembler.interrupt(found.offset)
                self._report(current.file, current.header.segment, found)
            elif current.final:
                self._leave(current)
            elif self._later_segments(current.header.segment):
                current.final = True
            else:
                self._wait(current)
                return None
        return None

    def _take(self, current: _OpenSegment, piece: Piece) -> SpoolRecord | None:
        if piece.kind == KIND_SEAL:
            current.assembler.interrupt(piece.offset)
            self._expect(piece.seq)
            return None
        record = current.assembler.add(piece)
        if record is None or self._was_delivered(current.header.boot, piece.seq):
            return None
        self._expect(record.seq)
        self._last_boot, self._last_seq = record.boot, piece.seq
        self.position = record.end
        return record

    def _was_delivered(self, boot: bytes, seq: int) -> bool:
        """A group that was rewritten after an error stands in two segments of one boot."""
        return self._last_seq is not None and boot == self._last_boot and seq <= self._last_seq

    def _expect(self, seq: int) -> None:
        """Count what is missing before `seq`."""
        if self._last_seq is not None and seq > self._last_seq + 1:
            self.damage.lost += seq - self._last_seq - 1
            self._last_seq = seq - 1

    def _open_next(self) -> _OpenSegment | None:
        """The segment to go on with. A missing one was acknowledged and deleted."""
        later = self._later_segments(self._next_segment - 1)
        for segment in later:
            self._next_segment = segment
            current = self._open_segment(segment, is_last=segment == later[-1])
            if current is not None:
                self._open = current
                return current
        return None

    def _open_segment(self, segment: int, *, is_last: bool) -> _OpenSegment | None:
        try:
            file = self._filesystem.open(segment_path(self._directory, segment))
        except FileNotFoundError:
            return None
        with contextlib.ExitStack() as unless_opened:
            unless_opened.callback(file.close)
            header = read_header(file)
            if header is None:
                self._pass_over(file, segment, is_last=is_last)
                return None
            header = header._replace(segment=segment)
            assembler = Assembler(segment, header.boot, lambda damage: self._report(file, segment, damage))
            current = _OpenSegment(file, header, assembler)
            if segment == self.position.segment:
                self._walk_to_position(current)
            self._note_void(header)
            unless_opened.pop_all()
        return current

    def _pass_over(self, file: File, segment: int, *, is_last: bool) -> None:
        """A segment without a header: one being created, one that never was, or one that is lost."""
        if not is_last:
            self._next_segment = segment + 1
            if not is_unborn(file):
                self._report(file, segment, Damage(0, file.size(), "unreadable segment header"))

    def _walk_to_position(self, current: _OpenSegment) -> None:
        """Learn which seq was delivered last. Damage on the way was reported when it was passed first.

        Nobody appends below the position, so a hole of zeros there is damage and not yet the tail. And
        whatever the walk finds, delivery goes on at the position: the walk may stop short of it, or
        step over damage that reaches beyond it.
        """
        scan = current.scan
        while scan.offset < self.position.offset and (found := scan.next(final=True)) is not None:
            if isinstance(found, Piece) and found.kind != KIND_SEAL:
                self._last_boot, self._last_seq = current.header.boot, found.seq
        scan.offset = max(self.position.offset, DATA_OFFSET)

    def _note_void(self, header: SegmentHeader) -> None:
        """Seqs that were refused to their callers are not missing."""
        before = header.first_seq - 1
        if self._last_seq is None or self._last_boot != header.boot:
            return
        if before - header.void <= self._last_seq < before:
            self._last_seq = before

    def _wait(self, current: _OpenSegment) -> None:
        """Nothing more yet. A segment without records is not held open: a later boot may reuse its name."""
        if current.scan.offset == DATA_OFFSET:
            self.close()

    def _leave(self, current: _OpenSegment) -> None:
        """Go on behind this segment. A payload without its end was never promised: its group was torn."""
        self._next_segment = current.header.segment + 1
        self.close()

    def _later_segments(self, segment: int) -> list[int]:
        segments = list_segments(self._filesystem, self._directory)
        return segments[bisect.bisect_right(segments, segment) :]

    def _report(self, file: File, segment: int, damage: Damage) -> None:
        self.damage.places += 1
        self.damage.bytes += damage.end - damage.offset
        self._quarantine.keep(file, segment, damage)

    def _mapped(self, error: OSError | SpoolError) -> SpoolError:
        if isinstance(error, SpoolError):
            return error
        return SpoolFailedError(f"spool {self._directory} cannot be read: {error.strerror}")

    def _read_end(self, segment: int) -> int:
        if self._open is not None and self._open.header.segment == segment:
            return self._open.scan.offset
        return max(self.position.offset, DATA_OFFSET) if segment == self.position.segment else DATA_OFFSET

    def _written_end(self, segment: int) -> int:
        """Where the zeros of the preallocated end begin, by bisection over pages."""
        try:
            file = self._filesystem.open(segment_path(self._directory, segment))
        except FileNotFoundError:
            return 0
        try:
            pages = range(0, file.size(), _PAGE_BYTES)
            empty = bisect.bisect_left(pages, 1, key=lambda start: not _written(file, start))
            last = pages[empty - 1] if empty else 0
            return last + _written(file, last)
        finally:
            file.close()


def _written(file: File, page: int) -> int:
    """Bytes up to the last one of a page that is not zero."""
    return len(file.read(_PAGE_BYTES, page).rstrip(b"\0"))
