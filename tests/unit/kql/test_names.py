"""The names of columns that their author did not name."""

from __future__ import annotations

import pytest

from gatelog.testing.kql import run

ROW = (
    "datatable(a: long, b: real, s: string, d: dynamic, t: datetime)"
    "[1, 2.5, 'x', dynamic({'k': [1]}), datetime(2024-01-01)]"
)


def names(stage: str) -> list[str]:
    return run(f"{ROW} | {stage}")[0]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("project a, a + 1, b * 2", ["a", "Column1", "Column2"]),
        ("project tostring(a), strlen(s), tolower(s)", ["a", "strlen_s", "Column1"]),
        ("project bin(t, 1h), d.k, d['k'], d.k[0]", ["t", "d_k", "d_k1", "d_k_0"]),
        ("summarize count(), sum(a), avg(b) by s", ["s", "count_", "sum_a", "avg_b"]),
        ("summarize sum(a + 1), max(tolong(b)), countif(a > 1)", ["sum_", "max_b", "countif_"]),
        ("summarize make_list(a), make_set(s), dcount(s)", ["list_a", "set_s", "dcount_s"]),
        (
            "summarize percentile(a, 95), percentiles(b, 5, 99.9)",
            ["percentile_a_95", "percentile_b_5", "percentile_b_99_9"],
        ),
        ("summarize arg_max(a, b), arg_min(a, b)", ["a", "b", "a1", "b1"]),
        ("summarize arg_max(t, *) by s", ["s", "t", "a", "b", "d"]),
        ("summarize n = count() by hour = bin(t, 1h)", ["hour", "n"]),
        ("summarize take_any(s), any(a)", ["s", "any_a"]),
        ("count", ["Count"]),
        ("extend a = 2, c = 3 | project-away b, s, d, t", ["a", "c"]),
        ("project-rename z = a | project-keep z, s", ["z", "s"]),
        ("project-reorder t, b | project-away s, d", ["t", "b", "a"]),
    ],
)
def test_a_stage_names_its_columns_as_kusto_does(stage: str, expected: list[str]) -> None:
    assert names(stage) == expected


def test_print_counts_its_columns() -> None:
    assert run("print 1, x = 2, 'a'")[0] == ["print_0", "x", "print_2"]


def test_a_join_numbers_the_clashing_columns_of_the_right_side() -> None:
    assert run("print k = 1, v = 2 | join (print k = 1, v = 3) on k")[0] == ["k", "v", "k1", "v1"]


def test_a_lookup_does_not_repeat_its_key() -> None:
    assert run("print k = 1, v = 2 | lookup (print k = 1, v = 3) on k")[0] == ["k", "v", "v1"]


def test_a_union_splits_columns_of_unequal_types() -> None:
    assert run("union (print x = 1), (print x = 'a')")[0] == ["x_long", "x_string"]
