"""What all nodes of the syntax tree have in common."""

from __future__ import annotations

import pytest

from gatelog.kql import ast
from gatelog.kql.parser import parse

HERE, THERE = ast.Span(0, 1), ast.Span(5, 6)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("T | where a == 1 | extend b = f(*)", "T\n|  where a==1\n|  extend b=f( * )"),
        ("T | where x = a > 1", "T | where longer = a > 1"),
        ("print -1.5, 'a', dynamic({'b': [1]})", "print  - 1.5,  'a',  dynamic({ 'b': [1] })"),
    ],
)
def test_nodes_are_equal_wherever_they_stand(text: str, other: str) -> None:
    assert parse(text) == parse(other)
    assert not parse(text) != parse(other)  # noqa: SIM202 - asked on its own


def test_nodes_differ_in_what_they_say_and_in_what_they_are() -> None:
    name = ast.Name(HERE, "a")
    for other in (ast.Name(HERE, "b"), ast.WildcardName(HERE, "a"), "a", None):
        assert name != other
        assert not name == other  # noqa: SIM201 - asked on its own


def test_equal_nodes_are_one_in_a_set() -> None:
    nodes = {ast.Name(HERE, "a"), ast.Name(THERE, "a"), ast.WildcardName(HERE, "a"), ast.Star(HERE)}
    assert nodes == {ast.Name(THERE, "a"), ast.WildcardName(THERE, "a"), ast.Star(THERE)}


def test_a_node_cannot_be_changed() -> None:
    name = ast.Name(HERE, "a")
    with pytest.raises(AttributeError):
        name.value = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        HERE.start = 1  # type: ignore[misc]
