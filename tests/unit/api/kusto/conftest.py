"""The Kusto surface over an embedded store, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Questions
from gatelog.api.workers import Workers
from gatelog.store import Budget, Store
from gatelog.testing.records import chat_exchange, refused_exchange

TOKENS = {
    "writer": Principal("writer", Role.LOG_WITH_BODIES, may_write=True),
    "reader": Principal("reader", Role.LOG_WITH_BODIES),
    "clerk": Principal("clerk", Role.LOG, may_write=True),
    "meter": Principal("meter", Role.METRICS, may_write=True),
}


class Kusto:
    """Asks the surface as one principal."""

    def __init__(self, surfaces: Any) -> None:
        self.client: TestClient = surfaces.client
        self.store: Store = surfaces.store
        self.workers: Workers = surfaces.workers
        self.questions: Questions = surfaces.questions

    def post(self, path: str, text: str, *, token: str = "writer", **options: Any) -> Any:
        """The raw answer to a query or a command."""
        body = {"db": "gatelog", "csl": text, "properties": {"Options": options}}
        return self.client.post(path, json=body, headers={"authorization": f"Bearer {token}"})

    def rows(self, query: str, *, token: str = "writer", **options: Any) -> list[list[Any]]:
        """The rows of a query's first answer."""
        answer = self.post("/v1/rest/query", query, token=token, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["Tables"][0]["Rows"]

    def command(self, text: str, *, token: str = "writer") -> list[list[Any]]:
        """The rows that a command answers."""
        answer = self.post("/v1/rest/mgmt", text, token=token)
        assert answer.status_code == 200, answer.text
        return answer.json()["Tables"][0]["Rows"]

    def refusal(
        self, text: str, *, path: str = "/v1/rest/mgmt", token: str = "writer"
    ) -> tuple[int, str, str]:
        """Status, code and message of a refused request."""
        answer = self.post(path, text, token=token)
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["@message"]

    def drop_tables(self) -> None:
        """No table of the users' own is left."""
        for table in self.store.user_tables.all():
            self.store.user_tables.drop(table)

    def ingest(self, table: str, data: bytes, *, token: str = "writer", **parameters: str) -> Any:
        """The raw answer to a streaming ingestion."""
        return self.client.post(
            f"/v1/rest/ingest/gatelog/{table}",
            params=parameters,
            content=data,
            headers={"authorization": f"Bearer {token}"},
        )


@pytest.fixture(scope="module")
def kusto(surfaces: Callable[..., Any]) -> Kusto:
    """Nine answered calls and a refused one; no tables of the users' own."""
    exchanges = [*map(chat_exchange, range(1, 10)), refused_exchange(10)]
    return Kusto(surfaces(exchanges, TOKENS, Budget(rows=1_000)))


def names(kusto: Kusto) -> list[str]:
    """The tables of the users' own."""
    return [table.name for table in kusto.store.user_tables.all()]


@pytest.fixture
def tidy(kusto: Kusto) -> Iterator[None]:
    """The test ends without tables of the users' own."""
    yield
    kusto.drop_tables()


def frames_of(text: str) -> list[dict[str, Any]]:
    """The frames of an answer of version 2."""
    frames: list[dict[str, Any]] = json.loads(text)
    return frames
