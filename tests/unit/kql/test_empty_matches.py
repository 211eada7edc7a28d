"""Patterns that may match nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog.kql.regex.empty_matches import may_match_nothing
from gatelog.testing.kql import engine

EMPTY = [
    "",
    "a*",
    "a?",
    "a|",
    "(a|b*)",
    "(?i)",
    "^$",
    r"\b",
    "[a-z]*",
    "a{0,2}",
    r"\d*?",
    "(a)?",
    "[[:alpha:]]*",
    "((a*))",
    r"\pL*",
    r"\x41?",
    r"\x{41}*",
    r"\101*",
    r"(\Q\E)+",
    "a(?i)*",
]
SOME = [
    "a",
    "a+",
    "a?b",
    "(a|b)",
    "(a|b*)c",
    "(?i)a",
    "(?P<n>a)",
    r"\bx",
    "[]]",
    "[^]a]+",
    "a{2}",
    "(a){0}b",
    r"\Qab\E",
    r"\pL",
    r"\x41+",
    "(?i)(?s)a",
    ".",
]


@pytest.mark.parametrize("pattern", EMPTY)
def test_a_pattern_that_may_match_nothing_is_known(pattern: str) -> None:
    assert may_match_nothing(pattern)


@pytest.mark.parametrize("pattern", SOME)
def test_a_pattern_that_takes_a_character_is_known(pattern: str) -> None:
    assert not may_match_nothing(pattern)


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", r"\d", "^", "$", r"\b", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{0,1}", "{2}"])).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)


@given(PATTERNS)
@example("(a|){2}")
@settings(max_examples=60, deadline=None)
def test_what_is_said_to_take_a_character_is_found_in_no_empty_text(pattern: str) -> None:
    """The other way round an order of borders may be impossible: `$a` is said to take a character."""
    found = engine().query("SELECT match('', {pattern:String})", parameters={"pattern": pattern}).result_rows
    if found[0][0]:
        assert may_match_nothing(pattern)
