"""What a target is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Target(NamedTuple):
    """`run` raises if the parser is wrong about an input; `corpus` are inputs to begin with."""

    name: str
    corpus: tuple[bytes, ...]
    run: Callable[[bytes], None]


def halves(data: bytes) -> list[bytes]:
    """The input in two pieces, cut where its last byte says."""
    place = data[-1] * len(data) // 255 if data else 0
    return [piece for piece in (data[:place], data[place:]) if piece]
