"""From the bytes of a body on the wire to the text that the log keeps.

wire bytes ── content-encoding ── charset ── text
    └ size and SHA-256 are of these    └ replaced and noted where invalid
"""

from __future__ import annotations

import codecs
import hashlib
import re
import zlib
from collections.abc import Callable
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import partial
from typing import NamedTuple

import zstandard

from gatelog.model import Body
from gatelog.provider.long_body import BEGINNING_BYTES, LongBody
from gatelog.provider.unpack import Unpacker, UnpackError, unpacked

# Decoded bytes of one body. The largest bodies known are chats with inline images and 200k-token contexts.
DECODED_BYTES_MAX = 64 * 1024 * 1024
# Decoded to encoded size, beyond the first MiB. JSON text compresses 3 to 20 times, 200 means a bomb.
RATIO_MAX = 200
_RATIO_FREE_BYTES = 1024 * 1024
# `gzip, gzip` is legal; more than this is an attack. Codings.
CODINGS_MAX = 3
ZSTD_WINDOW_BYTES_MAX = 8 * 1024 * 1024  # RFC 9659 section 3
_GZIP_MAGIC = b"\x1f\x8b"

_TEXT_TYPES = re.compile(
    r"text/|application/(?:[\w.+-]*\+)?(?:json|xml|jsonl|x-ndjson|x-www-form-urlencoded|problem)\b"
)
_BINARY_TYPES = re.compile(r"(?:audio|image|video|font|multipart)/|application/(?:octet-stream|pdf|zip|gzip)")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
# Only the codecs that mean text: "hex" or "zip" are codecs too, for Python. It is not asked for a name that
# somebody sent: each that it does not know it keeps for ever.
_TEXT_CODECS = frozenset(["utf_8", "ascii", "latin_1", "cp1252", "utf_16", "utf_16_le", "utf_16_be"])
_CODECS_BY_NAME = {
    name: codecs.lookup(codec).name
    for name, codec in [*aliases.items(), *zip(_TEXT_CODECS, _TEXT_CODECS, strict=True)]
    if codec in _TEXT_CODECS
}
_OVER_LIMIT = "decoded size over limit"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")


class Decoded(NamedTuple):
    """A body without its content-encoding; `note` says why it is not whole ("" if it is)."""

    data: bytes
    note: str = ""


def _budget(encoded: int) -> int:
    return min(DECODED_BYTES_MAX, max(_RATIO_FREE_BYTES, encoded * RATIO_MAX))


def _decoded(data: bytes, begin: Callable[[], Unpacker], magic: bytes = b"") -> Decoded:
    """What all members of the data hold, as far as they can be read."""
    budget, content = _budget(len(data)), bytearray()
    try:
        for piece in unpacked(data, begin, magic):
            content += piece
            if len(content) > budget:
                return Decoded(b"", _OVER_LIMIT)
    except UnpackError as error:
        return Decoded(bytes(content), str(error))
    return Decoded(bytes(content))


def _gzip(data: bytes) -> Decoded:
    return _decoded(data, partial(zlib.decompressobj, 16 + zlib.MAX_WBITS), _GZIP_MAGIC)


def _deflate(data: bytes) -> Decoded:
    """RFC 9110 says zlib format; some senders mean raw deflate."""
    try:
        return _decoded(data, partial(zlib.decompressobj, zlib.MAX_WBITS), _GZIP_MAGIC)
    except zlib.error:
        return _decoded(data, partial(zlib.decompressobj, -zlib.MAX_WBITS), _GZIP_MAGIC)


def _zstd(data: bytes) -> Decoded:
    return _decoded(data, zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX).decompressobj)


_DECODERS = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "zstd": _zstd}
READABLE_ENCODINGS = b"gzip, deflate, zstd"
"""Value for `accept-encoding` towards backends: with any other coding the record would not be readable."""


def decode_content(data: bytes, content_encoding: str) -> Decoded:
    """`data` without the codings of a Content-Encoding header (RFC 9110 section 8.4), last one first."""
    names = [name.strip(" \t").lower() for name in content_encoding.split(",")]
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


def charset_of(content_type: str) -> str:
    """The codec of a Content-Type's charset; UTF-8 where it names none, or one that is not of text."""
    found = _CHARSET.search(content_type)
    return _CODECS_BY_NAME.get(normalize_encoding(found[1]).lower(), "utf-8") if found else "utf-8"


def _is_text(content_type: str, data: bytes) -> bool:
    kind = content_type.strip(" \t").lower()
    if _BINARY_TYPES.match(kind):
        return False
    if _TEXT_TYPES.match(kind):
        return True
    # No type, or one that we do not know: bytes that read as text are text.
    return not _CONTROL.search(data[:BEGINNING_BYTES])


def _to_text(data: bytes, content_type: str) -> tuple[str, str]:
    charset = charset_of(content_type)
    try:
        return data.decode(charset), ""
    except UnicodeDecodeError:
        return data.decode(charset, "replace"), f"not valid {charset}"


def joined_notes(*notes: str) -> str:
    """Notes as one text, empty ones left out."""
    return "; ".join(note for note in notes if note)


def _unread(body: LongBody, content_type: str) -> Body:
    text = _is_text(content_type, body.beginning)
    return Body(size=body.size, sha256=body.sha256, note=_OVER_LIMIT if text else _binary(content_type))


def _binary(content_type: str) -> str:
    return f"binary {content_type.partition(';')[0].strip().lower()[:64]}".strip()


def read_body(wire: bytes | LongBody, *, content_type: str, content_encoding: str) -> Body:
    """A body for the log: decoded text as received, never re-serialised; of binary content note and hash.

    `size` (bytes) and `sha256` (hex) are of the wire bytes. Raises nothing, whatever the bytes are.
    """
    if isinstance(wire, LongBody):
        return _unread(wire, content_type)
    if not wire:
        return Body()
    decoded = decode_content(wire, content_encoding)
    digest = hashlib.sha256(wire).hexdigest()
    if not _is_text(content_type, decoded.data):
        return Body(size=len(wire), sha256=digest, note=joined_notes(_binary(content_type), decoded.note))
    if len(decoded.data) > DECODED_BYTES_MAX:
        return Body(size=len(wire), sha256=digest, note=_OVER_LIMIT)
    text, note = _to_text(decoded.data, content_type)
    return Body(text=text, size=len(wire), sha256=digest, note=joined_notes(decoded.note, note))
