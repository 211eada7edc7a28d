"""Bytes of one client in, requests out; no I/O. What is strict, `strict` says.

next_head ──▶ read_head ──▶ read_body* ──▶ complete ──▶ next_head …
    └ unfinished: kept, and refused as soon as it cannot become a good one
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.errors import ProtocolError
from gatelog.http1.chunked_body import may_end_at
from gatelog.http1.field_lines import read_request_fields
from gatelog.http1.head import RequestHead
from gatelog.http1.message_parser import MessageParser
from gatelog.http1.settings import ServerSettings
from gatelog.http1.strict import check_request, check_unfinished, read_request_line

Peer = tuple[str, str]
"""Address and TLS version of the client, as `RequestHead` has them."""


class RequestParser(MessageParser):
    """Parses the requests of one connection, one after the other."""

    __slots__ = ("_pieces", "_settings")

    def __init__(self, settings: ServerSettings, on_body: Callable[[bytes], None]) -> None:
        self._pieces: list[bytes] = []
        """Content of the chunks of this read."""
        super().__init__(
            on_body,
            body_bytes_max=settings.body_bytes_max,
            overhead_bytes_max=settings.chunk_overhead_bytes_max,
            on_chunk=self._pieces.append,
        )
        self._settings = settings

    @property
    def head_begun(self) -> bool:
        """Whether a part of a head has come."""
        return bool(self._unfinished)

    def _check_unfinished(self, held: bytearray, seen: int) -> None:
        check_unfinished(held, seen, self._settings)

    def read_head(self, raw: bytes, peer: Peer) -> RequestHead:
        """Parse exactly one head, up to and with its empty line. ProtocolError if it is not strict."""
        settings = self._settings
        if len(raw) > settings.header_bytes_max:
            raise ProtocolError("headers_too_large", f"over {settings.header_bytes_max} bytes", status=431)
        method, target, version, end = read_request_line(raw, settings)
        path, _, query = target.partition(b"?")
        head = RequestHead(method, target, path, query, version, *peer)
        read_request_fields(head, raw, end)
        check_request(head, settings)
        self._expect_body(head, head.content_length or 0)
        return head

    def read_body(self, data: bytes, start: int = 0) -> int:
        """Parse the body from `start`, return where it ends: what follows is another request.

        The content is handed over in one piece: a client chooses how small its chunks are, and each piece is
        a record.
        """
        if not self._chunked:
            return super().read_body(data, start)
        read_from = start
        try:
            while start < len(data) and not self.complete:
                end = may_end_at(data, start, read_from)
                self._read_chunks(data[start:end])
                start = end
        finally:
            self._hand_over()
        return start

    def _hand_over(self) -> None:
        pieces = self._pieces
        if pieces:
            content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            self._deliver(content)
