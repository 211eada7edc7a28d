"""Commands are remembered, for those who gave them, and failures with their reasons."""

from __future__ import annotations

import pytest

from gatelog.api.kusto.changes import CHANGES_MAX
from gatelog.api.kusto.commands.dispatch import CHANGE_COMMANDS, OWN_COMMANDS, SHOW_COMMANDS
from gatelog.api.kusto.commands.refused import REASONS

from .conftest import Kusto

pytestmark = pytest.mark.usefixtures("tidy")


def last(kusto: Kusto, what: str, columns: str, *, token: str = "writer") -> list[object]:
    return kusto.command(f".show {what} | project {columns}", token=token)[-1]


def test_a_command_is_shown_with_its_kind_and_its_end(kusto: Kusto) -> None:
    kusto.command(".create-or-alter function F() { print 1 }")
    kusto.command(".drop function F")
    assert last(kusto, "commands", "CommandType, Text, State, User") == [
        "FunctionDrop",
        ".drop function F",
        "Completed",
        "writer",
    ]
    kusto.refusal(".drop table Nope")
    assert last(kusto, "operations", "Operation, State, Status") == [
        "TableDrop",
        "Failed",
        "Entity ID 'Nope' of kind 'Table' was not found.",
    ]


@pytest.mark.parametrize(
    ("command", "table", "kind", "code"),
    [
        (".append Nope <| print 1", "Nope", "TableAppend", "BadRequest_EntityNotFound"),
        (".set-or-replace async T <| Nope", "T", "TableSetOrReplace", "General_BadRequest"),
        (
            ".ingest inline into table ['No pe'] <| 1",
            "No pe",
            "DataIngestInline",
            "BadRequest_EntityNotFound",
        ),
    ],
)
def test_failures_of_ingestion_have_their_codes(
    kusto: Kusto, command: str, table: str, kind: str, code: str
) -> None:
    kusto.refusal(command)
    [operation, *shown] = last(
        kusto, "ingestion failures", "OperationId, Table, OperationKind, ErrorCode, FailureKind"
    )
    assert shown == [table, kind, code, "Permanent"]
    assert len(kusto.command(f".show ingestion failures with (OperationId = {operation})")) == 1
    assert kusto.command(f".show operation {operation} | project State") == [["Failed"]]


def test_others_see_their_own_commands_only(kusto: Kusto) -> None:
    """A text can quote what was said."""
    kusto.command(".set Said <| Calls | where RequestBody has 'tide' | project RequestBody")
    kusto.refusal(".append Said <| Calls | where RequestBody has 'tide'")
    kusto.command(".create table Mine (a: string)", token="clerk")
    shown = ["commands", "operations", "ingestion failures", "commands-and-queries"]
    for what in shown:
        answer = kusto.post("/v1/rest/mgmt", f".show {what}", token="clerk").text
        assert "tide" not in answer
        assert "Said" not in answer
        assert "tide" not in kusto.post("/v1/rest/mgmt", f".show {what}", token="meter").text
    assert last(kusto, "commands", "Text", token="clerk") == [".create table Mine (a: string)"]
    assert "tide" in kusto.post("/v1/rest/mgmt", ".show commands", token="reader").text


def test_a_table_of_commands_is_for_those_who_see_them(kusto: Kusto) -> None:
    kusto.command(".set Said <| Calls | where RequestBody has 'tide' | project RequestBody")
    kusto.command(".set Kept <| .show commands | project Text")
    assert kusto.refusal("Kept | count", path="/v1/rest/query", token="clerk")[0] == 400


def test_queries_and_commands_are_shown_together(kusto: Kusto) -> None:
    kusto.command(".create table T (a: string)")
    kusto.rows("T | where a == 'looked for'")
    kinds = kusto.command(
        ".show commands-and-queries | where Text has 'looked' or Text has 'create' | project CommandType"
    )
    assert ["TableCreate"] in kinds
    assert ["Query"] in kinds


def test_a_script_shows_each_of_its_commands(kusto: Kusto) -> None:
    kusto.command(".execute database script <|\n.create table T (a: string)\n.drop table T")
    shown = kusto.command(".show commands | project CommandType")[-3:]
    assert shown == [["TableCreate"], ["TableDrop"], ["DatabaseScriptExecute"]]


def test_what_is_remembered_has_an_end(kusto: Kusto) -> None:
    for _ in range(CHANGES_MAX + 5):
        kusto.command(".drop table Nope ifexists")
    assert len(kusto.command(".show operations")) == CHANGES_MAX


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (".create materialized-view V on table T { T | summarize count() by a }", ".create function"),
        (".ingest into table T ('https://store/a.csv') with (format='csv')", "/v1/rest/ingest"),
        (".export to csv ('https://store/a') <| Calls", "/query answers CSV"),
        (".get ingestion resources", "KustoStreamingIngestClient"),
        (".add database gatelog viewers ('aaduser=x')", "hub.tokens"),
        (".create database Other", "hub.database"),
        (".purge table T records <| where true", ".delete table T records"),
        (".move extents all from table T to table U", ".append"),
        (".create external table T (a: string) kind=storage dataformat=csv ('https://x')", "elsewhere"),
    ],
)
def test_what_the_service_has_and_this_has_not_is_refused_with_what_to_do(
    kusto: Kusto, command: str, part: str
) -> None:
    status, code, message = kusto.refusal(command)
    assert (status, code) == (400, "General_BadRequest")
    assert "is not offered here" in message
    assert part in message


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_is_told(kusto: Kusto, name: str) -> None:
    assert REASONS[name] in kusto.refusal(f".{name} x")[2]


def test_a_command_that_meets_a_defect_has_failed(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError

    kusto.command(".create table T (a: string)")
    with monkeypatch.context() as context:
        context.setattr(kusto.store.user_tables, "drop", defect)
        assert kusto.refusal(".drop table T")[0] == 520
    assert last(kusto, "operations", "State, Status") == [
        "Failed",
        "this is a defect of gatelog; its log has the details",
    ]


def test_nothing_is_refused_that_is_there() -> None:
    known = {*SHOW_COMMANDS, *OWN_COMMANDS, *CHANGE_COMMANDS}
    assert not [name for name in REASONS if any(f"{one} ".startswith(f"{name} ") for one in known)]
