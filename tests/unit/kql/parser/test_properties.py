"""Whatever the text, the front end answers or raises KqlSyntaxError, with a place inside the text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser import parse, parse_recovering
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import (
    HYPHENATED_WORDS,
    PIPELINE_WORDS,
    RESERVED_WORDS,
    SOURCE_WORDS,
    TEXT_OPERATORS,
    TYPES,
)

QUERIES = (
    "let f = (a: int, T: (*)) { T | where x > a and y in~ ('b', \"c\") }; f(1, U) | take 10",
    "T | summarize n = count(), arg_max(t, *) by bin(t, 1h) | sort by n desc nulls first | render timechart",
    "T | join kind=leftouter (U | project-away b*) on $left.a == $right.b | extend parse_json(s)['x'].y[0]",
    "T | parse s with * 'a=' a: long ',' rest | mv-apply x = d to typeof(long) on (top 1 by x)",
    "datatable(a: int, d: dynamic)[1, dynamic({'x': [null]})] | scan with (step s: a !between (1 .. 2);)",
    "T | make-series n = count() default = 0 on t from ago(1d) step 5m | graph-match (a)-[e*1..2]->()",
)
WORDS = sorted(
    {*PIPELINE_WORDS, *SOURCE_WORDS, *RESERVED_WORDS, *HYPHENATED_WORDS, *TEXT_OPERATORS, *TYPES}
    | {
        "|",
        ",",
        ";",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "=",
        "==",
        "=~",
        "!in",
        "in",
        "..",
        ".",
        ":",
        "*",
        "-",
        "=>",
    }
    | {
        "let",
        "set",
        "declare",
        "view",
        "T",
        "x",
        "1",
        "2.5",
        "1d",
        "'s'",
        '"',
        "dynamic(",
        "typeof(",
        "with",
        "on",
    }
)


def outcome(text: str) -> None:
    """Nothing else is raised, and both parsers agree on whether, and where first, the text is wrong."""
    first = None
    try:
        parse(text)
    except KqlSyntaxError as error:
        first = str(error)
    _, errors = parse_recovering(text)
    assert first == (str(errors[0]) if errors else None)
    last_line = len(ast.lines_of(text))
    places = [one.place for one in errors]
    assert all(one and 1 <= one.line <= last_line and 1 <= one.column <= len(text) + 1 for one in places)


@given(st.text())
def test_any_text_parses_or_is_a_syntax_error(text: str) -> None:
    outcome(text)


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_run_of_words_parses_or_is_a_syntax_error(words: list[str]) -> None:
    outcome(" ".join(words))


@given(st.lists(st.sampled_from(WORDS), max_size=15))
def test_any_operator_parses_or_is_a_syntax_error(words: list[str]) -> None:
    outcome("T | " + " ".join(words))


@given(st.sampled_from(QUERIES), st.data())
def test_a_damaged_query_parses_or_is_a_syntax_error(query: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, min(len(query), start + 20)))
    patch = data.draw(st.one_of(st.text(max_size=5), st.sampled_from(WORDS)))
    outcome(query[:start] + patch + query[end:])


@given(st.text())
def test_tokens_cover_the_text_in_order(text: str) -> None:
    tokens = tokenize(text)
    assert tokens[-1].start == tokens[-1].end == len(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(one.end <= other.start for one, other in pairwise(tokens))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_sound_and_recovers_to_itself(query: str) -> None:
    assert parse_recovering(query) == (parse(query), [])


@pytest.mark.parametrize(
    "piece", ["| ", "(", "datetime(", '"', "a.", "T|take 1;", "union (T|", "x or ", "//x\n", "```"]
)
def test_a_long_monotonous_text_is_answered(piece: str) -> None:
    outcome("T | where x " + piece * (20_000 // len(piece)))
