"""Bodies become text, within limits, and what cannot is noted."""

from __future__ import annotations

import encodings
import gzip
import hashlib
import time
import zlib

import pytest
import zstandard

from gatelog.provider import decode_content, read_body
from gatelog.provider.content import DECODED_BYTES_MAX
from gatelog.provider.unpack import MEMBERS_MAX

TEXT = b'{"a": "\xc3\xa9"}' * 100


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize(
    ("encoded", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), "X-GZip"),
        (gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:]), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (zstd(TEXT), "zstd"),
        (zstd(TEXT[:50]) + zstd(TEXT[50:]), "zstd"),
        (gzip.compress(zstd(TEXT)), "zstd, gzip"),
    ],
)
def test_every_coding_is_taken_off(encoded: bytes, coding: str) -> None:
    assert decode_content(encoded, coding) == (TEXT, "")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_cut_body_gives_what_came(coding: str) -> None:
    long = hashlib.sha256(b"").hexdigest().encode() * 2000 + bytes(range(256)) * 2000
    encoded = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd}[coding](long)
    data, note = decode_content(encoded[: len(encoded) - 5], coding)
    assert note == "truncated compression"
    assert long.startswith(data)


@pytest.mark.parametrize(
    ("bomb", "coding"),
    [
        (gzip.compress(b"\0" * 20_000_000), "gzip"),
        (zstd(b"\0" * 20_000_000), "zstd"),
        (gzip.compress(gzip.compress(b"\0" * 20_000_000)), "gzip, gzip"),
    ],
)
def test_a_bomb_is_refused(bomb: bytes, coding: str) -> None:
    assert decode_content(bomb, coding) == (b"", "decoded size over limit")


@pytest.mark.parametrize(
    ("encoded", "coding", "note"),
    [
        (b"plain", "gzip", "not valid gzip"),
        (b"\xff\xff\xff", "deflate", "not valid deflate"),
        (b"plain", "zstd", "not valid zstd"),
        (b"x", "br", "content coding not readable: br"),
        (b"x", "gzip,gzip,gzip,gzip", "too many content codings"),
        (gzip.compress(b"x"), "\xa0gzip", "content coding not readable: \xa0gzip"),  # no space to HTTP
    ],
)
def test_what_cannot_be_decoded_says_why(encoded: bytes, coding: str, note: str) -> None:
    assert decode_content(encoded, coding) == (b"", note)
    body = read_body(encoded, content_type="application/json", content_encoding=coding)
    assert (body.text, body.note, body.size) == ("", note, len(encoded))


def test_bytes_after_the_end_of_gzip_are_noted() -> None:
    assert decode_content(gzip.compress(TEXT) + b"tail", "gzip") == (
        TEXT,
        "bytes after the end of the compressed data",
    )


@pytest.mark.parametrize(("empty", "coding"), [(gzip.compress(b""), "gzip"), (zstd(b""), "zstd")])
def test_members_without_end_are_refused_in_linear_time(empty: bytes, coding: str) -> None:
    """Each was copied with all that follows it: 16 MiB of them took 3 to 20 minutes."""
    encoded = empty * (16 * 2**20 // len(empty))
    began = time.process_time()
    assert decode_content(encoded, coding) == (b"", "too many compressed members")
    assert time.process_time() - began < 1


def test_a_file_compressed_in_blocks_is_read_whole() -> None:
    blocks = [bytes([number % 256]) * 999 for number in range(MEMBERS_MAX)]
    assert decode_content(b"".join(map(gzip.compress, blocks)), "gzip") == (b"".join(blocks), "")


def test_size_and_hash_are_of_the_wire_and_the_text_is_as_received() -> None:
    wire = gzip.compress(b'{ "a" : 1.50 }\n')
    body = read_body(wire, content_type="application/json; charset=utf-8", content_encoding="gzip")
    assert body.text == '{ "a" : 1.50 }\n'
    assert (body.size, body.sha256, body.note) == (len(wire), hashlib.sha256(wire).hexdigest(), "")


@pytest.mark.parametrize(
    ("wire", "content_type", "text", "note"),
    [
        (b"\xe9t\xe9", "text/plain; charset=ISO-8859-1", "été", ""),
        ("é".encode("utf-16"), 'text/plain; charset="utf-16"', "é", ""),
        (b"\xe9", "application/json", "\ufffd", "not valid utf-8"),
        (b"abc", "text/plain; charset=hex", "abc", ""),
        (b"abc", "text/plain; charset=nonsense", "abc", ""),
        (b"abc", "", "abc", ""),
        (b"a\x00bc", "", "", "binary"),
        (b"a\x00bc", "\t text/plain", "a\x00bc", ""),
        (b"a\x00bc", "\xa0text/plain", "", "binary text/plain"),  # no space to HTTP
        (b"ID3\x01", "audio/mpeg", "", "binary audio/mpeg"),
        (b"--b\r\n", "multipart/form-data; boundary=b", "", "binary multipart/form-data"),
        (b"1\n00:00\n", "application/x-subrip", "1\n00:00\n", ""),
        (b"{}\n{}\n", "application/jsonl", "{}\n{}\n", ""),
        (b"{}", "application/problem+json", "{}", ""),
    ],
)
def test_the_content_type_decides_what_is_text(wire: bytes, content_type: str, text: str, note: str) -> None:
    body = read_body(wire, content_type=content_type, content_encoding="")
    assert (body.text, body.note) == (text, note)
    assert body.sha256 == hashlib.sha256(wire).hexdigest()


def test_python_is_not_asked_for_a_charset_that_somebody_made_up() -> None:
    """It would keep the name for as long as the process lives, however long it is."""
    read_body(b"abc", content_type=f"text/plain; charset={'x' * 5000}", content_encoding="")
    assert not any("xxx" in name for name in encodings._cache)


def test_no_body_is_an_empty_body() -> None:
    body = read_body(b"", content_type="application/json", content_encoding="gzip")
    assert (body.text, body.size, body.sha256, body.note) == ("", 0, "", "")


def test_a_body_over_the_limit_leaves_its_size_and_hash() -> None:
    wire = b"a" * (DECODED_BYTES_MAX + 1)
    body = read_body(wire, content_type="text/plain", content_encoding="")
    assert (body.text, body.size, body.note) == ("", len(wire), "decoded size over limit")
