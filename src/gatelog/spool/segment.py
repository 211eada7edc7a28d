"""Segments: their names in a directory, and the header that stands twice at their start.

 0  magic 8 │ version 2 │ key id 2 │ reserved 4
16  boot 16
32  segment 8 │ first seq 8
48  created 8 │ void 4 │ crc32c 4                    (little-endian; docs/specs/spool.md, section 2)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import google_crc32c

from gatelog.errors import SpoolVersionError
from gatelog.spool.filesystem import File, FileSystem

MAGIC = b"\x89GLSPOOL"
VERSION = 1
COPY_OFFSETS = (0, 4096)  # two disk blocks: one bad block must not cost the segment
DATA_OFFSET = 8192

_FIELDS = struct.Struct("<8sHHI16sQQQI")
_CRC = struct.Struct("<I")
_HEADER_BYTES = _FIELDS.size + _CRC.size
_SUFFIX = ".seg"
_DIGITS = 20


class Position(NamedTuple):
    """A place in a spool directory: segment number and byte offset in it. Positions order as records do."""

    segment: int
    offset: int


class SegmentHeader(NamedTuple):
    """What a segment says of itself. `void`: seqs just below `first_seq` that were refused."""

    boot: bytes
    segment: int
    first_seq: int
    created_at_ns: int
    void: int = 0
    key_id: int = 0

    @property
    def salt(self) -> int:
        """The seed of every record header's crc in this segment."""
        return salt_of(self.boot)


def salt_of(boot: bytes) -> int:
    """The crc seed of a boot id (16 bytes)."""
    salt: int = google_crc32c.value(boot)
    return salt


def header_block(header: SegmentHeader) -> bytes:
    """The first DATA_OFFSET bytes of a segment: both copies, zeros between."""
    boot, segment, first_seq, created_at_ns, void, key_id = header
    fields = _FIELDS.pack(MAGIC, VERSION, key_id, 0, boot, segment, first_seq, created_at_ns, void)
    copy = fields + _CRC.pack(google_crc32c.value(fields))
    return b"".join(copy.ljust(end - start, b"\0") for start, end in ((0, 4096), (4096, DATA_OFFSET)))


def read_header(file: File) -> SegmentHeader | None:
    """The header from whichever copy is intact; None if neither is. SpoolVersionError if it is newer."""
    for offset in COPY_OFFSETS:
        copy = file.read(_HEADER_BYTES, offset)
        if len(copy) == _HEADER_BYTES and _CRC.unpack_from(copy, _FIELDS.size)[0] == google_crc32c.value(
            copy[: _FIELDS.size]
        ):
            magic, version, key_id, _, boot, segment, first_seq, created_at_ns, void = _FIELDS.unpack_from(
                copy
            )
            if magic != MAGIC:
                continue
            if version > VERSION:
                raise SpoolVersionError(
                    f"segment {segment} has format {version}, this gatelog reads up to {VERSION}: "
                    "run the newer gatelog on this directory; nothing was changed"
                )
            return SegmentHeader(boot, segment, first_seq, created_at_ns, void, key_id)
    return None


def is_unborn(file: File) -> bool:
    """Whether no header was ever written: the writer died, or the disk filled, while it was created."""
    return not file.read(DATA_OFFSET, 0).strip(b"\0")


def segment_path(directory: Path, segment: int) -> Path:
    """Where a segment is."""
    return directory / f"{segment:0{_DIGITS}d}{_SUFFIX}"


def segment_numbers(names: Iterable[str]) -> list[int]:
    """The segment numbers among file names, ascending."""
    return sorted(
        int(name[:_DIGITS])
        for name in names
        if len(name) == _DIGITS + len(_SUFFIX)
        and name.endswith(_SUFFIX)
        and name[:_DIGITS].isascii()
        and name[:_DIGITS].isdigit()
    )


def list_segments(filesystem: FileSystem, directory: Path) -> list[int]:
    """The segment numbers in a directory, ascending."""
    return segment_numbers(filesystem.names(directory))
