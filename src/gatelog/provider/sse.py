"""Server-sent events (WHATWG HTML, section 9.2), read piece by piece.

    stream = [ BOM ] *( *( line end-of-line ) end-of-line )        end-of-line = CR LF | LF | CR
    line   = ":" comment  |  field [ ":" [ SPACE ] value ]         field = event | data | id | retry | …

Any split is fine, inside UTF-8 sequences and between CR and LF too: bytes become lines, then text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_END_OF_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event: its `event` field ("" if absent) and its data lines joined by LF."""

    event: str
    data: str


class SseParser:
    """Bytes in, events out. The caller bounds the stream; an unfinished event is held in memory."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._after_cr = False
        self._at_start = True
        self._event = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes."""
        if not piece:
            return []
        if self._after_cr:
            piece = piece.removeprefix(b"\n")
        self._after_cr = piece.endswith(b"\r")
        events: list[Event] = []
        first, *lines = _END_OF_LINE.split(piece)
        self._rest += first
        if lines:
            self._line(bytes(self._rest), events)
            self._rest = bytearray(lines.pop())
        for line in lines:
            self._line(line, events)
        return events

    def close(self) -> list[Event]:
        """The event that the end of the stream cut short, if any.

        Clients drop it (the standard says so); a record of what came over the wire must not.
        """
        events: list[Event] = []
        if self._rest:
            self._line(bytes(self._rest), events)
            self._rest.clear()
        self._dispatch(events)
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        if self._at_start:
            line = line.removeprefix(_BOM)
            self._at_start = False
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if name == b"data":
            self._data.append(text)
        elif name == b"event":
            self._event = text

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event(self._event, "\n".join(self._data)))
        self._event = ""
        self._data = []
