"""Single rows, and whole parts, of tables of the users' own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conftest import Kusto


@pytest.fixture(autouse=True)
def table(kusto: Kusto) -> Iterator[None]:
    """Ten numbers in two parts; nothing afterwards."""
    kusto.command(".set T <| range n from 1 to 6 step 1 | extend s = tostring(n), same = 1")
    kusto.command(".append T <| range n from 7 to 10 step 1 | extend s = tostring(n), same = 1")
    yield
    for made in kusto.store.user_tables.all():
        kusto.store.user_tables.drop(made)


@pytest.mark.parametrize(
    "predicate",
    [
        "T | where n > 3",
        "T | filter n > 3 and same == 1",
        "['T'] | extend m = n * 2 | where m > 6",
        "T | project m = n * 2, t = s | where m > 6 and t != 'project' | project t",
        "T\n| where s !in ('1', '2', '3')  // what is left\n",
    ],
)
def test_the_records_that_a_query_names_are_deleted(kusto: Kusto, predicate: str) -> None:
    assert kusto.command(f".delete table T records with (whatif=true) <| {predicate}")[0][2] == 7
    assert kusto.rows("T | count") == [[10]]
    assert kusto.command(f".delete table T records <| {predicate}")[0][1:] == ["T", 7]
    assert kusto.rows("T | project n | sort by n asc") == [[1], [2], [3]]
    assert kusto.command(f".delete table T records <| {predicate}")[0][2] == 0


def test_rows_that_are_the_same_go_together_and_nulls_stay(kusto: Kusto) -> None:
    kusto.command(
        ".append T <| union (print n = long(null), s = '', same = 1), (print n = 1, s = '1', same = 1)"
    )
    assert kusto.command(".delete table T records <| T | where n == 1")[0][2] == 2
    assert kusto.rows("T | where isnull(n) | count") == [[1]]


def test_an_asynchronous_deletion_answers_an_operation(kusto: Kusto) -> None:
    [[operation]] = kusto.command(".delete async table T records <| T | where n <= 4")
    assert kusto.rows("T | count") == [[6]]
    shown = kusto.command(f".show operations {operation} | project Operation, State")
    assert shown == [["TableDelete", "Completed"]]


@pytest.mark.parametrize(
    ("predicate", "part"),
    [
        ("T", "at least one where"),
        ("T | extend m = 1", "at least one where"),
        ("T | where n == 1 | take 1", "can only use the operators"),
        ("T | where n in ((T | summarize max(n)))", "can only use the operators"),
        ("T | where n == toscalar(Calls | count)", "can only use the operators"),
        ("T | where n == 1; print 1", "can only use the operators"),
        ("let x = 1; T | where n == x", "begins with the table"),
        ("Calls | where true", "begins with the table"),
        ("T | where n in (Calls)", "there is no column 'Calls'"),
        ("T | where nope == 1", "there is no column"),
        ("T | where n ==", "SYN0002"),
        ("T | extend _part_offset = 0 | where n == 5", "cannot name"),
        ("T | extend ['_part'] = 'all_1_1_0' | where n == 5", "cannot name"),
        ("T | where n == 5 | project h@'x', ['_p\\x61rt'] = ''", "cannot name"),
        ("T | where rand() < 0.5", "other records each time"),
        ("T | where s != new_guid ()", "other records each time"),
    ],
)
def test_a_predicate_looks_at_one_row_at_a_time(kusto: Kusto, predicate: str, part: str) -> None:
    status, _, message = kusto.refusal(f".delete table T records <| {predicate}")
    assert (status, part in message) == (400, True), message
    assert kusto.rows("T | count") == [[10]]


def test_records_of_the_record_stay(kusto: Kusto) -> None:
    status, _, message = kusto.refusal(".delete table Calls records <| Calls | where true")
    assert (status, "table of the record" in message) == (400, True)
    assert kusto.rows("Calls | count") == [[10]]


def test_a_table_whose_columns_are_called_as_places_are_keeps_its_rows(kusto: Kusto) -> None:
    kusto.command(".set U <| print _part = 'x'")
    assert "rename its column" in kusto.refusal(".delete table U records <| U | where true")[2]
    assert kusto.rows("U | count") == [[1]]


@pytest.mark.parametrize("scope", ["table T", "tables (T)", "database", "database gatelog", "cluster"])
def test_what_came_together_is_an_extent(kusto: Kusto, scope: str) -> None:
    shown = kusto.command(f".show {scope} extents | project TableName, RowCount, OriginalSize > 0")
    assert shown == [["T", 6, True], ["T", 4, True]]


def test_the_details_of_a_table_count_its_extents(kusto: Kusto) -> None:
    query = ".show table T details | project TotalExtents, TotalRowCount, isnull(MinExtentsCreationTime)"
    assert kusto.command(query) == [[2, 10, False]]


def test_extents_are_dropped_by_a_query(kusto: Kusto) -> None:
    chosen = ".show table T extents | where RowCount == 4"
    assert len(kusto.command(f".drop extents whatif <| {chosen}")) == 1
    assert kusto.rows("T | count") == [[10]]
    [[extent, name, _]] = kusto.command(f".drop extents <| {chosen}")
    assert name == "T"
    assert kusto.rows("T | count") == [[6]]
    assert kusto.refusal(f".drop extent {extent}")[1] == "BadRequest_EntityNotFound"


def test_extents_are_dropped_by_their_ids_and_by_their_table(kusto: Kusto) -> None:
    [[first], [_]] = kusto.command(".show table T extents | project ExtentId")
    assert len(kusto.command(f".show table T extents ({first})")) == 1
    assert kusto.command(f".drop extents ({first}) from T")[0][0] == first
    assert kusto.rows("T | count") == [[4]]
    assert kusto.command(".drop extents older 10 days from T") == []
    assert len(kusto.command(".drop extents from T")) == 1
    assert kusto.rows("T | count") == [[0]]


@pytest.mark.parametrize(
    "command",
    [
        ".drop extents from Calls",
        ".drop extents <| print x = 1",
        ".drop extents (nothing)",
        ".drop extents older ten days from T",
        ".drop extents older १ days from T",
        ".drop extents older 900000 days from T",
        ".drop extents older 99999999999999999999 hours from T",
        ".drop extents",
    ],
)
def test_what_names_no_extent_drops_none(kusto: Kusto, command: str) -> None:
    assert kusto.refusal(command)[0] == 400
    assert kusto.rows("T | count") == [[10]]


def test_extents_of_a_hidden_table_are_nobodys_business(kusto: Kusto) -> None:
    kusto.command(".set Said <| Calls | project RequestBody")
    assert kusto.command(".show cluster extents | distinct TableName", token="clerk") == [["T"]]
    [[hidden]] = kusto.command(".show table Said extents | project ExtentId")
    assert kusto.refusal(f".drop extent {hidden}", token="clerk")[1] == "BadRequest_EntityNotFound"
    kusto.command(".drop extents from T", token="clerk")
    assert kusto.rows("Said | count") == [[10]]
