"""Takes the usage chunk out of a stream whose client did not ask for one.

    pieces as they arrive:   data: {..}\\n\\ndata: {"choices":[],"us | age":{..}}\\n\\n | data: [DONE]\\n\\n
    to the client:           data: {..}\\n\\n                       |                 | data: [DONE]\\n\\n

Whole events pass byte-exact; only an unfinished event is held back, because it might be the one to remove.
"""

from __future__ import annotations

import re

from gatelog.provider.json_text import read_object
from gatelog.provider.sse import SseParser

# An unfinished event larger than this cannot be the usage chunk (a few hundred bytes): pass on and give up.
HELD_BYTES_MAX = 256 * 1024

_USAGE_OBJECT = re.compile(rb'"usage"\s*:\s*\{')
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_BORDER_LENGTH_MAX = len(b"\r\n\r\n")
_LINE_ENDS = b"\r\n"


def _is_usage_chunk(event: bytes) -> bool:
    """An event whose JSON has an empty `choices` list and a `usage` object, as only the last chunk has."""
    if not _USAGE_OBJECT.search(event):
        return False
    parser = SseParser()
    events = parser.feed(event)
    chunk = read_object(events[0].data) if events else None
    return chunk is not None and chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)


class UsageChunkFilter:
    """Feed the body of an event stream through; `removed` says that the usage chunk was met and taken out."""

    def __init__(self) -> None:
        self.removed = False
        self._held = b""
        self._gave_up = False

    def feed(self, data: bytes) -> bytes:
        """What may go to the client now: `data` itself where it ends with an event and holds no usage."""
        if self._gave_up:
            return data
        if not self._held and data.endswith((b"\n\n", b"\r\n\r\n")) and not _USAGE_OBJECT.search(data):
            return data
        searched = max(0, len(self._held) - _BORDER_LENGTH_MAX + 1)
        return self._feed_slowly(self._held + data, searched)

    def flush(self) -> bytes:
        """What is still held back at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def _feed_slowly(self, data: bytes, searched: int) -> bytes:
        passed: list[bytes] = []
        start = 0
        for border in _BLANK_LINE.finditer(data, searched):
            end = border.end()
            if end == len(data) and data.endswith(b"\r"):
                break  # the LF of this CR may be in the next piece
            passed.append(self._without_usage(data[start:end]))
            start = end
        self._held = data[start:]
        if len(self._held) > HELD_BYTES_MAX:
            self._gave_up = True
            passed.append(self.flush())
        return b"".join(passed)

    def _without_usage(self, event: bytes) -> bytes:
        if not _is_usage_chunk(event):
            return event
        self.removed = True
        # Blank lines before the event belong to no event: kept, whatever pieces they came in.
        return event[: len(event) - len(event.lstrip(_LINE_ENDS))]
