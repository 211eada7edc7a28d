"""The bytes on disk are those of docs/specs/spool.md."""

from __future__ import annotations

import os
import struct

import google_crc32c
import pytest
import zstandard

from gatelog.spool import SpoolSettings
from gatelog.spool.segment import segment_numbers

KIB = 1024


def test_crc_is_castagnoli() -> None:
    """The check value of RFC 3720, appendix B.4: 32 bytes of zeros."""
    assert google_crc32c.value(bytes(32)) == 0x8A9136AA


def test_a_segment_starts_with_two_header_copies(desk) -> None:
    """S1: two identical copies, in two disk blocks, zeros around them."""
    desk.fill(b"x")
    content = bytes(desk.content(1))
    fields = struct.pack(
        "<8sHHI16sQQQI", b"\x89GLSPOOL", 1, 0, 0, bytes(15) + b"\x01", 1, 1, desk.clock.now_ns(), 0
    )
    copy = fields + struct.pack("<I", google_crc32c.value(fields))
    assert len(copy) == 64
    assert content[:4096] == content[4096:8192] == copy.ljust(4096, b"\0")


@pytest.mark.parametrize("offset", [0, 4096])
def test_either_header_copy_is_enough(desk, offset: int) -> None:
    """S1: one lost disk block costs no record, and verify names it."""
    desk.fill(b"kept")
    desk.content(1)[offset : offset + 4096] = os.urandom(4096)
    assert desk.payloads() == [b"kept"]
    assert [place.what for place in desk.verify().damage] == ["one copy of the segment header is damaged"]


def test_a_record_is_header_and_payload_with_chained_crcs(desk) -> None:
    """S2: boot id → header crc → payload crc, at the documented offsets."""
    desk.fill(b"payload")
    content = bytes(desk.content(1))[8192:]
    fields = struct.pack("<4sIQBBH", b"\xffGL\xfe", 7, 1, 7, 0, 0)
    header_crc = google_crc32c.extend(google_crc32c.value(bytes(15) + b"\x01"), fields)
    payload_crc = google_crc32c.extend(header_crc, b"payload")
    assert content[:35] == fields + struct.pack("<II", header_crc, payload_crc) + b"payload"


def test_a_segment_that_ends_cleanly_ends_in_a_seal(desk) -> None:
    """S7: the seal names the next seq, takes none, and is the last thing in the file, without power too."""
    desk.fill(b"one", b"two")
    desk.disk.crash()
    content = bytes(desk.content(1))
    marker, length, seq, kind, flags, key_id = struct.unpack_from("<4sIQBBH", content, len(content) - 28)
    assert (marker, length, seq, kind, flags, key_id) == (b"\xffGL\xfe", 0, 3, 0xF0, 0, 0)
    assert [record.seq for record in desk.records()] == [1, 2]


def test_spool_bytes_sent_as_a_payload_are_not_taken_for_records(desk) -> None:
    """S2: the crc seed is the boot id, which a client does not know, so the search finds no forgery."""
    desk.fill(b"forged")
    forgery = bytes(desk.content(1))[8192 : 8192 + 28 + 6]
    desk.disk.unlink(desk.directory / f"{1:020d}.seg")
    desk.fill(b"first", forgery * 3, b"last", compress_bytes_min=1000)
    desk.content(1)[8192 + 33] ^= 1  # the header of the record that carries the forgery
    assert desk.payloads() == [b"first", b"last"]


@pytest.mark.parametrize("size", [0, 1, 199, 200, 5000])
def test_payloads_come_back_byte_for_byte(desk, size: int) -> None:
    """S6: short ones, compressible ones and random ones."""
    payloads = [b"a" * size, os.urandom(size)]
    desk.fill(*payloads)
    assert desk.payloads() == payloads


def test_only_payloads_that_shrink_are_stored_compressed(desk) -> None:
    desk.fill(b"a" * 5000, os.urandom(5000))
    content = bytes(desk.content(1))
    length, flags = struct.unpack_from("<4xI9xB", content, 8192)
    assert flags == 1
    assert zstandard.decompress(content[8220 : 8220 + length]) == b"a" * 5000
    assert struct.unpack_from("<4xI9xB", content, 8220 + length) == (5000, 0)


@pytest.mark.parametrize("size", [1024, 1025, 2048, 2049, 300_000])
def test_a_long_payload_is_cut_into_pieces_of_one_segment(desk, size: int) -> None:
    """S6: pieces of at most record_bytes_max, each with a seq; a segment grows to hold them all."""
    payload = os.urandom(size)
    desk.fill(b"before", payload, b"after", record_bytes_max=1024, segment_bytes=16 * KIB)
    before, record, after = desk.records()
    assert record.payload == payload
    assert record.position.segment == record.end.segment
    assert after.seq - before.seq == 1 + -(-size // 1024)


@pytest.mark.parametrize(
    ("name", "value"), [("segment_bytes", 100), ("record_bytes_max", 0), ("compression_level", 20)]
)
def test_settings_out_of_range_are_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        SpoolSettings(**{name: value})


def test_only_names_of_ascii_digits_are_segments() -> None:
    """A file that somebody left beside them is not read."""
    names = [f"{'0' * 19}7.seg", f"{'0' * 19}².seg", f"{'0' * 19}७.seg", "7.seg", f"{'0' * 19}8.seg~"]
    assert segment_numbers(names) == [7]
