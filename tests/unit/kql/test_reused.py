"""Tables with a name, used more than once: bound once, and the same as if they were written at each use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlError, KqlSemanticError
from gatelog.kql import Catalog, relations
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.context import MOST_STAGES, Context
from gatelog.kql.queries import renaming
from gatelog.kql.stages import Graph
from gatelog.testing.kql import run

NOW = datetime(2026, 1, 1, tzinfo=UTC)

ROWS = "datatable(k: long, s: string, d: dynamic)[1, 'a', dynamic([3, 1]), 2, 'b', dynamic([2])]"

TABLES = [
    ROWS,
    "print k = 1, s = 'a'",
    "range k from 1 to 3 step 1 | where k != 2",
    f"{ROWS} | extend n = k * 2, s = strcat(s, '!') | project-away d",
    f"{ROWS} | sort by k desc | serialize row = row_number() | project k, row, before = prev(s)",
    f"{ROWS} | top 1 by k | project k",
    f"{ROWS} | mv-expand d to typeof(long) | summarize n = count(), most = max(d), top = arg_max(k, *) by s",
    f"{ROWS} | join kind=leftouter (print k = 2, t = 'x') on k",
    f"{ROWS} | lookup (print k = 1, t = 'y') on k | sort by k asc",
    f"union ({ROWS} | project k), (print k = 7)",
    f"{ROWS} | as First | union (First | extend k = k + 10)",
    f"{ROWS} | mv-apply d to typeof(long) on (summarize total = sum(d)) | where k in (({ROWS} | project k))",
    f"{ROWS} | partition by s (top 1 by k)",
    f"{ROWS} | make-series n = count() on k from 1 to 3 step 1",
    f"{ROWS} | where k == toscalar({ROWS} | summarize max(k))",
    f"{ROWS} | summarize n = count() by s, k | where n > 0 | top-nested 1 of s by sum(n)",
]


@pytest.mark.parametrize("table", TABLES)
def test_a_second_use_has_the_same_rows(table: str) -> None:
    once = run(table, now=NOW)
    twice = run(f"let T = {table}; T | where 1 == 2 | union T", now=NOW)
    assert twice[0] == once[0]
    assert sorted(map(str, twice[1])) == sorted(map(str, once[1]))


@pytest.mark.parametrize("table", TABLES)
def test_both_uses_stand_side_by_side(table: str) -> None:
    count = len(run(table, now=NOW)[1])
    joined = "T | extend one = 1 | join kind=inner (T | extend one = 1) on one | count"
    assert run(f"let T = {table}; {joined}", now=NOW)[1] == [[count * count]]


def test_each_use_has_columns_of_its_own() -> None:
    joined = "T | join kind=inner (T | where b > 1) on a | project a, b, b1"
    text = f"let T = print a = 1 | extend b = a + 1; {joined}"
    made = re.findall(r' AS "(\w+)"', kql.compile(text, Catalog(), now=NOW).sql)
    computed = [name for name in made if name.startswith("b")]
    assert len(computed) == len(set(computed)) == 2


def test_what_its_columns_depend_on_is_asked_once() -> None:
    asked: list[str] = []

    def ask(select: str) -> Iterator[Sequence[object]]:
        asked.append(select)
        return iter([("x",)])

    text = (
        "let T = datatable(a: string, n: long)['x', 1] | evaluate pivot(a, sum(n)); union T, T, (T | take 1)"
    )
    kql.compile(text, Catalog(), now=NOW, ask=ask)
    assert len(asked) == 1


def test_what_is_drawn_is_drawn_at_each_use() -> None:
    text = (
        "let T = range n from 1 to 50 step 1 | extend r = rand(); T | join kind=inner T on n | where r != r1"
    )
    assert len(run(f"{text} | count", now=NOW)[1]) == 1
    assert run(f"{text} | count", now=NOW)[1][0][0] > 0


def test_what_statements_change_between_its_uses_holds_for_the_later_ones() -> None:
    text = "let T = print year = getyear(now()); T; set query_now = datetime(2001-02-03); T"
    first, second = (one.sql for one in kql.compile_batch(text, Catalog(), now=NOW))
    assert ("2026" in first, "2001" in second) == (True, True)
    assert "2026" not in second


def test_how_it_is_drawn_is_said_at_each_use() -> None:
    first, second = kql.compile_batch("let T = print x = 1 | render card; T; T", Catalog(), now=NOW)
    assert first.render is not None
    assert second.render == first.render


def test_its_stages_count_at_each_use_and_the_name_is_at_fault() -> None:
    many = ", ".join(["(print a = 1)"] * (MOST_STAGES // 2 - 10))
    text = f"let T = union {many}; union T, T, (T | take 1)"
    kql.compile(text.replace(", (T | take 1)", ""), Catalog(), now=NOW)
    with pytest.raises(KqlSemanticError, match=f"more than {MOST_STAGES} stages") as refused:
        kql.compile(text, Catalog(), now=NOW)
    assert refused.value.place is not None
    assert text[refused.value.place.column - 1 :] == "T | take 1)"


def test_what_it_searches_counts_at_each_use() -> None:
    columns = ", ".join(f"c{n} = ''" for n in range(800))
    text = f"let T = print {columns} | where * has 'word';"
    kql.compile(f"{text} union T, T", Catalog(), now=NOW)
    with pytest.raises(KqlError, match="looks for words in more than"):
        kql.compile(f"{text} union T, T, T, T, T, T, T", Catalog(), now=NOW)


def test_every_relation_can_be_called_anew_but_what_is_kept() -> None:
    known = {kind for kind in vars(relations).values() if isinstance(kind, type)}
    whole = {kind for kind in known if issubclass(kind, relations.Relation)}
    assert whole - renaming._RULES.keys() == {relations.Relation, relations.Stage, relations.Kept}


def test_what_is_kept_has_one_name() -> None:
    kept = relations.Kept((), relations.Single(()), "row")
    below = relations.Limit((), kept, sql.literal(1))
    joined = relations.Join((), relations.Single(()), below, "INNER", ())
    assert not renaming.is_renamable(joined)
    assert not renaming.is_renamable(Graph.__new__(Graph))
    assert renaming.is_renamable(relations.Single(()))


def test_what_two_parts_share_is_renamed_once() -> None:
    context = Context("", Catalog(), 0, use_paths=True)
    made = context.field("n", kql.KqlType.LONG)
    rows = relations.Counted((made,), sql.literal(1))
    both = relations.Union((made,), (relations.Branch(rows, ()), relations.Branch(rows, ())))
    again = renaming.renamed(both, context)
    assert isinstance(again, relations.Union)
    assert again.branches[0].input is again.branches[1].input
    assert again.branches[0].input.fields[0].sql_name != made.sql_name
