"""HTTP for the hub: uvicorn's protocol, with an end to what a client may take its time over, and with errors
in the hub's own shape.

connected, or first byte ── header_s, header_bytes_max ──► head ── body_s ──► body ──► answer
      ▲                          408, 431, 400, 503, 505            408, 400            │
      └──────────────────────── keepalive_s (uvicorn's own) ──────────────────────────────┘

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import re
import sys
from http import HTTPStatus
from typing import Any

from httptools import HttpParserCallbackError, HttpParserInvalidURLError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatelog.api.lingering import LingeringTransport
from gatelog.api.problems import RequestError, problem
from gatelog.api.versions import UntilClosed, head_without_offer
from gatelog.config import HubLimitsConfig

_FRAMING_A_BYTE = 8
"""Bytes on the wire for a byte of a body in the smallest of chunks, and two to spare."""

_LINE_BYTES = 4
"""What a header line has beside its name and its value: `: ` and the end of the line."""

_VERSIONS = frozenset({"1.0", "1.1"})
_HOST = re.compile(rb"(?:\[[0-9A-Za-z.:]+\]|[\w.~!$&'()*+,;=%-]*)(?::[0-9]*)?")
"""uri-host [":" port], RFC 9110, 7.2."""


class HubProtocol(HttpToolsProtocol):
    """One connection."""

    transport: LingeringTransport

    def __init__(self, *args: Any, limits: HubLimitsConfig, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._framing_bytes = 0
        self._head_bytes = 0
        self._head_again = b""
        self._head_again_end = 0
        self._in_request = False
        self._in_body = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """The client may take so long for its first head."""
        super().connection_made(LingeringTransport(transport, lambda: self._in_request))
        self._within(self._limits.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._done()
        self.transport.finish()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of heads, trailers and chunk sizes count; the endpoint limits the body."""
        if self.transport.lingers:
            self.transport.drop(data)
            return
        self._framing_bytes += len(data)
        while data:
            self._head_again, self._head_again_end = b"", len(data)
            super().data_received(data)
            data = self._head_again + data[self._head_again_end :]
        if self._framing_bytes > self._limits.header_bytes_max:
            self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._in_request = True
        self._head_bytes = 0
        self._within(self._limits.header_s)

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of its head. Those behind the body are none of them (RFC 9110, 6.5.1)."""
        if not self._in_body:
            self._head_bytes += len(name) + len(value) + _LINE_BYTES
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of its head. One that offers another protocol is read again without its offer, for the
        parser takes what follows it, a body too, for that protocol.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._head_again = head_without_offer(method, self.url, version, self.headers)
            return
        self._framing_bytes = 0
        self._check_head()
        super().on_headers_complete()
        if version == "1.0":
            self.cycle.send = UntilClosed(self.cycle)  # type: ignore[assignment, method-assign]
        self._in_body = True
        self._within(self._limits.body_s)

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._framing_bytes = max(0, self._framing_bytes - _FRAMING_A_BYTE * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of its body."""
        if self._head_again:
            return
        self._done()
        self._in_request = self._in_body = False
        super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """uvicorn calls this while it handles what says where the head ended that is to be read again."""
        offer = sys.exception()
        if isinstance(offer, HttpParserUpgrade):
            self._head_again_end = offer.args[0]

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls this while it handles the parser's error, which says more than `msg`."""
        error = sys.exception()
        if isinstance(error, HttpParserCallbackError):
            error = error.__context__
        if isinstance(error, RequestError):
            self._refuse(error)
        elif isinstance(error, HttpParserInvalidURLError):
            self._refuse(_malformed("its target is neither a path nor a URL"))
        else:
            self._refuse(_malformed(str(error or msg)))

    def _check_head(self) -> None:
        """RequestError for a head that is not to be answered. Raised to the parser, which stops at it."""
        if self.transport.is_closing():
            raise _malformed("it follows one that was to be the last")
        if self._head_bytes > self._limits.header_bytes_max:
            raise self._too_large()
        if len(self.connections) > self._limits.connections_max:
            raise RequestError(
                503, "too_many_connections", "too many connections are open", "try again later"
            )
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            raise RequestError(505, "http_version", f"HTTP/{version} is not spoken here", "use HTTP/1.1")
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (version == "1.1" and not hosts):
            raise _malformed("exactly one Host is needed")
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise _malformed("its Host is not a name or an address, with or without a port")

    def _too_large(self) -> RequestError:
        most = self._limits.header_bytes_max
        hint = "send fewer or shorter header lines (hub.limits.header_bytes_max)"
        return RequestError(431, "head_too_large", f"the head of a request has at most {most} bytes", hint)

    def _within(self, seconds: float) -> None:
        self._done()
        part = "body" if self._in_body else "head"
        error = RequestError(408, "too_slow", f"the {part} of the request took over {seconds:g} s")
        self._deadline = self.loop.call_later(seconds, self._refuse, error)

    def _done(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, error: RequestError) -> None:
        """End the connection; with an answer if one to this very request has not begun."""
        self._done()
        if self.transport.is_closing():
            return
        if self._may_answer():
            self.transport.write(_answer(error))
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether all requests before this one are answered, and this one is not."""
        if self.pipeline:
            return False
        if self._in_body:
            return not self.cycle.response_started
        return self.cycle is None or self.cycle.response_complete


def _malformed(why: str) -> RequestError:
    return RequestError(400, "malformed_request", f"the request is not valid HTTP/1.1: {why}")


def _answer(error: RequestError) -> bytes:
    response = problem(error.status, error.code, error.message, hint=error.hint)
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    lines += [b"connection: close", b"", bytes(response.body)]
    return b"\r\n".join(lines)
