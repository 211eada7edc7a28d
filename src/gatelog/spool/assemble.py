"""Pieces of a segment → the payloads that were appended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import zstandard

from gatelog.spool.record import COMPRESSED, CONTINUATION, CONTINUES, KNOWN_FLAGS
from gatelog.spool.scan import Damage, Piece
from gatelog.spool.segment import Position


@dataclass(slots=True)
class SpoolRecord:
    """One appended payload. `position` is its start, `end` the place behind it; `boot` is 16 bytes.

    `seq` is that of its first piece.
    """

    position: Position
    end: Position
    seq: int
    kind: int
    boot: bytes
    payload: bytes


class Assembler:
    """Decompresses and joins the pieces of one segment; hands what cannot be joined to `report`.

    Whoever steps over damage between two pieces says so with `interrupt`.
    """

    def __init__(self, segment: int, boot: bytes, report: Callable[[Damage], None]) -> None:
        self._segment = segment
        self._boot = boot
        self._report = report
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._first: Piece | None = None
        self._parts: list[bytes] = []

    @property
    def begun_at(self) -> int | None:
        """Where a payload begins whose last piece has not come yet."""
        return None if self._first is None else self._first.offset

    def add(self, piece: Piece) -> SpoolRecord | None:
        """The payload that this piece completes, if it does."""
        if self._first is not None and not piece.flags & CONTINUATION:
            self.interrupt(piece.offset)
        part = self._decode(piece)
        if part is None:
            return None
        if self._first is None and piece.flags & CONTINUATION:
            self._report(Damage(piece.offset, piece.end, "continuation without its beginning"))
            return None
        if piece.flags & CONTINUES or self._first is not None:
            return self._join(piece, part)
        return self._record(piece, piece.end, part)

    def interrupt(self, offset: int) -> None:
        """What was begun will not be completed: something else stands at `offset`."""
        if self._first is not None:
            self._report(Damage(self._first.offset, offset, "payload without its end"))
            self._first = None
            self._parts = []

    def _join(self, piece: Piece, part: bytes) -> SpoolRecord | None:
        first = self._first = self._first or piece
        self._parts.append(part)
        if piece.flags & CONTINUES:
            return None
        payload = b"".join(self._parts)
        self._first = None
        self._parts = []
        return self._record(first, piece.end, payload)

    def _record(self, first: Piece, end: int, payload: bytes) -> SpoolRecord:
        segment = self._segment
        return SpoolRecord(
            Position(segment, first.offset),
            Position(segment, end),
            first.seq,
            first.kind,
            self._boot,
            payload,
        )

    def _decode(self, piece: Piece) -> bytes | None:
        if not piece.flags & ~KNOWN_FLAGS:
            if not piece.flags & COMPRESSED:
                return piece.stored
            try:
                return self._decompress(piece.stored)
            except zstandard.ZstdError:
                pass  # reported below, as are flags that this version cannot read
        self._report(Damage(piece.offset, piece.end, "payload cannot be decoded"))
        return None
