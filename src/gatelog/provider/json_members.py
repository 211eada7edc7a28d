"""Where the members of a JSON object lie in its bytes, so that one can be changed and the rest left alone.

    { "model" : "gpt-4o" , "stream" : true }
      key ↑     ↑ start ↑ end

The input is JSON that a decoder has already accepted; the walk only has to find places, and it skips strings
and nested values with one regular expression.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gatelog.provider.json_text import NotJson, read_json

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_SPACE = re.compile(rb"[ \t\r\n]*")
_KEY = re.compile(rb"[ \t\r\n]*(" + _STRING + rb")[ \t\r\n]*:[ \t\r\n]*", re.DOTALL)
_SCALAR = re.compile(_STRING + rb"|[^\s,{}\[\]\"]+", re.DOTALL)
_STRING_OR_BRACKET = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_SEPARATOR = re.compile(rb"[ \t\r\n]*([,}])")


class Member(NamedTuple):
    """One member: its decoded key, and `data[start:end]` is its value."""

    key: str
    start: int
    end: int


class JsonObject(NamedTuple):
    """An object: `data[start]` is its opening brace, `data[end - 1]` its closing one."""

    start: int
    end: int
    members: list[Member]


def _expect(match: re.Match[bytes] | None, what: str, position: int) -> re.Match[bytes]:
    if match is None:
        raise NotJson(f"expected {what} at byte {position}")
    return match


def _nested_end(data: bytes, start: int) -> int:
    """The position after the array or object that opens at `start`."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(data, start):
        first = token[0][0]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
            if depth == 0:
                return token.end()
    raise NotJson(f"the value that opens at byte {start} does not end")


def _value_end(data: bytes, start: int) -> int:
    if data[start : start + 1] in (b"{", b"["):
        return _nested_end(data, start)
    return _expect(_SCALAR.match(data, start), "a value", start).end()


def read_members(data: bytes, start: int = 0) -> JsonObject:
    """The object that begins (after white space) at `start`; members in order, duplicates included."""
    position = _expect(_SPACE.match(data, start), "white space", start).end()
    opening = position
    if data[position : position + 1] != b"{":
        raise NotJson(f"expected an object at byte {position}")
    position = _expect(_SPACE.match(data, position + 1), "white space", position).end()
    members: list[Member] = []
    if data[position : position + 1] == b"}":
        return JsonObject(opening, position + 1, members)
    while True:
        key = _expect(_KEY.match(data, position), "a member", position)
        end = _value_end(data, key.end())
        members.append(Member(read_json(key[1]), key.end(), end))
        separator = _expect(_SEPARATOR.match(data, end), "',' or '}'", end)
        position = separator.end()
        if separator[1] == b"}":
            return JsonObject(opening, position, members)
