"""Commands that show what there is, in the shapes that clients read by position."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatelog.api.activity import ENDED_MAX, TEXT_CHARACTERS_MAX
from gatelog.api.datatable import datatable
from gatelog.api.kusto.commands import is_command, pipe_of
from gatelog.api.kusto.commands.shown_rows import SHOWN
from gatelog.api.kusto.result import columns_of
from gatelog.api.principal import Principal, Role
from gatelog.store import TABLES

from .conftest import Kusto

RECORD = [table.name for table in TABLES]


def answer(kusto: Kusto, command: str, **more: Any) -> dict[str, Any]:
    response = kusto.post("/v1/rest/mgmt", command, **more)
    assert response.status_code == 200, response.text
    [table] = response.json()["Tables"]
    found: dict[str, Any] = table
    return found


def first_table(kusto: Kusto, command: str, **more: Any) -> dict[str, Any]:
    """The rows of a command that may go through a query, which then answers like one."""
    found: dict[str, Any] = kusto.post("/v1/rest/mgmt", command, **more).json()["Tables"][0]
    return found


def tables_of(kusto: Kusto) -> list[Any]:
    return list(kusto.store.user_tables.engine.system("tables", "name", ""))


@pytest.mark.parametrize("text", ["x" * TEXT_CHARACTERS_MAX, "'\\\\ü語🦆\"" * 200])
def test_all_remembered_queries_can_be_asked_about_however_long_they_are(kusto: Kusto, text: str) -> None:
    principal = Principal("writer", Role.LOG_WITH_BODIES, may_write=True)
    for _ in range(ENDED_MAX):
        with kusto.questions.activity.asking(principal, text):
            pass
    before = tables_of(kusto)
    kept = text[:TEXT_CHARACTERS_MAX]
    table = first_table(
        kusto, ".show queries | where State == 'Completed' | summarize take_any(Text), count()"
    )
    [[found, count]] = table["Rows"]
    assert found == kept
    assert count >= ENDED_MAX - 1
    assert tables_of(kusto) == before
    kusto.command(".set Kept <| .show queries | project Text, Duration, StartedOn | take 3")
    assert [row[0] for row in kusto.rows("Kept | project Text")] == [kept] * 3
    kusto.command(".drop table Kept")


def test_no_table_can_stand_for_what_a_command_shows(kusto: Kusto) -> None:
    """Its maker would say what everybody's commands show."""
    assert "cannot be the name" in kusto.refusal(f".create table ['{SHOWN}'] (a: string)")[2]
    [shown] = kusto.rows(".show version | project ServiceType")
    assert shown == ["Engine"]


def test_what_a_command_shows_is_no_table_of_the_database(kusto: Kusto) -> None:
    shown = ".show version | union withsource = Of (union * | where false) | distinct Of"
    assert len(first_table(kusto, shown)["Rows"]) == 1
    assert kusto.refusal(f"['{SHOWN}']", path="/v2/rest/query")[0] == 400


def test_databases_are_read_by_position(kusto: Kusto) -> None:
    table = answer(kusto, ".show databases")
    assert [column["ColumnName"] for column in table["Columns"]] == [
        *("DatabaseName", "PersistentStorage", "Version", "IsCurrent", "DatabaseAccessMode", "PrettyName"),
        *("DatabaseId", "InTransitionTo", "SuspensionState"),
    ]
    [row] = table["Rows"]
    assert (row[0], row[5]) == ("gatelog", None)
    assert row == answer(kusto, ".show cluster databases")["Rows"][0]


@pytest.mark.parametrize(
    "command",
    [".show databases schema", ".show database schema", ".show database gatelog schema", ".show schema"],
)
def test_the_schema_has_a_row_for_the_database_each_table_and_each_column(kusto: Kusto, command: str) -> None:
    rows = answer(kusto, command)["Rows"]
    assert rows[0] == ["gatelog", "", "", "", False, False, "", "v1.0"]
    assert [row[1] for row in rows if row[1] and not row[2]] == RECORD
    assert ["gatelog", "Calls", "TotalTokens", "System.Int64", False, False, "", ""] in rows


@pytest.mark.parametrize(
    "command",
    [
        ".show databases schema as json",
        ".show databases (['gatelog']) schema as json",
        ".show database ['gatelog'] schema as json",
        '.show database "gatelog" schema if_later_than "v0.0" as json',
        ".show schema as json",
        ".show databases schema as json with(ShowHiddenFunctions = true)",
    ],
)
def test_the_schema_as_json_is_one_text(kusto: Kusto, command: str) -> None:
    [[text]] = answer(kusto, command)["Rows"]
    database = json.loads(text)["Databases"]["gatelog"]
    assert list(database["Tables"]) == RECORD
    columns = database["Tables"]["Calls"]["OrderedColumns"]
    assert {"Name": "ResponseCode", "Type": "System.Int32", "CslType": "int"} in columns
    assert database["MajorVersion"] == 1


@pytest.mark.parametrize(
    ("command", "first"),
    [
        (".show external tables", "TableName"),
        (".show materialized-views | project Name, SourceTable, IsHealthy", "Name"),
        (".show entity_groups | project Name, Entities", "Name"),
        (".show graph_models with (showAll = true) | project-away DatabaseName", "Name"),
    ],
)
def test_what_there_never_is_has_an_empty_list(kusto: Kusto, command: str, first: str) -> None:
    table = first_table(kusto, command, token="clerk")
    assert (table["Columns"][0]["ColumnName"], table["Rows"]) == (first, [])


def test_an_agent_gets_the_entities_that_it_filters(kusto: Kusto) -> None:
    """As the MCP servers for Kusto describe a database to a model."""
    command = """
        .show databases entities with (showObfuscatedStrings=true)
        | where DatabaseName == 'gatelog'
        | project EntityName, EntityType, Folder, DocString, CslInputSchema, Content, CslOutputSchema
    """
    rows = first_table(kusto, command)["Rows"]
    assert [row[0] for row in rows if row[1] == "Table"] == RECORD
    schemas = {row[0]: row[6] for row in rows}
    assert "TotalTokens:long" in schemas["Calls"].split(",")


def test_the_schema_is_the_callers(kusto: Kusto) -> None:
    def columns(token: str) -> set[str]:
        rows = answer(kusto, ".show databases schema", token=token)["Rows"]
        return {f"{row[1]}.{row[2]}" for row in rows}

    assert "Calls.ResponseBody" in columns("reader")
    assert "Calls.ResponseBody" not in columns("clerk")
    assert {name.partition(".")[0] for name in columns("meter")} == {"", "AzureMetrics"}


def test_a_table_is_shown_in_every_form(kusto: Kusto) -> None:
    assert answer(kusto, ".show table Calls")["Rows"] == [["Calls", "gatelog", "", ""]]
    [[name, csl, database, *_]] = answer(kusto, ".show table ['Calls'] cslschema")["Rows"]
    assert (name, database) == ("Calls", "gatelog")
    assert csl.startswith("RequestId:string,TimeGenerated:datetime,")
    [[_, text, *_]] = answer(kusto, ".show table Calls schema as json")["Rows"]
    assert json.loads(text)["OrderedColumns"][0]["CslType"] == "string"
    assert len(answer(kusto, ".show tables details")["Rows"]) == len(RECORD)
    assert [row[0] for row in answer(kusto, ".show tables (Calls, AzureMetrics)")["Rows"]] == [
        *("Calls", "AzureMetrics"),
    ]


def test_details_entities_identity_and_version_have_their_columns(kusto: Kusto) -> None:
    assert len(answer(kusto, ".show databases details")["Columns"]) == 21
    assert len(answer(kusto, ".show database details")["Rows"][0]) == 21
    identity = answer(kusto, ".show database identity")
    assert identity["Columns"][6]["ColumnName"] == "CurrentUserIsUnrestrictedViewer"
    assert answer(kusto, ".show database")["Rows"] == identity["Rows"]
    entities = answer(kusto, ".show databases entities with (showObfuscatedStrings=true)")["Rows"]
    assert [row[1:3] for row in entities] == [["Database", "gatelog"], *(["Table", name] for name in RECORD)]
    assert answer(kusto, ".show version")["Rows"][0][2] == "Engine"


def test_a_command_may_be_piped_into_a_query(kusto: Kusto) -> None:
    command = '.show tables | where TableName startswith "ApiM" | project TableName'
    assert [row[0] for row in kusto.command(command)] == [name for name in RECORD if name.startswith("ApiM")]
    assert kusto.rows(".show databases schema | where TableName == 'Calls' | count")[0][0] > 50
    piped = kusto.post("/v2/rest/query", ".show version | project ServiceType").json()
    assert piped[2]["Rows"] == [["Engine"]]


def test_the_query_route_shows_and_changes_nothing(kusto: Kusto) -> None:
    assert kusto.rows(".show databases schema")[0][0] == "gatelog"
    status, _, message = kusto.refusal(".create table X (a: string)", path="/v1/rest/query")
    assert (status, "/v1/rest/mgmt" in message) == (400, True)
    answer = kusto.client.get(
        "/v1/rest/query", params={"csl": ".drop table X"}, headers={"authorization": "Bearer writer"}
    )
    assert answer.status_code == 400


def test_unknown_commands_and_aspects_are_told_what_is_known(kusto: Kusto) -> None:
    assert ".show tables" in kusto.refusal(".show tabels")[2]
    assert ".drop …" in kusto.refusal(".frobnicate")[2]
    assert "cslschema" in kusto.refusal(".show table Calls statistics")[2]
    assert kusto.refusal(".show table Nope")[1] == "BadRequest_EntityNotFound"
    assert kusto.refusal(".show version of this")[1] == "BadRequest_SyntaxError"
    assert kusto.refusal(".")[0] == 400
    assert kusto.refusal("print 1")[0] == 400


def test_comments_before_a_command_do_not_hide_it() -> None:
    assert is_command("// why\n\n  .show tables")
    assert not is_command("// .show\nprint 1")
    assert is_command("// why\u2028.show tables")  # where the language ends a comment
    assert not is_command("// why\x85.show tables")


@pytest.mark.parametrize(
    ("command", "pipe"),
    [
        (".show tables | count", "| count"),
        (".show tables", ""),
        (".create function f() { T | count }", ""),
        (".show table ['a|b'] | take 1", "| take 1"),
        (".set T <| Calls | take 1", ""),
    ],
)
def test_the_pipe_of_a_command_is_outside_of_brackets_and_strings(command: str, pipe: str) -> None:
    assert pipe_of(command) == pipe


def test_a_result_becomes_a_query_whatever_is_in_it(kusto: Kusto) -> None:
    columns = columns_of("s:string,b:bool,n:long,t:datetime,d:dynamic,g:guid,r:real,p:timespan")
    guid = "123e27de-1e4e-49d9-b579-fe0b331d3642"
    rows = [
        ['"];\n\\ü | x', True, 5, "2024-01-01T00:00:00.0000000Z", {"a": ["'"]}, guid, 1.5, "00:00:01"],
        ["", None, None, None, None, None, None, None],
    ]
    assert kusto.rows(datatable(columns, rows)) == rows


def test_an_empty_result_is_a_query_too(kusto: Kusto) -> None:
    assert kusto.rows(datatable(columns_of("s:string"), [])) == []
