"""Cheap looks at a stream while it passes: has it ended, has the first token come? No parsing."""

from __future__ import annotations

import re

# The end of a stream as clients understand it: chat and completions end with [DONE], the Responses API with
# one of three events, assistants with `done`; `error` ends the last two.
_TERMINAL = re.compile(
    rb"[\r\n](?:data: ?\[DONE\]|event: ?(?:response\.(?:completed|failed|incomplete)|done|error)[\r\n])"
)
# Longest marker, with its line ends: what must be remembered of the pieces before. Bytes.
_MARKER_LENGTH_MAX = len(b"\nevent: response.incomplete\n")

_TOKEN = re.compile(
    rb'"(?:content|text|delta|arguments|refusal|reasoning_content|reasoning|partial_json|input)"\s*:\s*"[^"]'
)


def _ends(data: bytes) -> bool:
    """The regular expression is asked only where one of its words occurs: ten times cheaper per piece."""
    return (b"[DONE]" in data or b"event:" in data) and _TERMINAL.search(data) is not None


def is_terminal(data: bytes) -> bool:
    """Whether this piece, seen alone and beginning a line, holds the end of a stream."""
    return _ends(b"\n" + data)


class TerminalWatch:
    """Like `is_terminal` for a stream in pieces: markers split over pieces are seen with their last byte."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = b"\n"

    def feed(self, data: bytes) -> bool:
        """Whether the stream's end is complete with this piece (and was not before)."""
        seen = self._tail + data
        self._tail = seen[-_MARKER_LENGTH_MAX + 1 :]
        return _ends(seen)


def carries_token(data: bytes) -> bool:
    """Whether this piece holds generated text: a non-empty content, arguments, refusal or reasoning."""
    return _TOKEN.search(data) is not None
