"""A body that is too long to be read: what the log keeps of it, without ever having had it in memory."""

from __future__ import annotations

import msgspec

BEGINNING_BYTES = 4096
"""Enough to tell text from binary."""


class LongBody(msgspec.Struct, frozen=True):
    """Stands for the wire bytes of a body over `DECODED_BYTES_MAX`; `len` and `sha256` (hex) are theirs."""

    beginning: bytes
    size: int
    sha256: str

    def __len__(self) -> int:
        return self.size
