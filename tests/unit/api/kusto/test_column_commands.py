"""Columns of tables of the users' own, tables made after others, and names that change places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Kusto


@pytest.fixture(autouse=True)
def table(kusto: Kusto) -> Iterator[None]:
    """A table `T` of one row; nothing afterwards."""
    kusto.command(".set T with (folder='f', docstring='d') <| print a = 1, b = 'x', ['c d'] = 2.5")
    yield
    for made in kusto.store.user_tables.all():
        kusto.store.user_tables.drop(made)


def schema(kusto: Kusto, name: str = "T") -> str:
    text: str = kusto.command(f".show table {name} cslschema")[0][1]
    return text


def described(kusto: Kusto, name: str = "T") -> dict[str, Any]:
    columns = json.loads(kusto.command(f".show table {name} schema as json")[0][1])["OrderedColumns"]
    return {column["Name"]: column.get("DocString") for column in columns}


def test_a_column_of_another_type_has_no_values(kusto: Kusto) -> None:
    for command in (".alter column T.b type = long", ".alter column ['T'].a type=string"):
        kusto.command(command)
    assert schema(kusto) == "a:string,b:long,['c d']:real"
    assert kusto.rows("T") == [["", None, 2.5]]


def test_a_column_of_the_same_type_keeps_them(kusto: Kusto) -> None:
    kusto.command(".alter column gatelog.T.a type=long")
    assert kusto.rows("T | project a") == [[1]]


def test_columns_get_other_names(kusto: Kusto) -> None:
    kusto.command(".rename column T.['c d'] to c")
    kusto.command(".rename columns one = T.a, three = gatelog.T.c")
    assert kusto.rows("T | project one, b, three") == [[1, "x", 2.5]]


def test_two_columns_take_each_others_names(kusto: Kusto) -> None:
    kusto.command(".rename columns a = T.b, b = T.a")
    assert schema(kusto) == "b:long,a:string,['c d']:real"
    assert kusto.rows("T | project a, b") == [["x", 1]]


def test_columns_are_dropped(kusto: Kusto) -> None:
    kusto.command(".drop column T.a")
    assert kusto.rows("T") == [["x", 2.5]]
    kusto.command(".drop table T columns (['c d'])")
    assert kusto.rows("T") == [["x"]]


def test_docstrings_of_columns_follow_them(kusto: Kusto) -> None:
    kusto.command(".alter table T column-docstrings (a: 'A', b: 'B')")
    kusto.command(".alter-merge table T column-docstrings (['c d']: 'C')")
    assert described(kusto) == {"a": "A", "b": "B", "c d": "C"}
    kusto.command(".rename columns a = T.b, b = T.a")
    assert described(kusto) == {"b": "A", "a": "B", "c d": "C"}
    kusto.command(".drop column T.b")
    kusto.command(".alter-merge table T (b: long)")
    assert described(kusto) == {"a": "B", "c d": "C", "b": None}
    kusto.command(".alter table T column-docstrings (b: 'new')")
    assert described(kusto) == {"a": None, "c d": None, "b": "new"}
    [[whole]] = kusto.command(".show schema as json")
    columns = json.loads(whole)["Databases"]["gatelog"]["Tables"]["T"]["OrderedColumns"]
    assert columns[-1]["DocString"] == "new"


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (".alter column T.nope type=long", "'nope' of kind 'Column' was not found"),
        (".alter column T.a type=number", "expected a type"),
        (".alter column a type=long", "a dot"),
        (".alter column other.T.a type=long", "'other' of kind 'Database'"),
        (".rename column T.a to b", "same name"),
        (".rename columns b = T.a, e = T.b", "only two columns"),
        (".rename columns x = T.a, y = T.a", "two names"),
        (".rename columns x = T.a, y = U.a", "'U' of kind 'Table' was not found"),
        (".drop table T columns (a, b, ['c d'])", "1 to 500 columns"),
        (".drop column Calls.RequestId", "table of the record"),
        (".alter table T column-docstrings (nope: 'x')", "'nope' of kind 'Column'"),
    ],
)
def test_what_cannot_be_changes_nothing(kusto: Kusto, command: str, part: str) -> None:
    status, _, message = kusto.refusal(command)
    assert (status, part in message) == (400, True), message
    assert kusto.rows("T") == [[1, "x", 2.5]]


def test_a_table_is_made_after_another(kusto: Kusto) -> None:
    kusto.command(".alter table T policy retention softdelete = 7d")
    kusto.command('.create table T ingestion csv mapping \'m\' \'[{"Column":"b","Ordinal":0}]\'')
    kusto.command(".create table U based-on T")
    assert kusto.command(".show table U") == [["U", "gatelog", "f", "d"]]
    assert (schema(kusto, "U"), kusto.rows("U")) == (schema(kusto), [])
    assert '"7.00:00:00"' in kusto.command(".show table U policy retention")[0][2]
    assert len(kusto.command(".show table U ingestion mappings")) == 1
    kusto.command(".create table V based-on T with (folder='other')")
    assert kusto.command(".show table V")[0][2:] == ["other", "d"]
    assert kusto.refusal(".create table V based-on U")[1] == "BadRequest_EntityAlreadyExists"
    kusto.command(".create table V based-on U ifnotexists")
    assert kusto.refusal(".create table W based-on Nope")[1] == "BadRequest_EntityNotFound"


def test_a_table_is_made_after_one_of_the_record_as_its_maker_sees_it(kusto: Kusto) -> None:
    kusto.command(".create table U based-on Calls", token="clerk")
    assert "RequestId:string" in schema(kusto, "U")
    assert "ResponseBody" not in schema(kusto, "U")


def test_tables_change_places(kusto: Kusto) -> None:
    """The way to give a column another type without losing what it has."""
    kusto.command(".set Staged <| T | extend a = tostring(a)")
    kusto.command(".rename tables Staged = T, T = Staged")
    assert kusto.rows("T | project a") == [["1"]]
    assert kusto.rows("Staged | project a") == [[1]]
    kusto.command(".rename tables Old = Staged, New = Nope ifexists")
    assert [table.name for table in kusto.store.user_tables.all()] == ["Old", "T"]


@pytest.mark.parametrize(
    "command",
    [
        ".rename tables U = T, V = Nope",
        ".rename tables Calls = T",
        ".rename tables T2 = Calls",
        ".rename tables U = T, U = W",
        ".rename tables U = T, V = T",
        ".rename tables W = T",
    ],
)
def test_tables_are_renamed_all_or_none(kusto: Kusto, command: str) -> None:
    kusto.command(".create table W (a: long)")
    assert kusto.refusal(command)[0] == 400
    assert [table.name for table in kusto.store.user_tables.all()] == ["T", "W"]


def test_no_name_is_taken_from_a_table_that_is_hidden(kusto: Kusto) -> None:
    kusto.command(".set Said <| Calls | project RequestBody")
    status, code, _ = kusto.refusal(".rename tables Said = T", token="clerk")
    assert (status, code) == (400, "BadRequest_EntityAlreadyExists")
    answer = kusto.post("/v1/rest/mgmt", ".rename tables Mine = Said ifexists", token="clerk")
    assert (answer.status_code, answer.json()["Tables"][0]["Rows"]) == (200, [])
    assert kusto.rows("Said | count") == [[10]]
