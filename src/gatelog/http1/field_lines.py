"""Header lines of a head: one look at all of them, then one pass that reads what decides about framing.

Refused, as two parsers may read it differently (RFC 9112 sections 3.2, 5, 6):

    lines          bare CR or LF, folded, control characters, names that are no tokens, space before the colon
    names          over 256 bytes: what becomes of a header is remembered by its name
    Host           two, malformed
    length         given twice, together with a coding, anything but digits
    coding         any but exactly `chunked`; any at all in HTTP/1.0
    near misses    `Content_Length`, `Transfer_Encoding`: gateways to CGI read them as the real ones

The tables name each header that is read, in lower case, and what reads it into the head.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from gatelog.errors import ProtocolError
from gatelog.http1.head import RequestHead, ResponseHead

# All lines with the empty one that ends them. Possessive: each byte is looked at once.
_LINES = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}+:[^\x00-\x08\x0a-\x1f\x7f]*+\r\n)*+\r\n")
_EMPTY_LINE_BYTES = len(b"\r\n")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_PORT_MAX = 65_535
_HOST_BYTES_MAX = 255 + len(b":65535")  # RFC 1035 section 2.3.4, and a port
_LENGTH_DIGITS_MAX = 18  # fits a signed 64-bit integer, for every parser behind us

_AnyHead = RequestHead | ResponseHead
_Head = TypeVar("_Head", RequestHead, ResponseHead)


def _content_length(head: _AnyHead, value: bytes) -> None:
    if head.content_length is not None:
        raise ProtocolError("content_length", "given twice")
    if not value.isdigit() or len(value) > _LENGTH_DIGITS_MAX:
        raise ProtocolError("content_length", "not a number of bytes")
    head.content_length = int(value)


def _transfer_encoding(head: _AnyHead, value: bytes) -> None:
    if head.version == b"1.0":
        raise ProtocolError("transfer_encoding", "not defined in HTTP/1.0")
    if head.chunked or value.lower() != b"chunked":
        raise ProtocolError("transfer_encoding", "anything but one chunked")
    head.chunked = True


def _near_miss(head: _AnyHead, value: bytes) -> None:  # noqa: ARG001 - the signature of the tables
    raise ProtocolError("header_name", "an underscore where framing headers have a hyphen")


def _connection(head: _AnyHead, value: bytes) -> None:
    options = value.rstrip(b" \t").lower()
    if options == b"close" or (b"," in options and b"close" in list_members(options)):
        head.keep_alive = False
    elif head.version == b"1.0" and b"keep-alive" in list_members(options):
        head.keep_alive = True


def list_members(value: bytes) -> list[bytes]:
    """The members of a comma-separated value."""
    return [member.strip(b" \t") for member in value.split(b",")]


@lru_cache(maxsize=256)  # a gateway has few names, and every request says one
def _is_host(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and int(match[1] or 0) <= _PORT_MAX


def _host(head: RequestHead, value: bytes) -> None:
    if head.host:
        raise ProtocolError("host", "given twice")
    if len(value) > _HOST_BYTES_MAX or not _is_host(value):
        raise ProtocolError("host", "malformed")
    head.host = value


def _expect(head: RequestHead, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise ProtocolError("expect", "only 100-continue is known", status=417)
    head.expect_continue = head.version == b"1.1"


def _upgrade(head: RequestHead, value: bytes) -> None:  # noqa: ARG001 - the signature of the tables
    head.upgrade = True


_COMMON: dict[bytes, Callable[[_AnyHead, bytes], None]] = {
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"content_length": _near_miss,
    b"transfer_encoding": _near_miss,
    b"connection": _connection,
}
_OF_RESPONSES: dict[bytes, Callable[[ResponseHead, bytes], None]] = {**_COMMON}
_OF_REQUESTS: dict[bytes, Callable[[RequestHead, bytes], None]] = {
    **_COMMON,
    b"host": _host,
    b"expect": _expect,
    b"upgrade": _upgrade,
}


def _read(head: _Head, raw: bytes, start: int, readers: dict[bytes, Callable[[_Head, bytes], None]]) -> None:
    if _LINES.fullmatch(raw, start) is None:
        raise ProtocolError("malformed", "a header line is not NAME: VALUE CRLF, NAME at most 256 bytes")
    head.keep_alive = head.version == b"1.1"
    if start + _EMPTY_LINE_BYTES == len(raw):
        return
    headers = head.headers
    for line in raw[start : -2 * _EMPTY_LINE_BYTES].split(b"\r\n"):
        name, _, value = line.partition(b":")
        value = value.lstrip(b" \t")
        headers.append((name, value))
        read = readers.get(name.lower())
        if read is not None:
            read(head, value)
    if head.chunked and head.content_length is not None:
        raise ProtocolError("framing", "both content-length and transfer-encoding")


def read_request_fields(head: RequestHead, raw: bytes, start: int) -> None:
    """Read the header lines of `raw`, which begin at `start`, into `head`; ProtocolError if not strict."""
    _read(head, raw, start, _OF_REQUESTS)


def read_response_fields(head: ResponseHead, raw: bytes, start: int) -> None:
    """Read the header lines of `raw`, which begin at `start`, into `head`; ProtocolError if not strict."""
    _read(head, raw, start, _OF_RESPONSES)
