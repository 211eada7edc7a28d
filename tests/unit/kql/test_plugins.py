"""Plugins of evaluate against programs that try everything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError, KqlUnsupportedError
from gatelog.kql import Catalog, Column, KqlType, Table, documentation
from gatelog.kql.stages.evaluate import PLUGINS, REFUSED_PLUGINS
from gatelog.testing.kql import run

few = settings(max_examples=25, deadline=None, derandomize=True)
fewer = settings(few, max_examples=8)

Row = tuple[str, ...]


def shares(rows: Sequence[Row], least: float, most: int) -> dict[tuple[tuple[int, str], ...], int]:
    """The closed patterns with their counts: from the sets of items that up to `most` of them determine."""
    found = {}
    items = [frozenset(enumerate(row)) for row in rows]
    for pattern in {
        frozenset(some) for row in items for size in range(1, most + 1) for some in combinations(row, size)
    }:
        holders = [row for row in items if pattern <= row]
        if len(holders) / len(rows) >= least:
            found[tuple(sorted(frozenset.intersection(*holders)))] = len(holders)
    return found


@few
@given(
    rows=st.lists(st.tuples(*[st.sampled_from("xyz")] * 4), min_size=1, max_size=12),
    least=st.sampled_from([0.05, 0.25, 0.5, 1]),
    most=st.integers(1, 4),
)
def test_basket_finds_every_frequent_pattern_with_all_that_its_rows_share(
    rows: list[Row], least: float, most: int
) -> None:
    cells = ", ".join(f'"{cell}"' for row in rows for cell in row)
    table = f"datatable(a: string, b: string, c: string, d: string)[{cells}]"
    _, answer = run(f"{table} | evaluate basket({least}, '~', {most})")
    found = {tuple((place, cell) for place, cell in enumerate(row[3:]) if cell): row[1] for row in answer}
    assert found == shares(rows, least, most)
    assert [row[0] for row in answer] == list(range(len(answer)))
    assert [row[1] for row in answer] == sorted((row[1] for row in answer), reverse=True)
    assert all(row[2] == pytest.approx(100 * row[1] / len(rows)) for row in answer)


def sequences(
    events: Iterable[tuple[int, str, str]], step: int, span: int
) -> Iterator[tuple[str, int, int, int]]:
    """Every a, b, c of one place, each later than the one before by `step` at most, within `span`."""
    known = sorted(set(events))
    for first, what, place in known:
        for second in (at for at, other, where in known if (other, where) == ("b", place)):
            for third in (at for at, other, where in known if (other, where) == ("c", place)):
                steps = (second - first, third - second)
                if what == "a" and all(0 < one <= step for one in steps) and sum(steps) <= span:
                    yield place, first, second, third


@few
@given(
    events=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from("abc"), st.sampled_from("pq")), min_size=1, max_size=14
    ),
    step=st.integers(1, 6),
    span=st.integers(1, 10),
)
def test_sequence_detect_finds_every_combination_once(
    events: list[tuple[int, str, str]], step: int, span: int
) -> None:
    rows = ", ".join(f'datetime(2020-01-01 {at:02}:00), "{what}", "{place}"' for at, what, place in events)
    _, answer = run(
        f"datatable(t: datetime, k: string, p: string)[{rows}]"
        f" | evaluate sequence_detect(t, {step}h, {span}h, a = k == 'a', b = k == 'b', c = k == 'c', p)"
    )
    start = datetime(2020, 1, 1, tzinfo=UTC)
    hours = [(row[0], *((at - start).total_seconds() // 3600 for at in row[1:4])) for row in answer]
    assert sorted(hours) == sorted(sequences(events, step, span))
    assert all(row[4] == row[3] - row[1] for row in answer)


@pytest.mark.parametrize("name", sorted(REFUSED_PLUGINS))
def test_a_documented_plugin_that_is_not_built_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(KqlUnsupportedError, match=f"1:15: the plugin {name} is not supported") as caught:
        run(f"print a = 1 | evaluate {name}(a)")
    assert REFUSED_PLUGINS[name] in caught.value.hint


def test_every_plugin_is_documented_and_none_is_both_built_and_refused() -> None:
    assert set(documentation.PLUGINS) == set(PLUGINS)
    assert not REFUSED_PLUGINS.keys() & PLUGINS.keys()


def test_plugins_behind_each_other_that_would_read_the_input_a_million_times_are_refused() -> None:
    steps = ", ".join("x = u == 'a'" for _ in range(10))
    detect = f" | evaluate sequence_detect(t, 1d, 2d, {steps}, u) | project t = x_t, u"
    with pytest.raises(KqlSemanticError, match="reads too long a query too often"):
        run("datatable(t: datetime, u: string)[]" + 6 * detect)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("sliding_window_counts(u, t, ago(1d), now(), days, 1s)", "LookbackWindow must be at most"),
        ("activity_engagement(u, t, ago(1d), now(), 1s, days)", "OuterActivityWindow must be at most"),
    ],
)
def test_more_windows_than_are_counted_are_refused_where_the_query_runs(call: str, words: str) -> None:
    rows = "datatable(t: datetime, u: string)[datetime(2020-01-01), 'a']"
    with pytest.raises(DatabaseError, match=words):
        run(f"let days = 7d + rand(1) * 1s; {rows} | evaluate {call}")


CATALOG = Catalog(
    [
        Table(
            "Logs",
            (Column("At", KqlType.DATETIME), Column("Code", KqlType.LONG)),
            "t.logs",
            protected=(Column("Body", KqlType.STRING),),
        )
    ]
)


def test_patterns_are_not_sought_in_columns_that_the_asker_may_not_read() -> None:
    compiled = kql.compile("Logs | evaluate basket()", CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert "Body" not in compiled.sql


@pytest.mark.parametrize(
    "plugin",
    [
        "sequence_detect(At, 1d, 1d, one = Body has 'x')",
        "sequence_detect(At, 1d, 1d, one = Code == 1, Body)",
        "basket('~', Body)",
        "session_count(Body, At, datetime(2024-01-01), datetime(2024-01-02), 1d, 1h)",
        "activity_engagement(Code, At, datetime(2024-01-01), datetime(2024-01-02), 1h, 1d, Body)",
        "funnel_sequence(Code, At, ago(1d), now(), 1d, 1d, Body, dynamic(['x']))",
        "funnel_sequence_completion(Code, At, ago(1d), now(), 1d, Body, dynamic(['x']), dynamic([1h]))",
    ],
)
def test_a_plugin_does_not_read_them_either(plugin: str) -> None:
    with pytest.raises(KqlError, match="Body"):
        kql.compile(f"Logs | evaluate {plugin}", CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))


def gaps(pattern: str) -> str:
    """A regular expression for the texts that a pattern of reduce stands for."""
    return ".*".join(map(re.escape, pattern.split("*")))


@fewer
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["a", "b", "cc", "7", "x9"]), max_size=4).map(" ".join),
        min_size=1,
        max_size=12,
    ),
    least=st.sampled_from([0, 0.1, 0.3, 1]),
)
def test_reduce_puts_each_text_under_one_pattern_that_it_has_and_that_enough_have(
    texts: list[str], least: float
) -> None:
    cells = ", ".join(f'"{text}"' for text in texts)
    table = f"datatable(text: string)[{cells}]"
    _, answer = run(f"{table} | reduce by text with threshold = {least}")
    _, rows = run(f"{table} | reduce kind=source by text with threshold = {least}")
    assert sorted(text for text, _ in rows) == sorted(texts)
    assert {row[0]: row[1] for row in answer} == Counter(pattern for _, pattern in rows)
    for pattern, count, representative in answer:
        if pattern != "others":
            assert count >= max(2, least * len(texts))
            assert representative == min(text for text, found in rows if found == pattern)
            assert all(re.fullmatch(gaps(pattern), text) for text, found in rows if found == pattern)
    for word in ("a", "b", "cc", "x9"):
        if sum(text == word for text in texts) >= max(2, least * len(texts)):
            assert word in {row[0] for row in answer}


@fewer
@given(
    rows=st.lists(st.tuples(st.sampled_from("AB"), *[st.sampled_from("xyz")] * 3), min_size=2, max_size=14)
)
def test_diffpatterns_counts_what_it_finds_and_misses_no_greatest_difference(rows: list[Row]) -> None:
    cells = ", ".join(f'"{cell}"' for row in rows for cell in row)
    table = f"datatable(s: string, a: string, b: string, c: string)[{cells}]"
    _, answer = run(f"{table} | evaluate diffpatterns(s, 'A', 'B')")
    sides = {side: [row[1:] for row in rows if row[0] == side] for side in "AB"}

    def count(side: str, pattern: Row) -> int:
        return sum(
            all(one in ("", cell) for one, cell in zip(pattern, row, strict=True)) for row in sides[side]
        )

    def difference(pattern: Row) -> float:
        parts = [count(side, pattern) / len(sides[side]) if sides[side] else 0 for side in "AB"]
        return abs(parts[0] - parts[1])

    for segment, count_a, count_b, _, _, differs, *pattern in answer:
        assert (count_a, count_b) == (count("A", tuple(pattern)), count("B", tuple(pattern)))
        assert differs == pytest.approx(100 * difference(tuple(pattern)))
        assert segment == [row[6:] for row in answer].index(pattern)
    patterns = {
        tuple(cell if place in some else "" for place, cell in enumerate(row[1:]))
        for row in rows
        for size in range(1, 4)
        for some in combinations(range(3), size)
    }
    greatest = max(map(difference, patterns))
    found = [row[5] for row in answer]
    assert found == sorted(found, reverse=True)
    assert (max(found, default=0) == pytest.approx(100 * greatest)) or greatest < 0.05


@fewer
@given(rows=st.lists(st.tuples(*[st.sampled_from("xyz")] * 3), min_size=1, max_size=14))
def test_autocluster_counts_patterns_of_which_none_says_more_than_another(rows: list[Row]) -> None:
    cells = ", ".join(f'"{cell}"' for row in rows for cell in row)
    _, answer = run(f"datatable(a: string, b: string, c: string)[{cells}] | evaluate autocluster()")
    closed_patterns = shares(rows, 0.05, 3)
    found = [frozenset((place, cell) for place, cell in enumerate(row[3:]) if cell) for row in answer]
    assert found
    for pattern, row in zip(found, answer, strict=True):
        assert row[1] == closed_patterns[tuple(sorted(pattern))]
        assert row[2] == pytest.approx(100 * row[1] / len(rows))
    assert not any(one < other for one in found for other in found)


def test_a_cause_is_found_among_rows_that_are_all_different() -> None:
    """With more different rows than are searched, and columns of noise: the counts are those of all rows."""
    _, answer = run(
        "range x from 1 to 20000 step 1"
        " | project side = iff(x % 3 == 0 and x % 4 == 0, 'bad', 'good'), model = x % 3, region = x % 4,"
        "   id = tostring(x), noise = x * 7919 % 5, more = x * 104729 % 7"
        " | evaluate diffpatterns(side, 'bad', 'good')"
    )
    assert answer[0] == [0, 1666, 0, 100.0, 0.0, 100.0, 0, 0, "", None, None]


@pytest.mark.parametrize(
    "query",
    [
        "Logs | reduce by Body",
        "Logs | evaluate diffpatterns(Body, 'a', 'b')",
        "Logs | evaluate autocluster(0.5, Body)",
    ],
)
def test_patterns_of_texts_that_the_asker_may_not_read_are_refused(query: str) -> None:
    with pytest.raises(KqlError, match="Body"):
        kql.compile(query, CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("plugin", ["diffpatterns(Code, 'a', 'b')", "autocluster()"])
def test_nor_are_they_sought_in_such_columns(plugin: str) -> None:
    compiled = kql.compile(f"Logs | evaluate {plugin}", CATALOG, now=datetime(2024, 1, 1, tzinfo=UTC))
    assert "Body" not in compiled.sql


def test_a_thousand_columns_are_refused_before_the_engine_is_asked() -> None:
    columns = ", ".join(f"c{number} = x" for number in range(1_001))
    with pytest.raises(KqlSemanticError, match="seeks patterns in 1 to 1000 columns, here are 1001"):
        run(f"range x from 1 to 2 step 1 | project {columns} | evaluate autocluster()")
    few_hundred = ", ".join(f"c{number} = x" for number in range(900))
    with pytest.raises(KqlSemanticError, match="characters of SQL"):
        run(f"range x from 1 to 2 step 1 | project {few_hundred} | evaluate autocluster()")
