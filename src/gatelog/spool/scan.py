"""Walks the records of one segment, over damage, and beside a writer that is still appending.

at an offset                what follows              outcome
──────────────────────────  ────────────────────────  ──────────────────────────────────────────
a valid record              anything                  Piece
good header, bad payload    a valid record            Damage up to the header's own end
bad header                  a valid record            Damage up to that record
anything else               nothing valid             None: the tail (not yet written, or torn)
"""

from __future__ import annotations

from typing import NamedTuple

import google_crc32c

from gatelog.spool.filesystem import File
from gatelog.spool.record import CHECKED_BYTES, HEADER, HEADER_BYTES, MARKER

BLOCK_BYTES = 256 * 1024  # one read; a record that is longer is read whole


class Piece(NamedTuple):
    """A valid record: where it is, and its payload as stored."""

    offset: int
    end: int
    seq: int
    kind: int
    flags: int
    stored: bytes


class Damage(NamedTuple):
    """Bytes that were records once."""

    offset: int
    end: int
    what: str


class _Flaw(NamedTuple):
    """Why there is no valid record at an offset; `end` if its header is good all the same."""

    what: str
    end: int | None = None


class Scan:
    """A cursor over one segment's records. `offset` is where the next one begins."""

    def __init__(self, file: File, salt: int, offset: int) -> None:
        self.offset = offset
        self._file = file
        self._salt = salt
        self._block = b""
        self._block_offset = 0

    def next(self, *, final: bool) -> Piece | Damage | None:
        """The next record or damaged stretch; None at the tail.

        `final` says that nobody appends any more: then a valid record is searched up to the end of
        the file, otherwise only up to the first block of zeros.
        """
        found = self._parse(self.offset)
        if isinstance(found, _Flaw):
            seen = self._look_again(final)
            if seen is None:
                return None
            self.offset = seen.end
            return seen
        self.offset = found.end
        return found

    def torn_end(self) -> int:
        """Where the last non-zero byte of the tail ends; `offset` if the tail is clean."""
        end = offset = self.offset
        while block := self._file.read(BLOCK_BYTES, offset):
            written = len(block.rstrip(b"\0"))
            if written:
                end = offset + written
            offset += len(block)
        return end

    def _parse(self, offset: int) -> Piece | _Flaw:
        """The record at `offset`, from the block in memory if it is there."""
        block, at = self._block, offset - self._block_offset
        if at < 0 or at + HEADER_BYTES > len(block):
            block, at = self._load(offset, HEADER_BYTES), 0
            if len(block) < HEADER_BYTES:
                return _Flaw("cut short")
        marker, length, seq, kind, flags, _, header_crc, payload_crc = HEADER.unpack_from(block, at)
        if marker != MARKER or google_crc32c.extend(self._salt, block[at : at + CHECKED_BYTES]) != header_crc:
            return _Flaw("unreadable header")
        start = at + HEADER_BYTES
        if start + length > len(block):
            block, start = self._load(offset, HEADER_BYTES + length), HEADER_BYTES
            if start + length > len(block):
                return _Flaw("cut short")
        end = offset + HEADER_BYTES + length
        stored = block[start : start + length]
        if google_crc32c.extend(header_crc, stored) != payload_crc:
            return _Flaw("damaged payload", end)
        return Piece(offset, end, seq, kind, flags, stored)

    def _load(self, offset: int, least: int) -> bytes:
        self._block = self._file.read(max(BLOCK_BYTES, least), offset)
        self._block_offset = offset
        return self._block

    def _parse_afresh(self, offset: int) -> Piece | _Flaw:
        self._block = b""
        return self._parse(offset)

    def _look_again(self, final: bool) -> Piece | Damage | None:
        """No valid record was seen at `offset`: is it not there yet, seen too early, or damaged?

        A read may overtake a write that is under way. But what stands before a valid record was
        written before it: so once one is found further on, a second look at this place decides.
        """
        if not final and not self._file.read(HEADER_BYTES, self.offset).strip(b"\0"):
            return None
        found = self._parse_afresh(self.offset)
        if isinstance(found, Piece):
            return found
        if self._find_valid(found.end or self.offset + 1, final) is None:
            return None
        found = self._parse_afresh(self.offset)
        if isinstance(found, Piece):
            return found
        end = found.end or self._find_valid(self.offset + 1, final)
        assert end is not None, "a valid record was found above, and records do not change"
        return Damage(self.offset, end, found.what)

    def _find_valid(self, offset: int, final: bool) -> int | None:
        """Where the first valid record at or after `offset` begins."""
        while len(block := self._file.read(BLOCK_BYTES, offset)) >= HEADER_BYTES:
            at = block.find(MARKER)
            while at >= 0:
                if isinstance(self._parse_afresh(offset + at), Piece):
                    return offset + at
                at = block.find(MARKER, at + 1)
            if not final and not block.strip(b"\0"):
                return None
            offset += len(block) - len(MARKER) + 1
        return None
