"""What parsing requests and answers has in common: one message at a time; no I/O.

head ──▶ body ─┬─ length: cut exactly, what follows belongs to the next message
               ├─ chunked: see `chunked_body`; what follows in the same read is `surplus`
               └─ until close: everything
                 complete ──▶ the head of the next message
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.http1.chunked_body import ChunkedBody
from gatelog.http1.head import Header, RequestHead, ResponseHead

HEAD_END = b"\r\n\r\n"


class MessageParser:
    """Parses one message after the other; `on_body` is called while it parses and must not raise."""

    __slots__ = (
        "_body_bytes_max",
        "_chunked",
        "_chunks",
        "_deliver",
        "_deliver_chunk",
        "_overhead_bytes_max",
        "_unfinished",
        "body_left",
        "complete",
        "surplus",
        "trailers",
    )

    def __init__(
        self,
        on_body: Callable[[bytes], None],
        *,
        body_bytes_max: int,
        overhead_bytes_max: int,
        on_chunk: Callable[[bytes], None] | None = None,
    ) -> None:
        """`on_chunk` gets the content of chunks, if `on_body` is not to."""
        self._deliver = on_body
        self._deliver_chunk = on_chunk or on_body
        self._body_bytes_max = body_bytes_max
        self._overhead_bytes_max = overhead_bytes_max
        self._chunked = False
        self._chunks: ChunkedBody | None = None
        self._unfinished = bytearray()
        self.trailers: list[Header] = []
        """Trailers of the message that is complete."""
        self.body_left = 0
        """Bytes of the body still to come, if its length is known."""
        self.complete = False
        self.surplus = False
        """Whether more than the body of a complete message was read."""

    def next_head(self, data: bytes, start: int) -> tuple[bytes, int]:
        """The next head as raw bytes, empty while it is unfinished, and where in `data` to go on.

        Each byte is looked at once, however small the pieces are in which it comes.
        """
        held = self._unfinished
        seen = len(held)
        if not seen:
            end = data.find(HEAD_END, start) + len(HEAD_END)
            if end >= len(HEAD_END):
                return data[start:end], end
        held += data[start:]
        end = held.find(HEAD_END, max(0, seen - 3)) + len(HEAD_END)
        if end < len(HEAD_END):
            self._check_unfinished(held, seen)
            return b"", len(data)
        raw = bytes(held[:end])
        held.clear()
        return raw, start + end - seen

    def _check_unfinished(self, held: bytearray, seen: int) -> None:
        """ProtocolError if this beginning of a head cannot become a good one; `seen` bytes were checked."""
        raise NotImplementedError

    def _expect_body(self, head: RequestHead | ResponseHead, length: int) -> None:
        self.trailers = []
        self._chunked = head.chunked
        self.body_left = length
        self.complete = not (length or head.chunked)
        if head.chunked:
            self._expect_chunks()

    def _expect_chunks(self) -> None:
        if self._chunks is None:
            self._chunks = ChunkedBody(
                self._deliver_chunk,
                content_bytes_max=self._body_bytes_max,
                overhead_bytes_max=self._overhead_bytes_max,
            )
        else:
            self._chunks.begin()

    def read_body(self, data: bytes, start: int = 0) -> int:
        """Parse the body from `start`, return where it ends. ProtocolError: not strict, or too large."""
        if self._chunked:
            self._read_chunks(data[start:] if start else data)
            return len(data)
        end = start + self.body_left
        if end > len(data):
            self.body_left = end - len(data)
            self._deliver(data[start:] if start else data)
            return len(data)
        self.body_left = 0
        self.complete = True
        self._deliver(data[start:end])
        return end

    def _read_chunks(self, data: bytes) -> None:
        chunks = self._chunks
        assert chunks is not None, "the head said that the body is chunked"
        chunks.feed(data)
        if chunks.complete:
            self.trailers = chunks.trailers
            self.surplus = chunks.surplus
            self.complete = True
