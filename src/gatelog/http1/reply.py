"""The way back to the client for one request.

    ┌─────────┐ start ┌─────────┐ write* end ┌───────┐
    │ WAITING ├──────▶│ STARTED ├───────────▶│ ENDED │      send = start + write + end in one piece
    └────┬────┘       └────┬────┘            └───────┘
         └── abort, client gone ──▶ detached: every later call is ignored

Framing is ours: the headers given must not name `content-length`, `transfer-encoding` or `connection`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from http import HTTPStatus
from typing import Protocol

from gatelog.http1.head import Header, RequestHead
from gatelog.http1.outbox import Sender

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_join_header = b": ".join


class ReplyOwner(Protocol):
    """What a reply needs of its connection."""

    def keeps_alive(self) -> bool:
        """Whether another request may follow on this connection."""

    def reply_ended(self, *, keep_alive: bool) -> None:
        """The last byte of the reply was handed to the transport."""

    def reply_aborted(self) -> None:
        """The handler wants the connection closed without a proper end."""

    def give_owed(self) -> None:
        """The answer in the handler's place may go out, if one is owed."""

    def pause_request(self) -> None:
        """Stop reading the request's body."""

    def resume_request(self) -> None:
        """Read the request's body again."""


class _Framing(Enum):
    NO_BODY = 0  # HEAD, 204, 304: whatever is written is counted by nobody
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3  # HTTP/1.0 clients know no chunks


def header_block(headers: Sequence[Header]) -> bytes:
    """Header lines, each ended by CRLF. ValueError if a value would end its line (response splitting)."""
    if not headers:
        return b""
    block = b"\r\n".join(map(_join_header, headers))
    line_ends = len(headers) - 1
    if block.count(b"\n") != line_ends or block.count(b"\r") != line_ends:
        raise ValueError("a header holds a line break")
    return block + b"\r\n"


def status_line(status: int) -> bytes:
    """The status line of an answer in HTTP/1.1."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def last_head(status: int, headers: Sequence[Header], body_bytes: int) -> bytes:
    """The head of an answer after which the connection closes, for requests that have no `Reply`."""
    framing = b"content-length: %d\r\nconnection: close\r\n" % body_bytes
    return b"%b%b%b\r\n" % (status_line(status), header_block(headers), framing)


class Reply:
    """The reply to one request. Statuses are final ones (200 to 599); sizes are in bytes."""

    __slots__ = (
        "_detached",
        "_framing",
        "_keep_alive",
        "_left",
        "_old_client",
        "_owner",
        "_sender",
        "_without_body",
        "ended",
        "error_headers",
        "given",
        "sent_bytes",
        "started",
        "withheld",
    )

    def __init__(self, owner: ReplyOwner, sender: Sender, head: RequestHead) -> None:
        self._owner = owner
        self._sender = sender
        self._without_body = head.method == b"HEAD"
        self._old_client = head.version == b"1.0"
        self._keep_alive = head.keep_alive
        self._framing = _Framing.NO_BODY
        self._left = 0
        self._detached = False
        self.started = False
        self.ended = False
        self.error_headers: Sequence[Header] = ()
        """What an answer carries that the server gives in the handler's place."""
        self.given: tuple[int, bytes] | None = None
        """Status and body of that answer, if there is one; set before `on_abort`."""
        self.withheld = False
        """Set by the handler, in `on_abort` at the latest: that answer waits for `give`.

        Until then nothing tells the client to go on: what it is going to be told is decided."""
        self.sent_bytes = 0

    def start(self, status: int, headers: Sequence[Header], *, content_length: int | None) -> None:
        """Send the head. Without a length the body is chunked, or ends with the connection in HTTP/1.0."""
        if not self._detached:
            self._sender.write(self._begin(status, headers, content_length))

    def write(self, data: bytes) -> None:
        """Send a part of the body; ValueError beyond the announced length."""
        if self._detached or not data:
            return
        if not self.started or self.ended:
            raise RuntimeError("write() belongs between start() and end()")
        framing = self._framing
        if framing is _Framing.NO_BODY:
            return
        size = len(data)
        if framing is _Framing.LENGTH:
            self._take(size)
        elif framing is _Framing.CHUNKED:
            data = b"%x\r\n%b\r\n" % (size, data)
        self.sent_bytes += size
        self._sender.write(data)

    def end(self, trailers: Sequence[Header] = ()) -> None:
        """End the body. ValueError if bytes of the announced length are missing; trailers need chunks."""
        if self._detached:
            return
        if not self.started or self.ended:
            raise RuntimeError("end() belongs after start(), once")
        if self._framing is _Framing.CHUNKED:
            self._sender.write(b"0\r\n%b\r\n" % header_block(trailers))
        elif self._left:
            raise ValueError(f"{self._left} bytes short of the announced length")
        self._finish()

    def send(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a complete reply in one piece."""
        if self._detached:
            return
        head = self._begin(status, headers, len(body))
        if self._framing is _Framing.NO_BODY:
            self._sender.write(head)
        else:
            self._take(len(body))
            self.sent_bytes = len(body)
            self._sender.write(head + body)
        self._finish()

    def abort(self) -> None:
        """Close the connection without a proper end, so that the client knows the answer is truncated."""
        if not self._detached and not self.ended:
            self._detached = True
            self._owner.reply_aborted()

    def pause_reading(self) -> None:
        """Stop reading the request's body; at most one read more arrives."""
        if not self._detached and not self.ended:
            self._owner.pause_request()

    def resume_reading(self) -> None:
        """Read the request's body again."""
        if not self._detached and not self.ended:
            self._owner.resume_request()

    def give(self) -> None:
        """Send what was `withheld`; harmless if nothing was."""
        if not self._detached:
            self._owner.give_owed()

    def detach(self) -> None:
        """The connection is gone: ignore what the handler still says."""
        self._detached = True

    def _begin(self, status: int, headers: Sequence[Header], content_length: int | None) -> bytes:
        if self.started:
            raise RuntimeError("the reply was started already")
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not a final status")
        framing = self._frame(status, content_length)
        lines = header_block(headers)  # may raise: nothing has begun before
        self.started = True
        return b"%b%b%b\r\n" % (status_line(status), lines, framing)

    def _frame(self, status: int, content_length: int | None) -> bytes:
        """Decide how the body ends and return the header lines that say so."""
        lines = b""
        if status == 204 or status == 304 or self._without_body:
            self._framing = _Framing.NO_BODY
            if content_length is not None and status != 204 and (content_length or self._without_body):
                lines = b"content-length: %d\r\n" % content_length
        elif content_length is not None:
            self._framing = _Framing.LENGTH
            self._left = content_length
            lines = b"content-length: %d\r\n" % content_length
        elif self._old_client:
            self._framing = _Framing.UNTIL_CLOSE
            self._keep_alive = False
        else:
            self._framing = _Framing.CHUNKED
            lines = b"transfer-encoding: chunked\r\n"
        self._keep_alive = self._keep_alive and self._owner.keeps_alive()
        if not self._keep_alive:
            return lines + b"connection: close\r\n"
        return lines + b"connection: keep-alive\r\n" if self._old_client else lines

    def _take(self, size: int) -> None:
        if size > self._left:
            raise ValueError(f"{size - self._left} bytes beyond the announced length")
        self._left -= size

    def _finish(self) -> None:
        self.ended = True
        self._owner.reply_ended(keep_alive=self._keep_alive)
