"""Where a shell's questions go; the usual case, a running hub."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import msgspec

from gatelog.app import HubClient, decode_exactly
from gatelog.errors import GatelogError
from gatelog.kql import Catalog, Column, JsonPath, KqlType, PathColumn, SavedFunction, Table

AnswerTable: TypeAlias = dict[str, Any]
"""`{"columns": [{"name", "type"}], "rows": [[…]]}`, cells as in JSON; that of a query also has its `name`."""


class CommandError(GatelogError):
    """A command that cannot be carried out here."""


class Connection(Protocol):
    """Blocks while it works; a KeyboardInterrupt gives up waiting."""

    name: str
    managed: bool
    """Whether there is a hub behind it that carries out management commands."""

    def ask(self, query: str, timespan: str | None) -> list[AnswerTable]:
        """The answers to a query, one at least. KqlError or HubError, with the place in the text if there is
        one.
        """

    def command(self, text: str) -> AnswerTable:
        """The result of a management command of Kusto, `.show tables`."""

    def catalog(self) -> Catalog:
        """What queries may name."""

    def close(self) -> None:
        """Let go of what is held."""


class HubConnection:
    """Questions to a running hub."""

    managed = True

    def __init__(self, client: HubClient) -> None:
        self.name = client.url
        self._client = client

    def ask(self, query: str, timespan: str | None) -> list[AnswerTable]:
        """As in Connection; giving up closes the connection to the hub."""
        question = {"query": query, "format": "json", "tables": "all"}
        if timespan:
            question["timespan"] = timespan
        answers: list[AnswerTable] = decode_exactly(self._client.post("/query", question))["tables"]
        return answers

    def command(self, text: str) -> AnswerTable:
        """As in Connection."""
        answer = msgspec.json.decode(self._client.post("/v1/rest/mgmt", {"csl": text}))
        first = answer["Tables"][0]
        columns = [
            {"name": column["ColumnName"], "type": column.get("ColumnType", "string")}
            for column in first["Columns"]
        ]
        return {"columns": columns, "rows": first["Rows"]}

    def catalog(self) -> Catalog:
        """As in Connection: what the hub lets us name."""
        schema = self._client.get("/schema", {})
        functions = (SavedFunction(**function) for function in schema["functions"])
        return Catalog(map(_table, schema["tables"]), functions)

    def close(self) -> None:
        """Nothing is held between questions."""


def _table(table: dict[str, Any]) -> Table:
    columns = tuple(Column(column["name"], KqlType(column["type"])) for column in table["columns"])
    paths = {_place(member): PathColumn("", KqlType(member["type"])) for member in table["members"]}
    return Table(table["name"], columns, table["name"], paths)


def _place(member: dict[str, Any]) -> tuple[str, JsonPath]:
    return member["column"], tuple(member["path"])
