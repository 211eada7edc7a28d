"""One pass over the headers of a message decides for each: record it, forward it, read it.

credential        read, never recorded, never forwarded
other secrets     never recorded, never forwarded
hop-by-hop        not forwarded (RFC 9110 section 7.6.1), recorded; so are those that Connection names
framing, host     set anew for the backend, recorded
all others        forwarded as they came, recorded
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gatelog.model import Headers
from gatelog.policy import CREDENTIAL_HEADERS
from gatelog.provider import HOP_BY_HOP_HEADERS, READABLE_ENCODINGS, is_secret_header

# Set anew for each backend, or meaningless beyond the gateway. Addresses of clients are not passed on.
_OWN_REQUEST_HEADERS = frozenset(
    {
        b"host",
        b"content-length",
        b"expect",
        b"http2-settings",
        b"accept-encoding",
        b"x-forwarded-for",
        b"forwarded",
        b"x-real-ip",
        b"x-gatelog-request-id",
    }
)
_OWN_RESPONSE_HEADERS = frozenset({b"content-length", b"x-gatelog-request-id"})
_READ = frozenset({b"accept-encoding", b"x-forwarded-for", b"connection", b"content-type"}) | frozenset(
    CREDENTIAL_HEADERS
)
_READ_OF_ANSWERS = frozenset({b"connection", b"content-type", b"content-encoding"})

# Spellings of header names whose treatment is remembered; clients of one kind send the same few dozen.
_NAMES_REMEMBERED = 4096

# Accept-Encoding beyond this is none that a client means, and none to remember. Bytes.
_ENCODINGS_BYTES_MAX = 256


class Treatment(NamedTuple):
    """What happens to a header of one spelling. `key`: its lower-case name."""

    key: bytes
    recorded: bool
    forwarded: bool
    read: bool


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _request_treatment(name: bytes) -> Treatment:
    key = name.lower()
    secret = is_secret_header(key)
    forwarded = not secret and key not in HOP_BY_HOP_HEADERS and key not in _OWN_REQUEST_HEADERS
    return Treatment(key, not secret, forwarded, key in _READ)


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _response_treatment(name: bytes) -> Treatment:
    key = name.lower()
    forwarded = key not in HOP_BY_HOP_HEADERS and key not in _OWN_RESPONSE_HEADERS
    return Treatment(key, not is_secret_header(key), forwarded, key in _READ_OF_ANSWERS)


class RequestHeaders:
    """What one pass over the request's headers found. Names in `credentials` are lower-case."""

    __slots__ = (
        "accept_encoding",
        "connection",
        "content_type",
        "credentials",
        "forwarded",
        "forwarded_for",
        "recorded",
    )

    def __init__(self, headers: Headers) -> None:
        self.recorded: Headers = []
        self.forwarded: Headers = []
        self.credentials: Headers = []
        self.forwarded_for: list[bytes] = []
        self.accept_encoding: bytes | None = None
        self.content_type = b""
        self.connection = b""
        for header in headers:
            key, recorded, forwarded, read = _request_treatment(header[0])
            if recorded:
                self.recorded.append(header)
            if forwarded:
                self.forwarded.append(header)
            if read:
                self._read(key, header[1])
        if self.connection:
            self.forwarded = _without_named(self.forwarded, self.connection)

    def _read(self, key: bytes, value: bytes) -> None:
        if key == b"content-type":
            self.content_type = value.lower()
        elif key == b"accept-encoding":
            self.accept_encoding = value
        elif key == b"x-forwarded-for":
            self.forwarded_for.append(value)
        elif key == b"connection":
            self.connection = b"%b,%b" % (self.connection, value) if self.connection else value
        else:
            self.credentials.append((key, value))


def _without_named(headers: Headers, connection: bytes) -> Headers:
    """The headers without those that a Connection header makes hop-by-hop; its usual values name none."""
    connection = connection.lower()
    if connection in (b"keep-alive", b"close"):
        return headers
    named = {name.strip() for name in connection.split(b",")}
    return [header for header in headers if header[0].lower() not in named]


def decodable_encodings(accept_encoding: bytes) -> bytes:
    """The client's Accept-Encoding without the encodings that the recorder cannot decode."""
    if len(accept_encoding) > _ENCODINGS_BYTES_MAX:
        return b"identity"
    return _decodable_encodings(accept_encoding)


@lru_cache(maxsize=256)
def _decodable_encodings(accept_encoding: bytes) -> bytes:
    decodable = {name.strip() for name in READABLE_ENCODINGS.split(b",")} | {b"identity"}
    wishes = [wish.strip() for wish in accept_encoding.split(b",")]
    kept = [wish for wish in wishes if wish.partition(b";")[0].strip().lower() in decodable]
    return b", ".join(kept) or b"identity"


class ResponseHeaders:
    """What one pass over the headers of an answer found. `encoding`: Content-Encoding, if any."""

    __slots__ = ("content_type", "encoding", "forwarded", "recorded")

    def __init__(self, headers: Headers, request_id: bytes) -> None:
        self.recorded: Headers = []
        self.forwarded: Headers = []
        self.content_type = b""
        self.encoding = b""
        connection = b""
        for header in headers:
            key, recorded, forwarded, read = _response_treatment(header[0])
            if recorded:
                self.recorded.append(header)
            if forwarded:
                self.forwarded.append(header)
            if not read:
                continue
            if key == b"content-type":
                self.content_type = self.content_type or header[1].lower()
            elif key == b"content-encoding":
                self.encoding = self.encoding or header[1].lower()
            else:
                connection = b"%b,%b" % (connection, header[1]) if connection else header[1]
        if connection:
            self.forwarded = _without_named(self.forwarded, connection)
        self.forwarded.append((b"x-gatelog-request-id", request_id))
