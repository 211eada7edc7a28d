"""A parser that never gives up: what it keeps and what it reports."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatelog.kql import ast
from gatelog.kql.parser import parse, parse_recovering
from gatelog.kql.parser.pipelines import MAX_ERRORS

Shape = Callable[[ast.Node], str]


@pytest.mark.parametrize(
    ("text", "kept", "places"),
    [
        ("T | whre a | take 1", ["T | Take(1)"], [(1, 5)]),
        ("T | where a == \n| take 1", ["T | Take(1)"], [(2, 1)]),
        ("T | where (a | count", ["T"], [(1, 21)]),
        ("T | extend a = f(b, ) | take 1", ["T | Take(1)"], [(1, 21)]),
        ("T | mv-expand a to typeof(strng) | count", ["T | Count()"], [(1, 27)]),
        ("T | where a ==; U | take 1", ["T", "U | Take(1)"], [(1, 15)]),
        (
            "T | join (U | whre b | take 1) on a | count",
            ["T | Join(innerunique, U | Take(1), [a]) | Count()"],
            [(1, 15)],
        ),
        ("T | take 1) ; U", ["T | Take(1)", "U"], [(1, 11)]),
        ("let f = () { T | tke 1 }; U", ["Let(f, Function([], [QueryStatement(T)]))", "U"], [(1, 18)]),
        ("let = 1; T | x | y", ["T"], [(1, 5), (1, 14), (1, 18)]),
        ("", [], [(1, 1)]),
    ],
)
def test_what_is_sound_around_an_error_is_kept(
    shape: Shape, text: str, kept: list[str], places: list[tuple[int, int]]
) -> None:
    query, errors = parse_recovering(text)
    assert [shape(getattr(one, "pipeline", one)) for one in query.statements] == kept
    assert [error.place for error in errors] == places


def test_a_sound_query_recovers_to_itself() -> None:
    text = "let a = T | where b == 1; a | summarize count() by c"
    assert parse_recovering(text) == (parse(text), [])


def test_errors_are_reported_up_to_a_limit() -> None:
    _, errors = parse_recovering("T" + " | x" * 10 * MAX_ERRORS)
    assert len(errors) == MAX_ERRORS
