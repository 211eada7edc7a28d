"""First lines, paths and limits: what a head may say, and what is refused before it is whole.

request line   methods of other protocols, HTTP/0.9 and 2.0, RTSP, two spaces, fragments, foreign targets
path           dot segments, backslashes, control characters, in any percent encoding; broken encoding
Host           missing (RFC 9112 section 3.2)
limits         target, number of headers, announced length
unfinished     hostile bytes in a head that may never end: refused at once instead of at the timeout
"""

from __future__ import annotations

import re

from gatelog.errors import BodyTooLargeError, ProtocolError
from gatelog.http1.field_lines import list_members
from gatelog.http1.head import RequestHead, ResponseHead
from gatelog.http1.settings import ClientSettings, ServerSettings

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})

# One empty line before the request is tolerated (RFC 9112 section 2.2).
_REQUEST_LINE = re.compile(rb"(?:\r\n)?([A-Z]+) ([\x21\x22\x24-\x7e]+) HTTP/(1\.[01])\r\n")
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
_ANY_VERSION = re.compile(rb"[^\r\n]* HTTP/(\d+(?:\.\d+)?)\r\n")
_HOSTILE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?![\n]|\Z)")
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

_SWITCHING_PROTOCOLS = 101


def read_request_line(head: bytes, settings: ServerSettings) -> tuple[bytes, bytes, bytes, int]:
    """(method, target, version, where the line ends) of the head of a request, or ProtocolError."""
    match = _REQUEST_LINE.match(head)
    if match is None:
        raise _refused_line(head)
    method, target, version = match.groups()
    if len(target) > settings.target_bytes_max:
        raise ProtocolError("target_too_long", f"over {settings.target_bytes_max} bytes", status=414)
    if method not in METHODS:
        raise ProtocolError("method", "not known here", status=501)
    return method, target, version, match.end()


def _refused_line(head: bytes) -> ProtocolError:
    version = _ANY_VERSION.match(head)
    if version and version.group(1) not in (b"1.0", b"1.1"):
        return ProtocolError("version", "only HTTP/1.1 and HTTP/1.0 are spoken here", status=505)
    return ProtocolError("request_line", "not METHOD SP TARGET SP HTTP/1.1 CRLF")


def check_request(head: RequestHead, settings: ServerSettings) -> None:
    """Whether a request whose header lines are read may be passed on; ProtocolError if not."""
    if len(head.headers) > settings.header_count_max:
        raise ProtocolError("headers_too_many", f"over {settings.header_count_max}", status=431)
    if not head.host and head.version == b"1.1":
        raise ProtocolError("host", "missing")
    if head.content_length is not None and head.content_length > settings.body_bytes_max:
        raise BodyTooLargeError(settings.body_bytes_max)
    if head.upgrade:
        head.upgrade = _is_offered(head)
    if head.path[:1] != b"/":
        _read_other_form(head)
    path = head.path
    if (b"%" in path or b"/." in path or b"\\" in path) and _AMBIGUOUS_PATH.search(path):
        raise ProtocolError("path", "could be read as another one: send it in its normal form")


def _is_offered(head: RequestHead) -> bool:
    """An offer of another protocol counts where Connection names it too (RFC 9110 section 7.8)."""
    named = [list_members(value.lower()) for name, value in head.headers if name.lower() == b"connection"]
    return any(b"upgrade" in options for options in named)


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


def check_unfinished_answer(data: bytes | bytearray, start: int) -> None:
    """As `check_unfinished`, of an answer; its size is its parser's business."""
    if _HOSTILE.search(data, max(0, start - 1)):
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


def read_status_line(head: bytes) -> tuple[int, bytes, bytes, int]:
    """(status, reason, version, where the line ends) of the head of an answer, or ProtocolError."""
    match = _STATUS_LINE.match(head)
    if match is None:
        raise ProtocolError("status_line", "not HTTP/1.1 SP STATUS SP REASON CRLF")
    version, digits, reason = match.groups(b"")
    status = int(digits)
    if status == _SWITCHING_PROTOCOLS:
        raise ProtocolError("upgrade", "was not asked for")
    return status, reason, version, match.end()


def check_response(head: ResponseHead, settings: ClientSettings) -> None:
    """Whether an answer whose header lines are read is within the limits; ProtocolError if not."""
    if len(head.headers) > settings.header_count_max:
        raise ProtocolError("headers_too_many", f"over {settings.header_count_max}")
