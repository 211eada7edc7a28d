"""Where a shell's questions go."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatelog.api.completion import schema_of
from gatelog.cli.shell.connection import CommandError, HubConnection
from gatelog.cli.shell.directory import DirectoryConnection
from gatelog.control import Functions, open_control
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, SavedFunction, complete
from gatelog.model import SystemClock
from gatelog.store import CATALOG

TWICE = SavedFunction("Twice", "(x: long)", "{ 2 * x }", "Doubles.")


class FakeClient:
    """Answers as the hub would."""

    url = "http://hub.test"

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.posted: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, _: dict[str, str]) -> Any:
        return msgspec.json.decode(msgspec.json.encode(self.answers[path]))

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        self.posted.append((path, body))
        return msgspec.json.encode(self.answers[path])


def test_a_hub_is_asked_with_the_timespan() -> None:
    answer = {"name": "PrimaryResult", "columns": [], "rows": []}
    client = FakeClient({"/query": {"tables": [answer]}})
    connection = HubConnection(client)  # type: ignore[arg-type]  # has what is used
    assert connection.ask("Calls", None) == [answer]
    connection.ask("Calls", "P1D")
    assert client.posted == [
        ("/query", {"query": "Calls", "format": "json", "tables": "all"}),
        ("/query", {"query": "Calls", "format": "json", "tables": "all", "timespan": "P1D"}),
    ]


def test_the_hubs_schema_completes_as_the_hub_would() -> None:
    """Columns, members of JSON and saved functions come across."""
    functions = [SavedFunction("Recent", "(t: timespan)", "{ Calls | where TimeGenerated > ago(t) }", "New.")]
    here = Catalog(filter(None, map(CATALOG.find, CATALOG.names)), functions)
    there = HubConnection(FakeClient({"/schema": schema_of(here)})).catalog()  # type: ignore[arg-type]  # as above
    for text in ("Rec", "Recent(1h) | where ", "ApiManagementGatewayLogs | where BackendResponseBody.usage."):
        assert complete(text, len(text), there) == complete(text, len(text), here)
        assert complete(text, len(text), there).suggestions


def test_a_command_answers_with_its_first_table() -> None:
    columns = [{"ColumnName": "TableName", "DataType": "String", "ColumnType": "string"}]
    client = FakeClient({"/v1/rest/mgmt": {"Tables": [{"Columns": columns, "Rows": [["Calls"]]}]}})
    answer = HubConnection(client).command(".show tables")  # type: ignore[arg-type]  # as above
    assert answer == {"columns": [{"name": "TableName", "type": "string"}], "rows": [["Calls"]]}
    assert client.posted == [("/v1/rest/mgmt", {"csl": ".show tables"})]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DirectoryConnection]:
    """A data directory in which a function was saved."""
    with open_control(tmp_path) as control:
        Functions(control, SystemClock()).save(TWICE, CATALOG, by="ada")
    connection = DirectoryConnection(tmp_path, "chdb://:memory:")  # a process has one engine
    yield connection
    connection.close()


def test_a_directory_answers_without_a_hub(directory: DirectoryConnection) -> None:
    """Queries, names and errors are those of a hub; its commands are refused."""
    assert [answer["rows"] for answer in directory.ask("Calls | take 0 | count", "P1D")] == [[[0]]]
    assert "Calls" in directory.catalog().names
    with pytest.raises(KqlSemanticError, match="no table 'Cals'"):
        directory.ask("Cals | count", None)
    with pytest.raises(CommandError, match=r"\.show is a command of a hub.*use \.tables"):
        directory.command(".show tables")


def test_answers_keep_the_digits_of_decimals(directory: DirectoryConnection) -> None:
    digits = "12345678901234567.0123456789"
    client = FakeClient({"/query": msgspec.Raw(b'{"tables":[{"rows":[[%b]]}]}' % digits.encode())})
    hub = HubConnection(client)  # type: ignore[arg-type]  # as above
    for connection in (hub, directory):
        [answer] = connection.ask(f"print decimal({digits})", None)
        assert answer["rows"] == [[Decimal(digits)]]


def test_a_query_may_have_several_answers(directory: DirectoryConnection) -> None:
    answers = directory.ask("print 1 | as One; print 2", None)
    assert [(answer["name"], answer["rows"]) for answer in answers] == [
        ("One", [[1]]),
        ("PrimaryResult", [[2]]),
    ]


def test_a_directory_knows_its_saved_functions(directory: DirectoryConnection) -> None:
    """In queries, and while they are typed."""
    assert [answer["rows"] for answer in directory.ask("print Twice(21)", None)] == [[[42]]]
    [suggestion] = complete("print Twi", 9, directory.catalog()).suggestions
    assert (suggestion.text, suggestion.documentation) == ("Twice(", "Doubles.")
