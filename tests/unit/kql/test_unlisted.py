"""Columns that a table has only in queries that name them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatelog import kql
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, Column, KqlType, SavedFunction, Table, Unlisted, View
from gatelog.testing.kql import engine

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def animals(name: str) -> Table:
    view = View(
        columns={"Kind": "species", "__Id": "concat('id-', species)"},
        rows="values('species String', ('Cat'), ('Dog'))",
        unlisted=[Unlisted("_Id", KqlType.STRING, "__Id")],
    )
    return Table(name, (Column("Kind", KqlType.STRING),), name.lower(), view=view)


def saved(name: str, body: str) -> SavedFunction:
    return SavedFunction(name, "()", body)


CATALOG = Catalog(
    [animals("Zoo"), animals("Farm")],
    [
        saved("Named", "{ Zoo | project Uid = _Id }"),
        saved("Through", "{ Named() | count }"),
        saved("Unnamed", "{ Zoo | project Kind }"),
        SavedFunction("Seen", "()", "{ Named() }", view=True),
    ],
)


def compiled(query: str) -> kql.Compiled:
    return kql.compile(query, CATALOG, now=NOW)


def columns(query: str) -> list[str]:
    return [column.name for column in compiled(query).columns]


def answered(query: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in engine().query(compiled(query).sql).result_rows)


@pytest.mark.parametrize(
    "query",
    ["Zoo", "Zoo | where Kind != '_Identity'", "Zoo // _Id", "Unnamed() | extend My_Id = 1", "Zoo | take 1"],
)
def test_who_does_not_name_it_does_not_have_it(query: str) -> None:
    assert "_Id" not in columns(query)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Zoo | where _Id == 'id-Cat' | project Kind", [("Cat",)]),
        ("Zoo | project ['_Id']", [("id-Cat",), ("id-Dog",)]),
        ("Zoo | extend Uid = column_ifexists('_Id', 'none') | distinct Uid", [("id-Cat",), ("id-Dog",)]),
        ("Zoo | project-rename Uid = _Id | project Uid", [("id-Cat",), ("id-Dog",)]),
        ("Zoo | project-away _Id", [("Cat",), ("Dog",)]),
        ("Zoo | project-keep _Id", [("id-Cat",), ("id-Dog",)]),
        ("Zoo | summarize count() by _Id", [("id-Cat", 1), ("id-Dog", 1)]),
        ("Zoo | summarize arg_max(Kind, _Id)", [("Dog", "id-Dog")]),
        ("Zoo | join kind=inner Farm on _Id | project Kind, _Id1", [("Cat", "id-Cat"), ("Dog", "id-Dog")]),
        ("union withsource=Of Zoo, Farm | where _Id has 'dog' | project Of", [("Farm",), ("Zoo",)]),
        ("search in (Zoo) _Id endswith 'Dog' | project Kind", [("Dog",)]),
        ("find in (Farm) where _Id endswith 'Dog' project Kind", [("Farm", "Dog")]),
        ("let F = (T: (_Id: string)) { T | distinct _Id }; Zoo | invoke F()", [("id-Cat",), ("id-Dog",)]),
        ("Named()", [("id-Cat",), ("id-Dog",)]),
        ("Through()", [(2,)]),
        ("Zoo | extend _Id = 1 | distinct _Id", [(1,)]),
    ],
)
def test_who_names_it_has_it_wherever_a_column_can_stand(query: str, expected: list[tuple]) -> None:
    assert answered(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "union S*",
        "union * | where isnotempty(Uid) | project Uid",
        "union database().S*",
        "search in (S*) 'id' | project Uid",
        "find in (S*) where Uid has 'id' project Uid | project Uid",
        "table(strcat('Nam', 'ed'))",
    ],
)
def test_a_saved_function_has_it_also_where_its_name_is_not_written(query: str) -> None:
    assert answered(query) == [("id-Cat",), ("id-Dog",)]


def test_tables_beside_such_a_function_are_left_as_they_are() -> None:
    assert columns("union *") == ["Kind", "Uid"]


def test_it_stands_behind_the_listed_ones() -> None:
    assert columns("Zoo | where _Id != ''") == ["Kind", "_Id"]
    assert columns("Zoo | where _Id != '' | getschema | project ColumnName") == ["ColumnName"]
    assert answered("Zoo | where _Id != '' | getschema | project ColumnName") == [("Kind",), ("_Id",)]


def test_a_name_that_is_nearly_it_is_none() -> None:
    with pytest.raises(KqlSemanticError, match="no column '_ID'"):
        compiled("Zoo | project _ID")
