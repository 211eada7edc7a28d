"""Null as Kusto has it, in the engine: a string is never null, `!=` keeps nulls, null keys match."""

from __future__ import annotations

import math

import pytest

from gatelog.testing.kql import run

NUMBERS = "datatable(x: long)[1, 2, long(null)]"


def value(expression: str) -> object:
    return run(f"print x = {expression}")[1][0][0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5 == int(null)", False),
        ("5 != int(null)", True),
        ("int(null) == int(null)", None),
        ("int(null) > 3", None),
        ("isnull('')", False),
        ("isempty('')", True),
        ("iif(bool(null), 1, 2)", 2),
        ("not(int(null) == 5)", True),
        ("int(null) in (1, 2)", False),
        ("int(null) !in (1, 2)", True),
        ("strcat('a', tostring(int(null)))", "a"),
        ("coalesce(long(null), 7)", 7),
        ("coalesce('', 'b')", "b"),
        ("1 / 0", None),
        ("isnull(parse_json(''))", True),
        ("isnull(parse_json('null'))", True),
        ("parse_json('not json')", "not json"),
        ("dynamic({'a': null}).a", None),
    ],
)
def test_expressions_over_null(expression: str, expected: object) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("predicate", "count"),
    [
        ("x != 1", 2),
        ("x == 1", 1),
        ("not(x == 1)", 2),
        ("x > 0", 2),
        ("isnull(x)", 1),
        ("x in (1)", 1),
        ("x !in (1)", 2),
    ],
)
def test_filters_keep_the_rows_that_kusto_keeps(predicate: str, count: int) -> None:
    assert run(f"{NUMBERS} | where {predicate} | count")[1] == [[count]]


def test_aggregates_pass_over_null() -> None:
    _, rows = run(
        f"{NUMBERS} | summarize sum(x), avg(x), min(x), max(x), count(), countif(isnull(x)), make_list(x)"
    )
    assert rows == [[3, 1.5, 1, 2, 3, 1, [1, 2]]]


def test_aggregates_of_nothing() -> None:
    _, rows = run(
        f"{NUMBERS} | where x > 9 "
        "| summarize sum(x), avg(x), min(x), count(), make_list(x), make_bag(bag_pack('a', x))"
    )
    assert rows[0][0] == 0
    assert math.isnan(rows[0][1])
    assert rows[0][2:] == [None, 0, [], {}]


def test_groups_of_nothing_are_none() -> None:
    assert run(f"{NUMBERS} | where x > 9 | summarize count() by x")[1] == []


def test_nulls_come_last_in_a_descending_sort_and_first_in_an_ascending_one() -> None:
    assert run(f"{NUMBERS} | sort by x")[1] == [[2], [1], [None]]
    assert run(f"{NUMBERS} | sort by x asc")[1] == [[None], [1], [2]]
    assert run(f"{NUMBERS} | sort by x asc nulls last")[1] == [[1], [2], [None]]


def test_null_keys_of_a_join_match_each_other() -> None:
    assert run(f"{NUMBERS} | join kind=inner ({NUMBERS}) on x | where isnull(x) | project x, x1")[1] == [
        [None, None]
    ]


def test_an_outer_join_fills_strings_with_empty_text_and_the_rest_with_null() -> None:
    right = "datatable(x: long, s: string, n: int)[1, 'a', 10]"
    _, rows = run(f"datatable(x: long)[1, 2] | join kind=leftouter ({right}) on x | sort by x asc")
    assert rows == [[1, 1, "a", 10], [2, None, "", None]]


def test_an_outer_join_fills_computed_columns_with_null_too() -> None:
    right = "datatable(x: long)[1] | summarize n = count() by x"
    _, rows = run(
        f"datatable(x: long)[1, 2] | join kind=leftouter ({right}) on x | sort by x asc | project n"
    )
    assert rows == [[1], [None]]
