"""Queries of great width compile with work that grows with their length, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.kql import Catalog, Column, KqlType, Table
from gatelog.store.query import SQL_BYTES_MAX

NOW = datetime(2024, 5, 1, tzinfo=UTC)
CATALOG = Catalog([Table("T", (Column("a", KqlType.LONG), Column("s", KqlType.STRING)), "t")])
SMALL = 100
GROWTH = 8


def listed(item: str, count: int) -> str:
    return ", ".join(item.replace("#", str(place)) for place in range(count))


def wide(count: int) -> str:
    return f"T | extend {listed('c# = a', count)}"


QUERIES: dict[str, Callable[[int], str]] = {
    "extend": lambda n: f"T | extend {listed('c# = a + #', n)}",
    "extend, unnamed": lambda n: f"T | extend {listed('a + #', n)}",
    "project": lambda n: f"{wide(n)} | project {listed('c#', n)}",
    "project, unnamed": lambda n: f"T | project {listed('a + #', n)}",
    "project-rename": lambda n: f"{wide(n)} | project-rename {listed('d# = c#', n)}",
    "project-keep": lambda n: f"{wide(n)} | project-keep {listed('c#', n)}",
    "project-reorder": lambda n: f"{wide(n)} | project-reorder {listed('c#', n)}",
    "summarize": lambda n: f"T | summarize {listed('sum(a + #)', n)}",
    "distinct": lambda n: f"T | distinct {listed('a + #', n)}",
    "or": lambda n: f"T | where {listed('a + # == 3', n).replace(',', ' or')}",
    "in": lambda n: f"T | where a in ({listed('#', n)})",
    "union": lambda n: f"union {listed('T', n // 10)}",
    "let": lambda n: "".join(f"let v{place} = {place};" for place in range(n)) + "T",
    "datatable": lambda n: f"datatable(a: long)[{listed('#', n)}]",
}


def steps(text: str) -> int:
    """Calls of functions, and of generators for an item: what compiling costs, on any machine."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        kql.compile(text, CATALOG, now=NOW)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_work_grows_with_the_length(query: Callable[[int], str]) -> None:
    """Eight times the length: about eight times the work, where its square would be 64."""
    assert steps(query(GROWTH * SMALL)) < 1.5 * GROWTH * steps(query(SMALL))


def test_a_row_of_nearly_as_many_columns_as_there_may_be() -> None:
    compiled = kql.compile(f"T | extend {listed('c# = a', 19_900)} | project c7, c19899", CATALOG, now=NOW)
    assert [column.name for column in compiled.columns] == ["c7", "c19899"]


def test_a_column_that_is_computed_again_stays_in_its_place() -> None:
    compiled = kql.compile("T | extend b = a, a = s", CATALOG, now=NOW)
    assert [(column.name, column.type) for column in compiled.columns] == [
        ("a", KqlType.STRING),
        ("s", KqlType.STRING),
        ("b", KqlType.LONG),
    ]


def test_columns_can_change_names_with_each_other() -> None:
    compiled = kql.compile("T | project-rename a = s, s = a", CATALOG, now=NOW)
    assert [(column.name, column.type) for column in compiled.columns] == [
        ("s", KqlType.LONG),
        ("a", KqlType.STRING),
    ]


def test_unnamed_columns_pass_over_names_that_are_taken() -> None:
    compiled = kql.compile("T | project Column2 = a, a + 1, a + 2", CATALOG, now=NOW)
    assert [column.name for column in compiled.columns] == ["Column2", "Column1", "Column3"]


def test_xml_that_every_branch_of_a_union_reads_is_no_more_than_the_engine_does() -> None:
    branches = ", ".join(f"(XML | where a == {place} | project x = e.Data[{place}])" for place in range(70))
    text = f"let XML = T | extend e = parse_xml(s); union {branches}"
    assert len(kql.compile(text, CATALOG, now=NOW).sql) < SQL_BYTES_MAX


def test_branches_of_a_union_say_little_of_columns_that_they_do_not_have() -> None:
    branches = ", ".join(f"(T | project column{place} = a)" for place in range(100))
    assert len(kql.compile(f"union {branches}", CATALOG, now=NOW).sql) < SQL_BYTES_MAX
