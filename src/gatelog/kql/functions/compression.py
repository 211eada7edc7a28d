"""Compressed texts in Base64. The engine has no such functions: they are worked out when the query is
compiled, of constants only."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from gatelog.kql.functions.row import Function
from gatelog.kql.literals import string_term
from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.terms import Term

LONGEST_TEXT = 1_048_576
"""Bytes that a text may have when it is decompressed: the limit of a string in Kusto."""

_GZIP, _ZLIB = 31, zlib.MAX_WBITS
"""What zlib calls the two formats; RFC 1952 and RFC 1950."""


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
        packer = zlib.compressobj(wbits=form)
        return b64encode(packer.compress(text.encode()) + packer.flush()).decode()

    return compressed


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
