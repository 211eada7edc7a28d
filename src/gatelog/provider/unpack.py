"""Compressed data to its content, piece by piece: gzip (RFC 1952), zlib, raw deflate, zstd (RFC 8878).

data = member *member          a member has an unpacker of its own, which is fed in bites
       └ bite bite bi│te …
                     └ what an unpacker leaves, it copies: of one bite, never of all that follows
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

MEMBERS_MAX = 4096
"""Members (gzip) or frames (zstd) of one body: an empty one takes 9 bytes and more time than its share. Tools
that cut what they compress make members of 64 KiB or more."""

_BITE_BYTES = 1024
"""Compressed bytes between two looks at what came of them: gzip may grow 1,000 times, zstd 30,000."""


class UnpackError(Exception):
    """The data does not end as it should, or never; the text is a note for people."""


class Unpacker(Protocol):
    """What zlib and zstandard have in common: `eof` after the end of a member, `unused_data` behind it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def unpacked(data: bytes, begin: Callable[[], Unpacker], magic: bytes = b"") -> Iterator[bytes]:
    """The content of all members, each read by what `begin` makes, and each but the first begun by `magic`.

    UnpackError where the last one is cut off, where something else follows, and for too many; damage inside
    a member is raised as its library does. The caller bounds the content by leaving the iterator.
    """
    place = 0
    for number in range(MEMBERS_MAX):
        if place == len(data):
            return
        if number and not data.startswith(magic, place):
            raise UnpackError("bytes after the end of the compressed data")
        unpacker = begin()
        while not unpacker.eof:
            if place == len(data):
                raise UnpackError("truncated compression")
            bite = data[place : place + _BITE_BYTES]
            place += len(bite)
            yield unpacker.decompress(bite)
        place -= len(unpacker.unused_data)
    if place < len(data):
        raise UnpackError("too many compressed members")
