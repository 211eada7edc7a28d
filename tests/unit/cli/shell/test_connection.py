"""Where a shell's questions go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatelog.api.completion import schema_of
from gatelog.cli.shell.connection import CommandError, HubConnection
from gatelog.cli.shell.directory import DirectoryConnection
from gatelog.errors import KqlSemanticError
from gatelog.kql import Catalog, SavedFunction, complete
from gatelog.store import CATALOG


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
    client = FakeClient({"/query": {"columns": [], "rows": []}})
    connection = HubConnection(client)  # type: ignore[arg-type]  # has what is used
    assert connection.ask("Calls", None) == {"columns": [], "rows": []}
    connection.ask("Calls", "P1D")
    assert client.posted == [
        ("/query", {"query": "Calls", "format": "json"}),
        ("/query", {"query": "Calls", "format": "json", "timespan": "P1D"}),
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


def test_a_directory_answers_without_a_hub(tmp_path: Path) -> None:
    """Queries, names and errors are those of a hub; its commands are refused."""
    connection = DirectoryConnection(tmp_path, "chdb://:memory:")  # a process has one engine
    try:
        assert connection.ask("Calls | take 0 | count", "P1D")["rows"] == [[0]]
        assert "Calls" in connection.catalog().names
        with pytest.raises(KqlSemanticError, match="no table 'Cals'"):
            connection.ask("Cals | count", None)
        with pytest.raises(CommandError, match=r"\.show is a command of a hub"):
            connection.command(".show tables")
    finally:
        connection.close()
