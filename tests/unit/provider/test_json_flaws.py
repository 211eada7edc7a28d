"""JSON that readers understand differently is told from JSON that they do not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.provider import find_json_flaw

VALUES = st.recursive(
    st.none() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_a_writer_of_json_writes_has_no_flaw(value: object) -> None:
    assert find_json_flaw(json.dumps(value).encode()) is None
    assert find_json_flaw(json.dumps(value, ensure_ascii=False, indent=1).encode()) is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "not JSON"),
        (b"{}{}", "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\x01"}', "not JSON"),
        (b"[Infinity]", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"a":1,"\\u0061":1}', "duplicate keys"),
        (b'[{"b":{"a":1,"c":2,"a":1}}]', "duplicate keys"),
        (b"[1e999]", "number out of range"),
        (b"[" + b"1" * 5000 + b"]", "number out of range"),
        (b"[" * 129 + b"]" * 129, "nested too deeply"),
        (b'{"a":' * 50_000, "nested too deeply"),
    ],
)
def test_a_flaw_has_a_name(body: bytes, name: str) -> None:
    flaw = find_json_flaw(body)
    assert flaw is not None
    assert flaw.name == name
    assert len(flaw.detail) < 200


def test_nesting_up_to_the_limit_is_no_flaw() -> None:
    assert find_json_flaw(b"[" * 128 + b"]" * 128) is None


def test_many_members_are_compared_in_linear_time() -> None:
    """A body of a megabyte: with a search for each member it would take minutes."""
    members = ",".join(f'"k{number}":0' for number in range(100_000))
    flaw = find_json_flaw(f'{{{members},"k99999":1}}'.encode())
    assert flaw is not None
    assert "k99999" in flaw.detail
