"""The body of one call, as its pieces come from the spool.

    add ─► pieces: bytes, or only the place where memory is short ─► whole: bytes
             └── longer than the log keeps text ─► hashed and let go ─► whole: LongBody

So the longest upload, and an answer that does not end, take no more memory here than any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.provider import BEGINNING_BYTES, DECODED_BYTES_MAX, LongBody
from gatelog.spool import Position

ReadBodies = Callable[[Sequence[Position]], list[bytes]]
"""Reads the bodies of the Start or Part records at these positions (ascending) again."""


class Piece(NamedTuple):
    """A piece of a body: where its record is, and its bytes if they are held."""

    position: Position
    body: bytes | None


class GatheredBody:
    """One body. What is raised while pieces are read again comes from the spool."""

    __slots__ = ("_beginning", "_hash", "_pieces", "_read_bodies", "_size", "held_bytes")

    def __init__(self, read_bodies: ReadBodies) -> None:
        self._read_bodies = read_bodies
        self._pieces: list[Piece] = []
        self._size = 0
        self._beginning = b""
        self._hash = hashlib.sha256()
        """Of what was let go."""
        self.held_bytes = 0
        """Of the pieces in memory."""

    def add(self, position: Position, body: bytes, *, hold: bool) -> None:
        """The next piece; its bytes stay in memory if `hold`."""
        self._size += len(body)
        if self._beginning:
            self._hash.update(body)
            return
        self._pieces.append(Piece(position, body if hold else None))
        if hold:
            self.held_bytes += len(body)
        if self._size > DECODED_BYTES_MAX:
            self._let_go()

    def whole(self, rest: bytes) -> bytes | LongBody:
        """The body, of which `rest` is the end."""
        if self._beginning:
            digest = self._hash.copy()
            digest.update(rest)
            return LongBody(self._beginning, self._size + len(rest), digest.hexdigest())
        body = self._joined() + rest
        if len(body) <= DECODED_BYTES_MAX:
            return body
        return LongBody(body[:BEGINNING_BYTES], len(body), hashlib.sha256(body).hexdigest())

    def _let_go(self) -> None:
        body = self._joined()
        self._beginning = body[:BEGINNING_BYTES]
        self._hash.update(body)
        self._pieces.clear()
        self.held_bytes = 0

    def _joined(self) -> bytes:
        positions = [piece.position for piece in self._pieces if piece.body is None]
        again = iter(self._read_bodies(positions) if positions else ())
        return b"".join(next(again) if piece.body is None else piece.body for piece in self._pieces)
