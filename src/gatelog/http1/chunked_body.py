"""Bodies in chunked framing (RFC 9112 section 7.1), taken apart by llhttp; no I/O.

   begin ──▶ feed* ──▶ complete, with trailers
               └ bytes behind the last chunk: `surplus`

llhttp parses whole messages, so each body is given a head of our own. It does not tell at which byte a body
ended, and reads on. Of an answer nothing may follow, and the connection must not be used again if something
does. Of a request another may follow: it is fed up to each place where a body may end (`may_end_at`).

    5 CR LF hello CR LF 0 CR LF CR LF │ GET / HTTP/1.1 CR LF …
"""

from __future__ import annotations

from collections.abc import Callable

import httptools

from gatelog.errors import BodyTooLargeError, ProtocolError
from gatelog.http1.head import Header

_HEAD = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
_LINE_END = b"\r\n"
_EMPTY_LINE = _LINE_END * 2

# Framing bytes per byte of content that pass as honest: a chunk of one byte costs five.
_OVERHEAD_RATIO = 16


def may_end_at(data: bytes, start: int, read_from: int) -> int:
    """The first place where a chunked body that goes on at `start` may end; else the end of `data`.

    `read_from`: where it began in this read. The empty line at its end may have begun in the read before;
    behind that, no two of them overlap, for what stands before the last is the end of a line with content.
    """
    if start < read_from + len(_EMPTY_LINE):
        if data.startswith(b"\n", start):
            return start + 1
        if data.startswith(_LINE_END, start):
            return start + len(_LINE_END)
    found = data.find(_EMPTY_LINE, start)
    return found + len(_EMPTY_LINE) if found >= 0 else len(data)


class ChunkedBody:
    """Parses the chunked bodies of one connection, one after the other."""

    __slots__ = (
        "_content_bytes",
        "_content_bytes_max",
        "_deliver",
        "_in_body",
        "_overhead_bytes_max",
        "_parser",
        "_raw_bytes",
        "complete",
        "surplus",
        "trailers",
    )

    def __init__(
        self, on_content: Callable[[bytes], None], *, content_bytes_max: int, overhead_bytes_max: int
    ) -> None:
        """`on_content` is called while it parses and must not raise."""
        self._deliver = on_content
        self._content_bytes_max = content_bytes_max
        self._overhead_bytes_max = overhead_bytes_max
        self.begin()

    def begin(self) -> None:
        """A new body follows."""
        self._raw_bytes = self._content_bytes = 0
        self._in_body = self.complete = self.surplus = False
        self.trailers: list[Header] = []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(_HEAD)
        self._in_body = True

    def feed(self, data: bytes) -> None:
        """Parse the next bytes. ProtocolError: not strict, too large, or mostly framing."""
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self.complete:
                raise ProtocolError("malformed_body", str(error)) from error
            self.surplus = True
        if self._content_bytes > self._content_bytes_max:
            raise BodyTooLargeError(self._content_bytes_max)
        # What follows the body counts as framing: llhttp does not tell where it begins.
        if self._raw_bytes > self._content_bytes * (_OVERHEAD_RATIO + 1) + self._overhead_bytes_max:
            raise ProtocolError("malformed_body", "more chunk framing than content")

    def on_message_begin(self) -> None:
        """llhttp: a message begins."""
        if self.complete:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: a header of our own head, a trailer, or a header of what must not follow."""
        if self._in_body and not self.complete:
            self.trailers.append((name, value))

    def on_body(self, data: bytes) -> None:
        """llhttp: a part of the content."""
        if self.complete:
            return  # the content of what must not follow
        self._content_bytes += len(data)
        if self._content_bytes <= self._content_bytes_max:
            self._deliver(data)

    def on_message_complete(self) -> None:
        """llhttp: the body is complete."""
        self.complete = True
