"""Bytes of one origin in, answers out; no I/O. What is strict, `strict` says.

   begin ──▶ head ─┬─ 1xx: swallowed, back to head (a few)  101 Switching Protocols was not asked for: refused
                   │                                        one that announces a body: refused
                   ├─ HEAD, 204, 304: complete              204 that announces one: as if it had come
                   ├─ length, chunked: body … complete
                   └─ neither: body until the connection ends (`at_end_of_input`), or is too large

Whatever follows a complete answer is `surplus`: the connection must not be used again.
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.errors import BodyTooLargeError, ProtocolError
from gatelog.http1.field_lines import read_response_fields
from gatelog.http1.head import ResponseHead
from gatelog.http1.message_parser import MessageParser
from gatelog.http1.settings import ClientSettings
from gatelog.http1.strict import check_response, check_unfinished_answer, read_status_line

_BODILESS = frozenset({204, 304})  # whatever their headers announce (RFC 9112 section 6.3)
_INTERIM_MAX = 16  # 1xx heads before an answer; honest origins send one or two


class ResponseParser(MessageParser):
    """Parses the answers on one connection; `on_head` and `on_body` are called while it parses."""

    __slots__ = ("_deliver_head", "_head_request", "_interims", "_settings", "head", "until_close")

    def __init__(
        self,
        settings: ClientSettings,
        on_head: Callable[[ResponseHead], None],
        on_body: Callable[[bytes], None],
    ) -> None:
        super().__init__(
            on_body,
            body_bytes_max=settings.body_bytes_max,
            overhead_bytes_max=settings.chunk_overhead_bytes_max,
        )
        self._settings = settings
        self._deliver_head = on_head
        self.begin(head_request=False)

    def begin(self, *, head_request: bool) -> None:
        """Expect the answer to a new request."""
        self._head_request = head_request
        self._unfinished.clear()
        self._interims = 0
        self.trailers = []
        self.head: ResponseHead | None = None
        self.complete = self.surplus = self.until_close = False

    @property
    def begun(self) -> bool:
        """Whether a part of an answer has come, if only of an interim one."""
        return bool(self._unfinished or self._interims) or self.head is not None

    def feed(self, data: bytes) -> None:
        """Parse the next bytes. ProtocolError if they are not strict HTTP/1.1."""
        at = 0
        while self.head is None and at < len(data):
            at = self._read_head(data, at)
        if at < len(data) and not self.complete:
            at = self.read_body(data, at)
            if self.until_close and not self.body_left:
                raise BodyTooLargeError(self._settings.body_bytes_max)
        if at < len(data):
            self.surplus = True

    def at_end_of_input(self) -> bool:
        """The connection ended in order: whether that completes the answer."""
        self.complete = self.complete or self.until_close
        return self.complete

    def _read_head(self, data: bytes, start: int) -> int:
        """Read one head and return where it ends; hold an unfinished one."""
        raw, end = self.next_head(data, start)
        self._check_size(len(raw))
        if raw:
            self._take_head(raw)
        return end

    def _check_unfinished(self, held: bytearray, seen: int) -> None:
        check_unfinished_answer(held, seen)
        self._check_size(len(held))

    def _check_size(self, head_bytes: int) -> None:
        if head_bytes > self._settings.header_bytes_max:
            raise ProtocolError("headers_too_large", f"over {self._settings.header_bytes_max} bytes")

    def _take_head(self, raw: bytes) -> None:
        status, reason, version, end = read_status_line(raw)
        head = ResponseHead(status, reason, version)
        read_response_fields(head, raw, end)
        if status < 200:
            self._pass_interim(head)
            return
        check_response(head, self._settings)
        bodiless = self._head_request or status in _BODILESS
        self.until_close = not bodiless and not head.chunked and head.content_length is None
        if bodiless:
            self.complete = True
            # The body that a 204 announces may come yet, and be taken for the next answer.
            self.surplus = status == 204 and _announces_body(head)
        else:
            self._expect_body(head, self._length_of(head))
        self.head = head
        self._deliver_head(head)

    def _length_of(self, head: ResponseHead) -> int:
        """Bytes of the body; one more than may come, where the end of the connection is to be its end."""
        bytes_max = self._settings.body_bytes_max
        if self.until_close:
            return bytes_max + 1
        length = head.content_length or 0
        if length > bytes_max:
            raise BodyTooLargeError(self._settings.body_bytes_max)
        return length

    def _pass_interim(self, head: ResponseHead) -> None:
        """An interim answer is not the one that is waited for."""
        if _announces_body(head):
            raise ProtocolError("interim_answers", "announce no body")
        self._interims += 1
        if self._interims > _INTERIM_MAX:
            raise ProtocolError("interim_answers", f"over {_INTERIM_MAX} before the answer")


def _announces_body(head: ResponseHead) -> bool:
    """Whether a parser that does not look at the status would wait for a body."""
    return head.chunked or bool(head.content_length)
