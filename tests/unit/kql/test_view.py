"""Statements say what a SQL view selects: the columns in need, the rows that can be wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, Choice, Column, KqlType, Latest, StoredOrder, Table, View
from gatelog.kql.lowering.block import LATEST_ROWS_MAX
from gatelog.testing.kql import engine

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ANIMALS = ("Cat", "Dog", "Kea")


def rows_of(animals: Sequence[str]) -> str:
    listed = ", ".join(f"('{animal}', {len(animal)}, {place})" for place, animal in enumerate(animals))
    return f"values('species String, legs Int64, status Int64', {listed or NOTHING})"


NOTHING = "('none', 0, 0)"
VIEW = View(
    columns={
        "Kind": "species",
        "Legs": "CAST(legs + 1 AS Int64)",
        "Status": "status",
        "Shout": "concat(upper(species), '!')",
    },
    rows=rows_of(ANIMALS),
    condition="status < 9 OR legs > 9",
    choice=Choice("Kind", ANIMALS, rows_of),
    stored=StoredOrder("Legs", "intDiv(legs, 2)", frozenset({"Shout"})),
)
ZOO = Table(
    "Zoo",
    (
        Column("Kind", KqlType.STRING),
        Column("Legs", KqlType.LONG),
        Column("Status", KqlType.LONG),
        Column("Shout", KqlType.STRING),
    ),
    "zoo",
    not_null=frozenset({"Legs", "Status"}),
    view=VIEW,
)


def sql_of(query: str) -> str:
    return kql.compile(query, Catalog([ZOO]), now=NOW).sql


def answered(query: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in engine().query(sql_of(query)).result_rows)


def test_of_the_view_only_the_columns_in_need_are_said() -> None:
    sql = sql_of("Zoo | where Legs > 1 | project Kind")
    assert "CAST(legs + 1 AS Int64)" in sql
    assert "upper(species)" not in sql
    assert '"Zoo"' not in sql


def test_the_views_own_condition_stays_one_beside_those_of_the_query() -> None:
    assert "WHERE (status < 9 OR legs > 9) AND" in sql_of("Zoo | where Legs > 1 | count")


def test_a_table_that_is_sorted_and_cut_is_one_select() -> None:
    """The engine finds the rows of a `top` by the index of the column below the view."""
    assert sql_of("Zoo | top 2 by Status desc | project Kind, Legs").count("SELECT") == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Zoo | extend status = 'x' | where Status == 1 | project Kind, status", [("Dog", "x")]),
        ("Zoo | extend species = Legs * 2 | where Kind == 'Dog' | project species, Shout", [(8, "DOG!")]),
        ("Zoo | summarize legs = count() by status = Status % 2", [(0, 2), (1, 1)]),
        ("Zoo | project-rename values = Kind | where values != 'Dog' | project values", [("Cat",), ("Kea",)]),
        (
            "Zoo | join kind=inner (Zoo | extend species = Status) on Kind | project species",
            [(0,), (1,), (2,)],
        ),
        ("let status = 7; Zoo | where Status + status == 8 | project Kind", [("Dog",)]),
        ("Zoo | mv-expand legs = dynamic([1, 2]) to typeof(long) | summarize sum(legs + Legs)", [(33,)]),
        ("union Zoo, (Zoo | extend legs = 1) | summarize sum(legs), sum(Legs)", [(3, 24)]),
    ],
)
def test_the_authors_names_never_hide_what_is_below_the_view(query: str, expected: list[object]) -> None:
    assert answered(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "let f = (x: string) { toscalar(Zoo | project found = strcat(x, '')) }; {0} | extend y = f(species)",
        "let f = (x: string) { toscalar(Zoo | project x) }; {0} | extend y = f(species)",
        "let f = (x: string) { let T = Zoo | where x == Kind; toscalar(T) }; {0} | extend y = f(species)",
        "let f = (x: string) { Zoo | where x has 'Dog' }; {0} | extend y = toscalar(f(species))",
        "let f = (x: string) { Zoo | where x has 'Dog' }; {0} | where 'Dog' in (f(species))",
        "let f = (x: string) { Zoo | top 1 by strcat(x, Kind) }; {0} | where 'Dog' has_any (f(species))",
        "let f = (x: string) { Zoo | summarize count() by x }; {0} | extend y = toscalar(f(species))",
        "{0} | make-series count() on n from 1 to strlen(species) step 1",
        "{0} | extend y = toscalar(range n from 1 to strlen(species) step 1)",
    ],
)
def test_a_column_of_the_row_is_never_one_below_a_view_within_the_expression(query: str) -> None:
    """A reader could name so what the view does not show."""
    with pytest.raises(KqlSemanticError, match="the same for all rows"):
        sql_of(query.replace("{0}", "datatable(species: string, n: long)['Ape', 1]"))


@pytest.mark.parametrize(
    ("condition", "made"),
    [
        ("Kind == 'Dog'", {"Dog"}),
        ("'Dog' == Kind", {"Dog"}),
        ("Kind =~ 'DOG'", {"Dog"}),
        ("Kind in ('Dog', 'Cat', 'Emu')", {"Cat", "Dog"}),
        ("Kind in~ ('dog', 'KEA')", {"Dog", "Kea"}),
        ("Kind == 'Dog' or Kind == 'Cat'", {"Cat", "Dog"}),
        ("(Kind == 'Dog' or Kind == 'Cat') and Kind == 'Cat'", {"Cat"}),
        ("Kind == 'Dog' or Kind == 'Cat' and Legs == 4", {"Cat", "Dog"}),
        ("Kind == 'Dog' or Legs == 4", {*ANIMALS}),
        ("Kind != 'Dog'", {*ANIMALS}),
        ("not(Kind == 'Dog')", {*ANIMALS}),
        ("Kind has 'Dog'", {*ANIMALS}),
        ("Kind == strcat('D', substring(Kind, 1))", {*ANIMALS}),
        ("Shout == 'DOG!'", {*ANIMALS}),
        ("tolower(Kind) == 'dog'", {"Dog"}),
        ("Kind == 'Emu'", set()),
    ],
)
def test_rows_are_made_only_of_texts_that_the_conditions_allow(condition: str, made: set[str]) -> None:
    sql = sql_of(f"Zoo | where Legs > 0 | where {condition} | project Kind")
    source = sql[sql.index(" FROM ") : sql.index(" WHERE ")]
    assert {animal for animal in ANIMALS if f"'{animal}'" in source} == made


@pytest.mark.parametrize(
    ("condition", "found"),
    [("Kind == 'Dog'", [("Dog",)]), ("Kind in~ ('dog', 'EMU')", [("Dog",)]), ("Kind == 'Emu'", [])],
)
def test_fewer_rows_are_made_and_the_same_found(condition: str, found: list[object]) -> None:
    assert answered(f"Zoo | where {condition} | project Kind") == found


def test_conditions_behind_a_cut_say_nothing_of_the_rows_before_it() -> None:
    """`take` takes of all rows, whatever is asked of the taken."""
    sql = sql_of("Zoo | top 1 by Status asc | where Kind == 'Dog' | count")
    assert rows_of(ANIMALS) in sql
    assert answered("Zoo | top 1 by Status asc | where Kind == 'Dog' | count") == [(0,)]


def test_a_long_list_of_conditions_is_looked_through() -> None:
    listed = " or ".join(f"Kind == 'Dog{number}'" for number in range(900))
    assert "'Cat'" not in sql_of(f"Zoo | where {listed} or Kind == 'Dog' | count").partition("WHERE")[0]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("Zoo | top 2 by Legs desc", "intDiv(legs, 2) DESC, "),
        (
            "Zoo | where Status < 5 | sort by Legs asc, Kind desc | take 2",
            "intDiv(legs, 2) ASC NULLS FIRST, ",
        ),
        (
            "Zoo | extend Calm = Status < 5 | where Calm | top 2 by Legs desc | project Kind",
            "intDiv(legs, 2)",
        ),
    ],
)
def test_the_first_of_some_rows_are_asked_for_in_the_order_that_they_are_stored_in(
    query: str, order: str
) -> None:
    assert f" ORDER BY {order}" in sql_of(query)


@pytest.mark.parametrize(
    "query",
    [
        "Zoo | sort by Legs desc",
        "Zoo | top 2 by Status desc",
        "Zoo | top 2 by Kind desc, Legs desc",
        "Zoo | where Shout == 'DOG!' | top 2 by Legs desc",
        "Zoo | extend Long = strlen(Shout) | where Long > 3 | top 2 by Legs desc",
        "Zoo | extend Legs = -Legs | top 2 by Legs desc",
        "Zoo | summarize count() by Legs | top 2 by Legs desc",
        "Zoo | partition by Kind (top 1 by Legs desc)",
    ],
)
def test_other_orders_are_written_as_they_are(query: str) -> None:
    """All rows, by something else, or where conditions are better asked of all rows at once."""
    assert "intDiv" not in sql_of(query)


def test_rows_without_a_condition_are_ordered_as_they_are() -> None:
    """An index of the engine's finds them, with less to read."""
    whole = replace(ZOO, view=replace(VIEW, condition=""))
    assert "intDiv" not in kql.compile("Zoo | top 2 by Legs desc", Catalog([whole]), now=NOW).sql


LATEST = Latest("Status", lambda count: f"latest_{count}", any_few=True)
LATELY = replace(ZOO, view=replace(VIEW, latest=LATEST))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("Zoo | take 3", 3),
        ("Zoo | project Kind | take 3 | where Kind == 'Dog' | count", 3),
        ("Zoo | top 2 by Status desc", 2),
        ("Zoo | extend Loud = Shout | sort by Status desc, Kind asc | take 4", 4),
        ("Zoo | count | as Found | union (Zoo | take 5)", 5),
    ],
)
def test_of_rows_of_which_any_few_or_the_latest_are_wanted_the_latest_are_read(
    query: str, count: int
) -> None:
    assert f" AND (latest_{count}) " in kql.compile(query, Catalog([LATELY]), now=NOW).sql


@pytest.mark.parametrize(
    "query",
    [
        "Zoo | where Legs > 1 | take 3",
        "Zoo | top 2 by Status asc",
        "Zoo | top 2 by Legs desc, Status desc",
        "Zoo | extend Status = -Status | top 2 by Status desc",
        "Zoo | summarize count() by Status | top 2 by Status desc",
        "Zoo | sort by Status desc | extend Place = row_number() | take 2",
        "Zoo | top-nested 2 of Kind by count()",
        "Zoo | partition by Kind (top 1 by Status desc)",
        "Zoo | take toscalar(print 3)",
        f"Zoo | take {LATEST_ROWS_MAX + 1}",
        "Zoo | count",
    ],
)
def test_where_others_may_be_wanted_all_rows_are_read(query: str) -> None:
    assert "latest_" not in kql.compile(query, Catalog([LATELY]), now=NOW).sql


def test_any_few_rows_need_not_be_the_latest() -> None:
    """Where those are not found sooner."""
    apart = replace(ZOO, view=replace(VIEW, latest=LATEST._replace(any_few=False)))
    assert "latest_" not in kql.compile("Zoo | take 3", Catalog([apart]), now=NOW).sql
    assert "(latest_3)" in kql.compile("Zoo | top 3 by Status", Catalog([apart]), now=NOW).sql


def test_no_column_of_a_query_hides_what_the_condition_for_the_latest_names() -> None:
    written = kql.compile("Zoo | extend latest_1 = 5 | top 1 by Status", Catalog([LATELY]), now=NOW).sql
    assert '5 AS "latest_1"' not in written
