"""What is looked for in the JSON before a value is read from it: never what the value may have without it."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from gatelog.kql.clickhouse.writer import text_of
from gatelog.kql.search.origin_search import indexed_in, seen_in
from gatelog.kql.terms import Origin, Words

ORIGIN = Origin("body", '[{"role":"user","content":')


def looked_for(needle: str) -> str | None:
    """The letters that `seen_in` looks for."""
    seen = seen_in(ORIGIN, needle)
    if seen is None:
        return None
    return text_of(seen).partition("('")[2].partition("'")[0]


@pytest.mark.parametrize(
    ("needle", "letters"),
    [
        ("Invoice", "invoice"),
        ("two words", "two words"),
        (" a word, and another ", "and another"),
        ("a_long-name", "long"),
        ("C:\\temp\\files", "files"),
        ("4711abc", "4711abc"),
        ("bookkeeping", "eeping"),
        ("taxi-wagon", "wagon"),
        ("Größenangabe", "enangabe"),
    ],
)
def test_the_longest_run_of_letters_is_looked_for(needle: str, letters: str) -> None:
    """Of letters, digits and spaces only: what else is between them is spelled in other ways."""
    assert looked_for(needle) == letters


@pytest.mark.parametrize(
    "needle", ["", "abc", "客户", "müşteri", "100000", "2.5e10", "user", "CONTENT", "role", "ontent", "a,b:c"]
)
def test_nothing_is_looked_for_where_nothing_is_certain(needle: str) -> None:
    """Short pieces, numbers, what the view adds, letters beyond ASCII."""
    assert looked_for(needle) is None


@pytest.mark.parametrize(
    ("needle", "asked"),
    [
        ("Invoice", ["%invoice%", "%u00%"]),
        ("late invoices, 20260703", ["%late%", "%invoices%", "%u00%"]),
        ("Größenangabe", ["%enangabe%", "%u00%"]),
    ],
)
def test_the_index_is_asked_for_letters_and_for_escapes(needle: str, asked: list[str]) -> None:
    """`\\u0069nvoice` is an invoice in JSON."""
    origin = replace(ORIGIN, words=Words("words", None, None))
    condition = indexed_in(origin, needle)
    assert condition is not None
    assert re.findall(r"'(.*?)'", text_of(condition)) == asked


@pytest.mark.parametrize("needle", ["", "abc", "客户", "user", "4711abc", "u2028", "8abcd", "e100000"])
def test_the_index_is_not_asked_for_what_may_be_spelled_in_other_ways(needle: str) -> None:
    """Digits may be those of an escape that the engine writes."""
    assert indexed_in(replace(ORIGIN, words=Words("words", None, None)), needle) is None


def test_without_an_index_none_is_asked() -> None:
    assert indexed_in(ORIGIN, "invoice") is None
