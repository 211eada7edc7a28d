"""JSON as the service reads it in lines: with comments, and with texts between single quotes.

    {'model': 'gpt-4o', "price": 2.5}   // dollars for a million tokens

https://learn.microsoft.com/azure/data-explorer/ingest-json-formats
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_PLAIN = re.compile(r"[^\"'/]*+")
_DOUBLE = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|\"", re.DOTALL)


def strict_json(text: str) -> str:
    """The same as JSON proper. ValueError if a text or a comment has no end."""
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        plain = _PLAIN.match(text, place)
        assert plain is not None
        yield plain[0]
        place = plain.end()
        if text.startswith("//", place):
            return
        if text.startswith("/*", place):
            place = _comment_end(text, place)
        elif place < len(text):
            piece, place = _string(text, place)
            yield piece


def _comment_end(text: str, place: int) -> int:
    end = text.find("*/", place + 2)
    if end < 0:
        raise json.JSONDecodeError("Unterminated comment", text, place)
    return end + 2


def _string(text: str, place: int) -> tuple[str, int]:
    """The text that begins at a place, between double quotes, and where it ends."""
    if double := _DOUBLE.match(text, place):
        return double[0], double.end()
    if single := _SINGLE.match(text, place):
        return f'"{_ESCAPED.sub(_escape, single[1])}"', single.end()
    raise json.JSONDecodeError("Unterminated text, or a slash outside of one", text, place)


def _escape(match: re.Match[str]) -> str:
    """What JSON proper escapes, and nothing else."""
    if match[1] is None:
        return '\\"'
    return "'" if match[1] == "'" else match[0]
