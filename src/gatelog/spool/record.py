"""Records: payloads as the bytes of a segment.

 0  marker 4 │ length 4 │ seq 8 │ kind 1 │ flags 1 │ key id 2
20  header crc 4 │ payload crc 4
28  payload                                          (little-endian; docs/specs/spool.md, section 3)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import google_crc32c
import zstandard

from gatelog.spool.segment import salt_of
from gatelog.spool.settings import SpoolSettings

MARKER = b"\xffGL\xfe"
KIND_SEAL = 0xF0
KIND_MAX = 0xEF  # the highest kind a caller may use; 0 is none, F0..FF are the spool's own

COMPRESSED = 1  # 2 is reserved for encrypted
CONTINUES = 4
CONTINUATION = 8
KNOWN_FLAGS = COMPRESSED | CONTINUES | CONTINUATION

HEADER = struct.Struct("<4sIQBBHII")
HEADER_BYTES = HEADER.size
CHECKED_BYTES = 20  # what the header crc covers

_FIELDS = struct.Struct("<4sIQBBH")
_CRCS = struct.Struct("<II")


def pack(salt: int, seq: int, kind: int, flags: int, payload: bytes) -> bytes:
    """One record, its two crcs chained: boot id → header → payload."""
    fields = _FIELDS.pack(MARKER, len(payload), seq, kind, flags, 0)
    header_crc = google_crc32c.extend(salt, fields)
    return fields + _CRCS.pack(header_crc, google_crc32c.extend(header_crc, payload)) + payload


class Encoder:
    """Payloads → records: compressed, cut into pieces, numbered. Used by one thread only."""

    def __init__(self, boot: bytes, settings: SpoolSettings, next_seq: int) -> None:
        self.next_seq = next_seq
        self._salt = salt_of(boot)
        self._piece_bytes = settings.record_bytes_max
        self._compress_bytes_min = settings.compress_bytes_min
        self._compress = zstandard.ZstdCompressor(level=settings.compression_level).compress

    def encode(self, kind: int, payload: bytes) -> bytes:
        """The record, or the records, of one payload."""
        if len(payload) <= self._piece_bytes:
            return self._record(kind, 0, payload)
        return b"".join(self._record(kind, flags, piece) for flags, piece in self._pieces(payload))

    def seal(self, next_seq: int) -> bytes:
        """The record that ends a segment; it takes no seq, and names the one that comes next."""
        return pack(self._salt, next_seq, KIND_SEAL, 0, b"")

    def _record(self, kind: int, flags: int, payload: bytes) -> bytes:
        if len(payload) >= self._compress_bytes_min:
            compressed = self._compress(payload)
            if len(compressed) < len(payload):
                payload, flags = compressed, flags | COMPRESSED
        seq = self.next_seq
        self.next_seq = seq + 1
        return pack(self._salt, seq, kind, flags, payload)

    def _pieces(self, payload: bytes) -> Iterator[tuple[int, bytes]]:
        last = (len(payload) - 1) // self._piece_bytes * self._piece_bytes
        for start in range(0, last + 1, self._piece_bytes):
            flags = (CONTINUATION if start else 0) | (CONTINUES if start < last else 0)
            yield flags, payload[start : start + self._piece_bytes]
