"""The body as it crosses the wire: cut short, coded, sliced, framed. Pure.

answer.pieces → [cut short by a fault] → [gzip, flushed per piece] → slices → frames
"""

from __future__ import annotations

import bisect
import itertools
import zlib
from collections.abc import Iterator
from typing import Literal

from gatelog.simulator.answer import Answer, Piece, data_event
from gatelog.simulator.errors import error_value
from gatelog.simulator.script import Fault, Script

Framing = Literal["chunked", "length", "close"]
LAST_CHUNK = b"0\r\n\r\n"


def framing_of(answer: Answer, script: Script) -> Framing:
    """How the end of the body is told."""
    if script.framing != "auto":
        return script.framing
    return "chunked" if answer.stream else "length"


def frame(framing: Framing, data: bytes) -> bytes:
    """Data as one chunk, or as it is."""
    return b"%x\r\n%b\r\n" % (len(data), data) if framing == "chunked" and data else data


def end_of(framing: Framing) -> bytes:
    """What tells the end of the body."""
    return LAST_CHUNK if framing == "chunked" else b""


def cut_short(answer: Answer, fault: Fault) -> tuple[Piece, ...]:
    """What is left of an answer under a "truncate" or "error_event" fault."""
    kept: list[Piece] = []
    room = fault.after_bytes or 0
    for piece in answer.pieces:
        if room <= 0:
            break
        kept.append(piece if answer.stream else Piece(piece.data[:room], piece.tokens))
        room -= len(piece.data)
    if fault.kind == "error_event" and answer.stream:
        kept.append(Piece(data_event(error_value(fault)), kept[-1].tokens if kept else 0))
    return tuple(kept)


def gzipped(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces in gzip, each flushed so that a reader can decode it at once."""
    coder = zlib.compressobj(wbits=31)
    coded = [Piece(coder.compress(data) + coder.flush(zlib.Z_SYNC_FLUSH), tokens) for data, tokens in pieces]
    return (*coded, Piece(coder.flush(), pieces[-1].tokens if pieces else 0))


class Body:
    """Coded pieces with their places: which tokens a number of bytes has told."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self._pieces = pieces
        self._ends = list(itertools.accumulate(len(piece.data) for piece in pieces))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def tokens_in(self, size: int) -> int:
        """Completion tokens told by the first `size` bytes: those of the pieces that they hold whole."""
        whole = bisect.bisect_right(self._ends, size)
        return self._pieces[whole - 1].tokens if whole else 0

    def slices(self, script: Script) -> Iterator[bytes]:
        """What is framed and sent as one. Paced pieces stay apart; otherwise slices run across them."""
        size = script.chunk_bytes
        parts = [piece.data for piece in self._pieces]
        if size and not script.pace_ms:
            parts = [b"".join(parts)]
        for part in parts:
            yield from sliced(part, size)


def sliced(data: bytes, size: int) -> Iterator[bytes]:
    """Data in slices of `size` bytes (0 = whole)."""
    if not size:
        yield data
        return
    for start in range(0, len(data), size):
        yield data[start : start + size]
