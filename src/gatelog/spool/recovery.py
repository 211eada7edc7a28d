"""What the last process left: where the next boot begins, and a clean end of its last segment."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gatelog.spool.ack import acked_positions
from gatelog.spool.filesystem import FileSystem
from gatelog.spool.quarantine import Quarantine
from gatelog.spool.record import CONTINUATION, CONTINUES, KIND_SEAL
from gatelog.spool.scan import Damage, Piece, Scan
from gatelog.spool.segment import DATA_OFFSET, SegmentHeader, list_segments, read_header, segment_path


class Recovered(NamedTuple):
    """The next numbers to give out, and what was found."""

    next_segment: int
    next_seq: int
    damaged: int = 0
    torn_bytes: int = 0


class _Tail(NamedTuple):
    offset: int
    next_seq: int
    damage: list[Damage]


def recover(directory: Path, filesystem: FileSystem) -> Recovered:
    """Check every segment's version, then mend the tail of the last one that has a header.

    Only the last segment can have a torn tail that matters: a later one was begun after it was whole,
    or took over its unfinished group.
    """
    segments = list_segments(filesystem, directory)
    last: SegmentHeader | None = None
    for segment in segments:
        header = _header_of(directory, segment, filesystem)
        last = header._replace(segment=segment) if header else last
    acked = [position.segment for position in acked_positions(directory, filesystem)]
    next_segment = max([0, *segments, *acked]) + 1  # never below an ack: no reader would look there
    if last is None:
        return Recovered(next_segment, 1)
    return _mend(directory, last, filesystem)._replace(next_segment=next_segment)


def _header_of(directory: Path, segment: int, filesystem: FileSystem) -> SegmentHeader | None:
    file = filesystem.open(segment_path(directory, segment))
    try:
        return read_header(file)
    finally:
        file.close()


def _mend(directory: Path, header: SegmentHeader, filesystem: FileSystem) -> Recovered:
    """Find the end of a segment, cut what is torn (a copy is kept), and make what remains durable."""
    quarantine = Quarantine(directory, filesystem)
    file = filesystem.open(segment_path(directory, header.segment), writable=True)
    try:
        scan = Scan(file, header.salt, DATA_OFFSET)
        tail = _find_tail(scan, header)
        torn = Damage(tail.offset, scan.torn_end(), "torn tail")
        for damage in [*tail.damage, torn]:
            if damage.end > damage.offset:
                quarantine.keep(file, header.segment, damage)
        if file.size() > tail.offset:
            file.truncate(tail.offset)
        file.sync()
    finally:
        file.close()
    return Recovered(header.segment + 1, tail.next_seq, len(tail.damage), torn.end - torn.offset)


def _find_tail(scan: Scan, header: SegmentHeader) -> _Tail:
    """The end of the last whole payload: pieces without the last one were never promised to anybody."""
    damage: list[Damage] = []
    next_seq = header.first_seq
    begun: Piece | None = None
    while (found := scan.next(final=True)) is not None:
        if isinstance(found, Damage):
            damage.append(found)
            begun = None
            continue
        next_seq = max(next_seq, found.seq if found.kind == KIND_SEAL else found.seq + 1)
        if not found.flags & CONTINUES:
            begun = None
        elif not found.flags & CONTINUATION:
            begun = found
    if begun is not None:
        return _Tail(begun.offset, begun.seq, damage)
    return _Tail(scan.offset, next_seq, damage)
