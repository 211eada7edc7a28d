"""Heads of messages as values: what came before the body."""

from __future__ import annotations

from dataclasses import dataclass, field

Header = tuple[bytes, bytes]
"""Name as received (case kept) and value without leading white space."""


def first_value(headers: list[Header], name_lower: bytes) -> bytes | None:
    """The first value of a header, or None. `name_lower` is in lower case."""
    for name, value in headers:
        if name.lower() == name_lower:
            return value
    return None


@dataclass(slots=True)
class RequestHead:
    """A request line and its headers. `headers` and the fields after it are read by `strict`."""

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    """Without the question mark."""
    version: bytes
    """`1.1` or `1.0`."""
    peer_ip: str
    tls_version: str
    """`1.3`, `1.2`, or empty without TLS."""
    headers: list[Header] = field(default_factory=list, repr=False)
    host: bytes = b""
    content_length: int | None = None
    chunked: bool = False
    keep_alive: bool = True
    expect_continue: bool = False
    upgrade: bool = False
    """The client offered another protocol; a reply in HTTP/1.1 declines."""

    def get(self, name_lower: bytes) -> bytes | None:
        """The first value of a header, or None. `name_lower` is in lower case."""
        return first_value(self.headers, name_lower)


@dataclass(slots=True)
class ResponseHead:
    """A status line and its headers. `headers` and the fields after it are read by `strict`."""

    status: int
    reason: bytes
    version: bytes
    headers: list[Header] = field(default_factory=list, repr=False)
    content_length: int | None = None
    chunked: bool = False
    keep_alive: bool = True

    def get(self, name_lower: bytes) -> bytes | None:
        """The first value of a header, or None. `name_lower` is in lower case."""
        return first_value(self.headers, name_lower)
