"""Refusals say where, what, and what to do next."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from gatelog.kql import Catalog, Column, KqlType, Table

CATALOG = Catalog(
    [Table("Calls", (Column("Region", KqlType.STRING), Column("Total", KqlType.LONG)), "calls")]
)


def refusal(text: str) -> KqlError:
    with pytest.raises(KqlError) as caught:
        kql.compile(text, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("Cals | count", (1, 1), "no table 'Cals'", "'Calls'"),
        ("Calls\n| where region == 'x'", (2, 9), "no column 'region'", "'Region'"),
        ("Calls | extend x = tolowr(Region)", (1, 20), "no function 'tolowr'", "'tolower'"),
        ("Calls | where Region + 1 > 2", (1, 15), "'+' has no meaning between string and long", "strcat"),
        ("Calls | summarize Region by Total", (1, 19), "neither aggregated nor a key", "by"),
        ("Calls | where sum(Total) > 1", (1, 15), "aggregate sum() has no meaning here", "summarize"),
        ("Calls | extend x = strlen(Region, 1)", (1, 20), "takes 1 arguments", ""),
        ("Calls | join (Calls) on Regio", (1, 25), "no column 'Regio' on this side", "'Region'"),
        ("Calls | where Region", (1, 15), "must be bool", "compare"),
        ("print make_datetime(true)", (1, 7), "make_datetime() cannot take a bool", ""),
        ("print make_timespan(now())", (1, 7), "make_timespan() cannot take a datetime", ""),
        ("Calls | make-series n=count() on 1s from now() step 1s", (1, 42), "expected timespan", "write a"),
        ("let FACTOR = 5; print factor", (1, 23), "no column 'factor'", "did you mean 'FACTOR'?"),
        ("Calls | project Total, Total = 1", (1, 24), "two columns 'Total'", ""),
        ("let f = (a: int, b: int = 2) { a }; print f(b = 1, 5)", (1, 52), "'b', which is not in", ""),
        ("Calls | extend x = datetime_add('eon', 1, now())", (1, 20), "no part of a date", "year"),
        ("Calls | extend n = row_number()", (1, 20), "needs rows in order", "serialize"),
        ("datatable(a: long)[1, 2, 3] | project-away b", (1, 44), "no column 'b'", ""),
        ("datatable(a: long, b: long)[1, 2, 3]", (1, 1), "do not fill rows", ""),
        ("let f = (x: long) { x }; print f()", (1, 32), "argument 'x'", ""),
        ("print x = 1 | take -1", (1, 20), "below 0", ""),
        ("print x = extract('(', 1, 'a')", (1, 11), "bracket", ""),
        ("print x = 'a' matches regex '['", (1, 11), "bracket", ""),
        ("print x = replace_regex('a', @'a(?=b)', '')", (1, 11), "look around", "RE2"),
        ("print x = 'aa' matches regex @'(a)\\1'", (1, 11), "refer back", "RE2"),
    ],
)
def test_the_authors_mistakes_are_shown_in_their_place(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    error = refusal(text)
    assert isinstance(error, KqlSemanticError)
    assert error.place == place
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "Calls | evaluate diffpatterns_text(Region, Region == '')",
        "Calls | extend x = hash_combine(1, 2)",
        "Calls | assert-schema (Region: string)",
        "externaldata(a: long)['https://example.com/x.csv']",
        "Calls | extend x = extent_id()",
    ],
)
def test_valid_kql_that_is_not_built_is_refused_not_guessed(text: str) -> None:
    assert isinstance(refusal(text), KqlUnsupportedError)


def test_a_name_of_a_table_is_no_value() -> None:
    assert "is no value" in refusal("let T = print 1; print x = T").message


WORDS = [
    "Calls",
    "|",
    "where",
    "extend",
    "project",
    "summarize",
    "by",
    "sort",
    "top",
    "take",
    "count()",
    "join",
    "union",
    "(Calls)",
    "on",
    "Region",
    "Total",
    "=",
    "==",
    "+",
    "-",
    "/",
    "and",
    "or",
    "not(",
    ")",
    "(",
    ",",
    "[",
    "]",
    "'x'",
    "1",
    "1.5",
    "1h",
    "now()",
    "dynamic([1])",
    "dynamic({'a':1})",
    "bin(Total,",
    "10)",
    "sum(Total)",
    "arg_max(Total,",
    "*)",
    "tostring(",
    "parse_json(",
    ".",
    "a",
    "*",
    "let",
    "x",
    ";",
    "in",
    "has",
    "between",
    "..",
    "mv-expand",
    "make_list(",
    "iff(",
    "null",
    "long(null)",
    "prev(",
    "serialize",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_whatever_the_text_it_compiles_or_is_refused(words: list[str]) -> None:
    with contextlib.suppress(KqlError):
        kql.compile("Calls | " + " ".join(words), CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
