"""Classes of characters, held against sets of characters."""

from __future__ import annotations

import contextlib
import re
import time
import unicodedata
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.regex import code_points
from gatelog.kql.regex.syntax import read_regex
from gatelog.testing.kql import engine

ALPHABET = "abcdef]-^& é9"
Known: TypeAlias = tuple[str, frozenset[str]]
"""What stands within brackets, and the characters of ALPHABET that it means."""

ITEMS = st.sampled_from(
    [
        ("a", frozenset("a")),
        ("b-e", frozenset("bcde")),
        (r"\]", frozenset("]")),
        (r"\-", frozenset("-")),
        ("é", frozenset("é")),
        (r"\d", frozenset("9")),
        (r"\w", frozenset("abcdefé9")),
        (r"\W", frozenset("]-^& ")),
        ("[:^ascii:]", frozenset("é")),
        (r"\p{Lowercase_Letter}", frozenset("abcdefé")),
    ]
)


def _union(parts: list[Known]) -> Known:
    return "".join(text for text, _ in parts), frozenset().union(*(points for _, points in parts))


def _inner(known: Known) -> Known:
    return f"[{known[0]}]", known[1]


def _opposite(known: Known) -> Known:
    return f"[^{known[0]}]", frozenset(ALPHABET) - known[1]


def _combined(parts: tuple[Known, str, Known]) -> Known:
    (left, ours), operation, (right, theirs) = parts
    found = {"&&": ours & theirs, "--": ours - theirs, "~~": ours ^ theirs}[operation]
    return f"[{left}{operation}{right}]", found


UNIONS = st.lists(ITEMS, min_size=1, max_size=3).map(_union)
CLASSES = st.recursive(
    UNIONS.map(_inner),
    lambda inner: st.one_of(
        inner.map(_opposite),
        st.lists(inner, min_size=1, max_size=2).map(_union).map(_inner),
        st.tuples(inner, st.sampled_from(["&&", "--", "~~"]), inner).map(_combined),
    ),
    max_leaves=4,
)


@given(CLASSES)
@example(("[a&&é]", frozenset()))
@settings(max_examples=60, deadline=None)
def test_a_class_has_the_characters_that_its_sets_have(known: Known) -> None:
    text, expected = known
    pattern = f"^{read_regex(text).text}$"
    rows = engine().query(
        "SELECT arrayFilter(c -> match(c, {pattern:String}), {chars:Array(String)})",
        parameters={"pattern": pattern, "chars": list(ALPHABET)},
    )
    assert set(rows.result_rows[0][0]) == expected


BODIES = st.lists(
    st.sampled_from(
        [
            "é",
            "a",
            "-",
            "1",
            " ",
            r"\w+",
            r"\w",
            "(é|a)",
            "(?:éa|a-)",
            "[aéя]+",
            "(a)?",
            "я*",
            "(éa?)+",
            r"\d",
        ]
    ),
    min_size=1,
    max_size=4,
).map("".join)
BORDERED = st.tuples(
    st.sampled_from(["", r"\b", r"(?i)\b", r"(\b"]), BODIES, st.sampled_from(["", r"\b"])
).map(lambda parts: "".join(parts) + (")" if parts[0].startswith("(\\") else ""))


@given(BORDERED, st.lists(st.text("éaя1- ", max_size=8), min_size=3, max_size=6))
@example(r"\bé\b", ["aé é", "é", "éa é-", "éé"])
@settings(max_examples=80, deadline=None)
def test_the_first_match_between_borders_is_that_of_unicode(pattern: str, texts: list[str]) -> None:
    """Python's own expressions know words of all scripts, too."""
    around = read_regex(pattern).around
    if r"\b" in around:
        return
    rows = engine().query(
        "SELECT arrayMap(t -> extractGroups(t, {pattern:String})[1], {texts:Array(String)})",
        parameters={"pattern": around, "texts": texts},
    )
    expected = [found[0] if (found := re.search(pattern, text)) else "" for text in texts]
    assert rows.result_rows[0][0] == expected


@given(BORDERED, st.text("éaя1- ", max_size=12))
@example(r"\b(\w+)\b", "éa я-aя")
@example("éя*", "é")
@example("aéя?1", "aé1")
@example("aé{0,3}", "a")
@example("aé{0}?1", "a1")
@example("a[é]?", "a")
@example("aя1é*?-", "aя1-")
@settings(max_examples=80, deadline=None)
def test_all_matches_are_those_of_unicode_where_no_border_is_left(pattern: str, text: str) -> None:
    read = read_regex(pattern)
    if r"\b" in read.text or re.search(pattern, ""):
        return
    rows = engine().query(
        "SELECT extractAll({text:String}, {pattern:String})",
        parameters={"pattern": f"({read.text})", "text": text},
    )
    assert rows.result_rows[0][0] == [found[0] for found in re.finditer(pattern, text)]


POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=5).map(
    lambda ranges: code_points.union(((low, low + size),) for low, size in ranges)
)


def _members(points: code_points.Points) -> set[int]:
    return {point for low, high in points for point in range(low, min(high, 60) + 1)}


@given(POINTS, POINTS)
def test_ranges_are_sets(left: code_points.Points, right: code_points.Points) -> None:
    ours, theirs = _members(left), _members(right)
    assert _members(code_points.union([left, right])) == ours | theirs
    assert _members(code_points.intersection(left, right)) == ours & theirs
    assert _members(code_points.difference(left, right)) == ours - theirs
    assert _members(code_points.symmetric_difference(left, right)) == ours ^ theirs
    assert code_points.complement(code_points.complement(left)) == left


def test_letters_and_digits_of_all_scripts_are_characters_of_words() -> None:
    missing = [
        hex(point)
        for category in ("L", "Nd", "Nl", "Pc")
        for points in [code_points.difference(code_points.of_category(category), code_points.WORD)]
        for point, _ in points
    ]
    assert missing == []


def test_what_is_between_words_of_common_scripts_is_in_none() -> None:
    """Exact below U+0700: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic; elsewhere what ends sentences."""
    others = [chr(point) for point in range(0x700) if unicodedata.category(chr(point))[0] in "ZPS"]
    others += "\u1680\u2003、。「」・！？：।॥།။។\U0001f600"
    wrong = [char for char in others if char not in "_\u203f" and _is_in(ord(char), code_points.WORD)]
    assert wrong == []


def _is_in(point: int, points: code_points.Points) -> bool:
    return any(low <= point <= high for low, high in points)


def test_patterns_as_long_as_queries_are_not_remembered() -> None:
    assert read_regex("b" * 1_000) is read_regex("b" * 1_000)
    assert read_regex("b" * 1_001) is not read_regex("b" * 1_001)


def test_a_repetition_is_counted_in_digits_from_0_to_9() -> None:
    assert read_regex("a{९९९९}").text == "a{९९९९}"
    with pytest.raises(Unsupported, match="repeats up to"):
        read_regex("a{9999}")


@pytest.mark.parametrize(
    "pattern",
    [
        "[" * 40 + "a",
        r"a\>" * 2_000,
        "(" * 2_000 + r"\bé" + ")" * 2_000,
        "a" + "+" * 20_000,
    ],
)
def test_no_pattern_takes_long_to_read(pattern: str) -> None:
    """Where each bracket makes the rest be read again it takes minutes."""
    before = time.process_time()
    with contextlib.suppress(Misfit):
        read_regex(pattern)
    assert time.process_time() - before < 3
