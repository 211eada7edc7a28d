"""Compressed texts in Base64. The engine has no such functions: they are worked out when the query is
compiled, of constants only."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from gatelog.kql.functions.row import Function
from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.terms import Term
from gatelog.kql.values.literals import string_term

LONGEST_TEXT = 1_048_576
"""Bytes that a text may have when it is decompressed: the limit of a string in Kusto."""

_GZIP, _ZLIB, _DEFLATE = 31, zlib.MAX_WBITS, -zlib.MAX_WBITS
"""What zlib calls the formats; RFC 1952, RFC 1950, and RFC 1951, of which both are made."""

_MADE_BY, _UNKNOWN = slice(8, 10), b"\x00\xff"
"""Where a gzip header says how and on which system it was made, and what says neither (RFC 1952, 2.3.1)."""


def _function(name: str, apply: Callable[[str], str]) -> Function:
    def build(arguments: Sequence[Term]) -> Term:
        constant = arguments[0].constant
        if constant is None:
            raise Unsupported(f"{name}() of a value that is not constant is not supported")
        if not isinstance(constant.value, str):
            raise Misfit(f"{name}() takes a string")
        return string_term(apply(constant.value))

    return Function(name, 1, 1, build)


def _compressor(form: int) -> Callable[[str], str]:
    def compressed(text: str) -> str:
        plain = text.encode()
        level = zlib.Z_DEFAULT_COMPRESSION if _shortens(plain) else zlib.Z_NO_COMPRESSION
        packed = _packed(plain, form, level)
        if form == _GZIP:
            packed = packed[: _MADE_BY.start] + _UNKNOWN + packed[_MADE_BY.stop :]
        return b64encode(packed).decode()

    return compressed


def _shortens(plain: bytes) -> bool:
    """Whether deflating is of use; what it does not shorten is stored as it is, as Kusto's answers show."""
    return len(_packed(plain, _DEFLATE, zlib.Z_DEFAULT_COMPRESSION)) < len(plain)


def _packed(plain: bytes, form: int, level: int) -> bytes:
    packer = zlib.compressobj(level, wbits=form)
    return packer.compress(plain) + packer.flush()


def _decompressor(form: int) -> Callable[[str], str]:
    """Empty for what is no Base64, not compressed so, cut off, no text, or too long."""

    def decompressed(text: str) -> str:
        unpacker = zlib.decompressobj(wbits=form)
        try:
            found = unpacker.decompress(b64decode(text, validate=True), LONGEST_TEXT)
            return found.decode() if unpacker.eof else ""
        except (ValueError, zlib.error):
            return ""

    return decompressed


COMPRESSION: tuple[Function, ...] = (
    _function("gzip_compress_to_base64_string", _compressor(_GZIP)),
    _function("gzip_decompress_from_base64_string", _decompressor(_GZIP)),
    _function("zlib_compress_to_base64_string", _compressor(_ZLIB)),
    _function("zlib_decompress_from_base64_string", _decompressor(_ZLIB)),
)
"""The rows of this table."""
