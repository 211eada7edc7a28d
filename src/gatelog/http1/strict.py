"""What is refused although llhttp lets it through, and what is read from headers on the way.

llhttp (strict, as httptools ships it) already refuses: bare CR or LF, folded lines, control characters,
names that are not tokens, space before the colon, odd lengths, length with chunked, odd chunk sizes.
Left to us, as a proxy must not forward what two parsers may read differently (RFC 9112 sections 2, 3, 6):

    request line   methods of other protocols, HTTP/0.9 and 2.0, RTSP, two spaces, fragments, foreign targets
    path           dot segments, backslashes, control characters, in any percent encoding; broken encoding
    Host           missing, two, malformed (RFC 9112 section 3.2)
    coding         any but exactly `chunked`; any at all in HTTP/1.0
    near misses    `Content_Length`, `Transfer_Encoding`: gateways to CGI read them as the real ones
    limits         target, number of headers, announced length
    unfinished     hostile bytes in a head that may never end: refused at once instead of at the timeout

The tables name each header that decides about framing, in lower case, and what reads it into the head.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from gatelog.errors import ProtocolError
from gatelog.http1.head import RequestHead, ResponseHead
from gatelog.http1.settings import ClientSettings, ServerSettings

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})

# One empty line before the request is tolerated (RFC 9112 section 2.2).
_REQUEST_LINE = re.compile(rb"(?:\r\n)?([A-Z]+) ([\x21\x22\x24-\x7e]+) HTTP/(1\.[01])\r\n")
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
_ANY_VERSION = re.compile(rb"[^\r\n]* HTTP/(\d+(?:\.\d+)?)\r\n")
_HOSTILE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?![\n]|\Z)")
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ABSOLUTE_FORM = re.compile(rb"https?://([^/?]+)(.*)", re.IGNORECASE)
# Decoding once or twice, a backend may see another path than we do. `;` begins a parameter of a segment.
_SLASH = rb"(?:/|%(?:25)*2f)"
_DOT = rb"(?:\.|%(?:25)*2e)"
_AMBIGUOUS_PATH = re.compile(
    rb"\\|%(?:25)*(?:5c|7f|[01][0-9a-f])|%(?![0-9a-f]{2})|"
    + _SLASH
    + _DOT
    + rb"{1,2}(?=\Z|;|"
    + _SLASH
    + rb")",
    re.IGNORECASE,
)
_LENGTH_DIGITS_MAX = 18  # fits a signed 64-bit integer, for every parser behind us

_SWITCHING_PROTOCOLS = 101

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
    options = value.lower()
    if options == b"close" or (b"," in options and b"close" in _list_members(options)):
        head.keep_alive = False
    elif head.version == b"1.0" and b"keep-alive" in _list_members(options):
        head.keep_alive = True


def _list_members(value: bytes) -> list[bytes]:
    return [member.strip(b" \t") for member in value.split(b",")]


@lru_cache(maxsize=256)  # a gateway has few names, and every request says one
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _host(head: RequestHead, value: bytes) -> None:
    if head.host:
        raise ProtocolError("host", "given twice")
    if not _is_host(value):
        raise ProtocolError("host", "malformed")
    head.host = value


def _expect(head: RequestHead, value: bytes) -> None:
    if value.lower() != b"100-continue":
        raise ProtocolError("expect", "only 100-continue is known", status=417)
    head.expect_continue = head.version == b"1.1"


_COMMON_FIELDS: dict[bytes, Callable[[_AnyHead, bytes], None]] = {
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"content_length": _near_miss,
    b"transfer_encoding": _near_miss,
    b"connection": _connection,
}
_RESPONSE_FIELDS: dict[bytes, Callable[[ResponseHead, bytes], None]] = {**_COMMON_FIELDS}
_REQUEST_FIELDS: dict[bytes, Callable[[RequestHead, bytes], None]] = {
    **_COMMON_FIELDS,
    b"host": _host,
    b"expect": _expect,
}


def _read_fields(head: _Head, fields: dict[bytes, Callable[[_Head, bytes], None]]) -> None:
    head.keep_alive = head.version == b"1.1"
    for name, value in head.headers:
        read = fields.get(name.lower())
        if read is not None:
            read(head, value)
    if head.chunked and head.content_length is not None:
        raise ProtocolError("framing", "both content-length and transfer-encoding")


def read_request_line(head: bytes, settings: ServerSettings) -> tuple[bytes, bytes, bytes]:
    """(method, target, version) of bytes that begin with a request line, or ProtocolError."""
    match = _REQUEST_LINE.match(head)
    if match is None:
        raise _refused_line(head)
    method, target, version = match.group(1), match.group(2), match.group(3)
    if len(target) > settings.target_bytes_max:
        raise ProtocolError("target_too_long", f"over {settings.target_bytes_max} bytes", status=414)
    if method not in METHODS:
        raise ProtocolError("method", "not known here", status=501)
    return method, target, version


def _refused_line(head: bytes) -> ProtocolError:
    version = _ANY_VERSION.match(head)
    if version and version.group(1) not in (b"1.0", b"1.1"):
        return ProtocolError("version", "only HTTP/1.1 and HTTP/1.0 are spoken here", status=505)
    return ProtocolError("request_line", "not METHOD SP TARGET SP HTTP/1.1 CRLF")


def check_request(head: RequestHead, settings: ServerSettings) -> None:
    """Read the framing of a request from its headers into `head`; ProtocolError if it is not strict."""
    if len(head.headers) > settings.header_count_max:
        raise ProtocolError("headers_too_many", f"over {settings.header_count_max}", status=431)
    _read_fields(head, _REQUEST_FIELDS)
    if not head.host and head.version == b"1.1":
        raise ProtocolError("host", "missing")
    if head.content_length is not None and head.content_length > settings.body_bytes_max:
        raise ProtocolError("body_too_large", f"over {settings.body_bytes_max} bytes", status=413)
    if head.upgrade and (head.chunked or head.content_length):
        raise ProtocolError("upgrade", "together with a body")
    if head.path[:1] != b"/":
        _read_other_form(head)
    path = head.path
    if (b"%" in path or b"/." in path or b"\\" in path) and _AMBIGUOUS_PATH.search(path):
        raise ProtocolError("path", "could be read as another one: send it in its normal form")


def _read_other_form(head: RequestHead) -> None:
    """Accept the absolute form (RFC 9112 section 3.2.2) for our own host, and `OPTIONS *`."""
    if head.target == b"*" and head.method == b"OPTIONS":
        return
    absolute = _ABSOLUTE_FORM.fullmatch(head.target)
    if absolute is None:
        raise ProtocolError("target", "neither a path nor a URL")
    authority, rest = absolute.groups()
    if authority.lower() != head.host.lower():
        raise ProtocolError("target", "names another host than the Host header")
    path, _, head.query = rest.partition(b"?")
    head.path = path or b"/"


def check_unfinished_answer(data: bytes) -> None:
    """Refuse an incomplete head of an answer that cannot become a good one."""
    if _HOSTILE.search(data):
        raise ProtocolError("malformed", "control character, bare CR or bare LF in the head")


def check_unfinished(data: bytes | bytearray, start: int, settings: ServerSettings) -> None:
    """Refuse an incomplete head that cannot become a good one. Bytes before `start` were checked already."""
    if _HOSTILE.search(data, max(0, start - 1)):
        raise ProtocolError("malformed", "control character, bare CR or bare LF in the head")
    line_end = data.find(b"\r\n", 2)
    if line_end >= max(2, start - 1):
        read_request_line(bytes(data[: line_end + 2]), settings)
    if line_end >= 0:
        pass
    elif len(data) > settings.target_bytes_max + 32:
        raise ProtocolError("target_too_long", f"over {settings.target_bytes_max} bytes", status=414)
    if len(data) > settings.header_bytes_max:
        raise ProtocolError("headers_too_large", f"over {settings.header_bytes_max} bytes", status=431)


def read_status_line(head: bytes) -> tuple[int, bytes, bytes]:
    """(status, reason, version) of bytes that begin with a status line, or ProtocolError."""
    match = _STATUS_LINE.match(head)
    if match is None:
        raise ProtocolError("status_line", "not HTTP/1.1 SP STATUS SP REASON CRLF")
    status = int(match.group(2))
    if status == _SWITCHING_PROTOCOLS:
        raise ProtocolError("upgrade", "was not asked for")
    return status, match.group(3) or b"", match.group(1)


def check_response(head: ResponseHead, settings: ClientSettings) -> None:
    """Read the framing of an answer from its headers into `head`; ProtocolError if it is not strict."""
    if len(head.headers) > settings.header_count_max:
        raise ProtocolError("headers_too_many", f"over {settings.header_count_max}")
    _read_fields(head, _RESPONSE_FIELDS)
