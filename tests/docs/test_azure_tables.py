"""The page about Azure's tables names all of them, their common columns, and queries that compile."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatelog import kql
from gatelog.kql import Catalog, SavedFunction
from gatelog.store import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "azure-tables.md").read_text()
NOW = datetime(2026, 12, 1, tzinfo=UTC)
AZURES = [table for table in TABLES if table.name != "Calls"]
FUNCTIONS = [
    SavedFunction(name, "()", body)
    for name, body in re.findall(r"^\.create-or-alter function (\w+)\(\) (\{.+?^\})", PAGE, re.M | re.S)
]
CATALOG = Catalog([table.kql_table() for table in TABLES], FUNCTIONS)


def cells_below(heading: str) -> list[tuple[str, str]]:
    """Name and type of the columns in the first table after a text."""
    table = PAGE[PAGE.index(heading) :].partition("\n\n|")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \| (\w+) \|", table, re.MULTILINE)


def test_every_table_is_named_and_the_empty_ones_as_empty() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", PAGE.partition("\n## ")[0], re.MULTILINE))
    assert list(shown) == [table.name for table in AZURES]
    empty = {table.name for table in TABLES if table.condition == "false"}
    assert {name for name, rows in shown.items() if rows.startswith("none: ")} == empty


@pytest.mark.parametrize("table", AZURES, ids=lambda table: table.name)
def test_every_table_has_the_common_columns(table) -> None:
    columns = {(column.name, column.type.value) for column in table.columns}
    assert set(cells_below("## Columns of every table")) <= columns


def test_the_columns_that_no_schema_lists_are_those_of_every_table() -> None:
    for table in TABLES:
        unlisted = [(column.name, column.type.value) for column in table.unlisted]
        assert unlisted == cells_below("**Columns that no schema lists.**")


@pytest.mark.parametrize("query", re.findall(r"```kusto\n(.+?)```", PAGE, re.DOTALL))
def test_a_query_compiles(query: str) -> None:
    assert kql.compile(query, CATALOG, now=NOW).columns


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_is_one_that_can_be_saved(function: SavedFunction) -> None:
    others = [other for other in FUNCTIONS if other is not function]
    kql.check_function(function, CATALOG.with_functions(others))


def test_both_functions_are_there() -> None:
    assert [function.name for function in FUNCTIONS] == ["AppMetrics", "customMetrics"]
