"""Errors of decoders, in words for whoever wrote the JSON."""

from __future__ import annotations

import json
from typing import Literal

import msgspec
import pytest

from gatelog.api.json_faults import json_fault


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a body."""

    id: str
    labels: dict[str, str] | None = None


class Body(msgspec.Struct, forbid_unknown_fields=True, rename={"top": "$top"}):
    """A body as endpoints have them."""

    query: str
    format: Literal["json", "csv"] | None = None
    top: int = 0
    parts: list[Part] | None = None


def fault(text: bytes) -> str:
    """What is said of a body."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)) as raised:
        msgspec.json.decode(text, type=Body)
    return json_fault(raised.value, Body)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the JSON ends too early"),
        (b"x", "the JSON is malformed: invalid character (byte 0)"),
        (b'{"query": "\xff"}', "the JSON has bytes that are not UTF-8"),
        (b"[]", "the JSON must be an object, not an array"),
        (b"{}", "the JSON has no member query, which is needed"),
        (b'{"query": 5}', "query must be a text, not a whole number"),
        (b'{"query": "", "format": 1.5}', "format must be a text or null, not a number"),
        (b'{"query": "", "format": "yaml"}', "format cannot be 'yaml'; known are csv, json"),
        (b'{"query": "", "$top": "1"}', "$top must be a whole number, not a text"),
        (b'{"query": "", "$top": 1e999}', "$top: number out of range"),
        (b'{"query": "", "x": 1}', "the JSON cannot have a member x; known are query, format, $top, parts"),
        (b'{"query": "", "parts": [{}]}', "parts[0] has no member id, which is needed"),
        (
            b'{"query": "", "parts": [{"id": "a"}, {"ix": 1}]}',
            "parts[1] cannot have a member ix; known are id, labels",
        ),
        (
            b'{"query": "", "parts": [{"id": "", "labels": {"a": true}}]}',
            "parts[0].labels[...] must be a text, not true or false",
        ),
    ],
)
def test_an_error_names_the_member_and_what_it_should_be(text: bytes, said: str) -> None:
    assert fault(text) == said


def test_pythons_own_decoder_is_put_into_words_too() -> None:
    with pytest.raises(ValueError, match="Expecting") as raised:
        json.loads('{"a": ')
    assert json_fault(raised.value) == "the JSON is malformed: expecting value (character 6)"
    assert json_fault(RecursionError()) == "the JSON is nested too deeply"
