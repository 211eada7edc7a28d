"""From the bytes of a body on the wire to the text that the log keeps.

wire bytes ── content-encoding ── charset ── text
    └ size and SHA-256 are of these    └ replaced and noted where invalid
"""

from __future__ import annotations

import codecs
import hashlib
import re
import zlib
from typing import NamedTuple

import zstandard

from gatelog.model import Body

# Decoded bytes of one body. The largest bodies known are chats with inline images and 200k-token contexts.
DECODED_BYTES_MAX = 64 * 1024 * 1024
# Decoded to encoded size, beyond the first MiB. JSON text compresses 3 to 20 times, 200 means a bomb.
RATIO_MAX = 200
_RATIO_FREE_BYTES = 1024 * 1024
# `gzip, gzip` is legal; more than this is an attack. Codings.
CODINGS_MAX = 3
_STEP_BYTES = 256 * 1024
# zstd may grow 30,000 times: small bites keep one step below the budget's order. Encoded bytes.
_ZSTD_STEP_BYTES = 1024
ZSTD_WINDOW_BYTES_MAX = 8 * 1024 * 1024  # RFC 9659 section 3
_GZIP_MAGIC = b"\x1f\x8b"

_TEXT_TYPES = re.compile(
    r"text/|application/(?:[\w.+-]*\+)?(?:json|xml|jsonl|x-ndjson|x-www-form-urlencoded|problem)\b"
)
_BINARY_TYPES = re.compile(r"(?:audio|image|video|font|multipart)/|application/(?:octet-stream|pdf|zip|gzip)")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# Only the codecs that mean text: "hex" or "zip" are codecs too, for Python.
_TEXT_CODECS = frozenset(["utf-8", "ascii", "iso8859-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Decoded(NamedTuple):
    """A body without its content-encoding; `note` says why it is not whole ("" if it is)."""

    data: bytes
    note: str = ""


def _budget(encoded: int) -> int:
    return min(DECODED_BYTES_MAX, max(_RATIO_FREE_BYTES, encoded * RATIO_MAX))


def _inflate(data: bytes, window_bits: int) -> Decoded:
    """gzip (all its members) or deflate."""
    budget, pieces = _budget(len(data)), bytearray()
    while data:
        inflater = zlib.decompressobj(window_bits)
        while data and not inflater.eof:
            pieces += inflater.decompress(data, _STEP_BYTES)
            data = inflater.unconsumed_tail
            if len(pieces) > budget:
                return Decoded(b"", "decoded size over limit")
        pieces += inflater.flush()
        if not inflater.eof:
            return Decoded(bytes(pieces), "truncated compression")
        data = inflater.unused_data
        if data and not data.startswith(_GZIP_MAGIC):
            return Decoded(bytes(pieces), "bytes after the end of the compressed data")
    return Decoded(bytes(pieces))


def _gzip(data: bytes) -> Decoded:
    return _inflate(data, 16 + zlib.MAX_WBITS)


def _deflate(data: bytes) -> Decoded:
    """RFC 9110 says zlib format; some senders mean raw deflate."""
    try:
        return _inflate(data, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(data, -zlib.MAX_WBITS)


def _zstd(data: bytes) -> Decoded:
    budget, pieces = _budget(len(data)), bytearray()
    while data:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX).decompressobj()
        for start in range(0, len(data), _ZSTD_STEP_BYTES):
            pieces += frame.decompress(data[start : start + _ZSTD_STEP_BYTES])
            if len(pieces) > budget:
                return Decoded(b"", "decoded size over limit")
            if frame.eof:
                data = frame.unused_data + data[start + _ZSTD_STEP_BYTES :]
                break
        else:
            return Decoded(bytes(pieces), "truncated compression")
    return Decoded(bytes(pieces))


_DECODERS = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "zstd": _zstd}
READABLE_ENCODINGS = b"gzip, deflate, zstd"
"""Value for `accept-encoding` towards backends: with any other coding the record would not be readable."""


def decode_content(data: bytes, content_encoding: str) -> Decoded:
    """`data` without the codings of a Content-Encoding header (RFC 9110 section 8.4), last one first."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    codings = [name for name in names if name not in ("", "identity")]
    if len(codings) > CODINGS_MAX:
        return Decoded(b"", "too many content codings")
    decoded = Decoded(data)
    for name in reversed(codings):
        decoder = _DECODERS.get(name)
        if decoder is None:
            return Decoded(b"", "content coding not readable: " + name[:32])
        try:
            decoded = decoder(decoded.data)
        except (zlib.error, zstandard.ZstdError):
            return Decoded(b"", f"not valid {name}")
        if decoded.note:
            return decoded
    return decoded


def _charset(content_type: str) -> str:
    found = _CHARSET.search(content_type)
    try:
        codec = codecs.lookup(found[1]) if found else None
    except LookupError:
        return "utf-8"
    return codec.name if codec and codec.name in _TEXT_CODECS else "utf-8"


def _is_text(content_type: str, data: bytes) -> bool:
    kind = content_type.strip().lower()
    if _BINARY_TYPES.match(kind):
        return False
    if _TEXT_TYPES.match(kind):
        return True
    # No type, or one that we do not know: bytes that read as text are text.
    return not _CONTROL.search(data[:4096])


def _to_text(data: bytes, content_type: str) -> tuple[str, str]:
    charset = _charset(content_type)
    try:
        return data.decode(charset), ""
    except UnicodeDecodeError:
        return data.decode(charset, "replace"), f"not valid {charset}"


def joined_notes(*notes: str) -> str:
    """Notes as one text, empty ones left out."""
    return "; ".join(note for note in notes if note)


def read_body(wire: bytes, *, content_type: str, content_encoding: str) -> Body:
    """A body for the log: decoded text as received, never re-serialised; of binary content note and hash.

    `size` (bytes) and `sha256` (hex) are of the wire bytes. Raises nothing, whatever the bytes are.
    """
    if not wire:
        return Body()
    decoded = decode_content(wire, content_encoding)
    digest = hashlib.sha256(wire).hexdigest()
    if not _is_text(content_type, decoded.data):
        kind = content_type.partition(";")[0].strip().lower()[:64]
        return Body(size=len(wire), sha256=digest, note=joined_notes(f"binary {kind}".strip(), decoded.note))
    if len(decoded.data) > DECODED_BYTES_MAX:
        return Body(size=len(wire), sha256=digest, note="decoded size over limit")
    text, note = _to_text(decoded.data, content_type)
    return Body(text=text, size=len(wire), sha256=digest, note=joined_notes(decoded.note, note))
