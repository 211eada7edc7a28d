"""What parsing requests and answers has in common: one message at a time over llhttp; no I/O.

   head, fed alone ──▶ body ─┬─ length: cut exactly, the rest is returned
                             ├─ chunked: what follows in the same read is `surplus`
                             └─ until close: everything
                       complete ──▶ the head of the next message

llhttp does not tell at which byte a message ended, and would read on into the next one. A head is therefore
fed alone and a body of known length is cut. After a chunked body nothing may follow in the same read: bytes
that do are dropped, and the connection must not be used again (RFC 9112 section 9.3.2: the client retries).
"""

from __future__ import annotations

from collections.abc import Callable

import httptools

from gatelog.errors import ProtocolError
from gatelog.http1.head import Header, RequestHead, ResponseHead

HEAD_END = b"\r\n\r\n"

# Framing bytes per byte of content that pass as honest: a chunk of one byte costs five.
_OVERHEAD_RATIO = 16


class MessageParser:
    """Parses one message after the other; `on_body` is called while it parses and must not raise."""

    __slots__ = (
        "_body_bytes",
        "_body_bytes_max",
        "_chunked",
        "_deliver",
        "_headers",
        "_overhead_bytes_max",
        "_parser",
        "_raw_bytes",
        "body_left",
        "complete",
        "surplus",
        "trailers",
        "upgrade",
    )

    _parser: httptools.HttpRequestParser | httptools.HttpResponseParser

    def __init__(
        self, on_body: Callable[[bytes], None], *, body_bytes_max: int, overhead_bytes_max: int
    ) -> None:
        self._deliver = on_body
        self._body_bytes_max = body_bytes_max
        self._overhead_bytes_max = overhead_bytes_max
        self._headers: list[Header] = []
        self.trailers: list[Header] = []
        """Trailers of the message that is complete."""
        self._chunked = False
        self._raw_bytes = self._body_bytes = 0
        self.body_left = 0
        """Bytes of the body still to come, if its length is known."""
        self.complete = False
        self.surplus = False
        self.upgrade = False
        """The last head offered to change the protocol."""

    def _feed_head(self, raw: bytes) -> list[Header]:
        """Feed exactly one head and return its headers. ProtocolError if it is not strict."""
        headers: list[Header] = []
        self._headers = headers
        self.trailers = []
        self.complete = self.upgrade = self._chunked = False
        try:
            self._parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            self.upgrade = True
        except httptools.HttpParserError as error:
            raise ProtocolError("malformed", str(error)) from error
        return headers

    def _expect_body(self, head: RequestHead | ResponseHead, length: int) -> None:
        self._headers = []
        self._chunked = head.chunked
        self._raw_bytes = self._body_bytes = 0
        self.body_left = length

    def read_body(self, data: bytes, start: int = 0) -> int:
        """Parse the body from `start`, return where it ends. ProtocolError: not strict, or too large."""
        end = len(data)
        if not self._chunked:
            end = min(end, start + self.body_left)
            self.body_left -= end - start
        if start or end < len(data):
            data = data[start:end]
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise ProtocolError("malformed_body", str(error)) from error
            self.surplus = True
        if self._chunked:
            self._check_size()
        return end

    def _check_size(self) -> None:
        if self._body_bytes > self._body_bytes_max:
            raise ProtocolError("body_too_large", f"over {self._body_bytes_max} bytes", status=413)
        if self._raw_bytes > self._body_bytes * (_OVERHEAD_RATIO + 1) + self._overhead_bytes_max:
            raise ProtocolError("malformed_body", "more chunk framing than content")

    def on_message_begin(self) -> None:
        """llhttp: a message begins."""
        if self.complete:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: a header or a trailer."""
        self._headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        """llhttp: a part of the body."""
        self._body_bytes += len(data)
        if self._body_bytes <= self._body_bytes_max and not self.surplus:
            self._deliver(data)

    def on_message_complete(self) -> None:
        """llhttp: the message is complete."""
        if self._chunked and not self.complete:
            self.trailers = self._headers
        self._headers = []
        self.complete = True
