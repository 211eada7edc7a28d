"""Paths of all surfaces, with a slash at their end and without: Kusto's clients follow no redirect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from gatelog.api.principal import Principal, Role
from gatelog.store import Budget
from gatelog.testing.records import chat_exchange

ACCOUNT = "subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/east"
NAMES = {
    "database": "gatelog",
    "workspace": "home",
    "resource:path": ACCOUNT,
    "leaf": "metrics",
    "provider": "Microsoft.CognitiveServices",
    "kind": "accounts",
    "name": "east",
}
"""What stands for a parameter of a path; for others their own name does."""


@pytest.fixture(scope="module")
def client(surfaces: Callable[..., Any]) -> TestClient:
    """A hub with one call."""
    principals = {"reader": Principal("reader", Role.LOG_WITH_BODIES)}
    client: TestClient = surfaces([chat_exchange(1)], principals, Budget(rows=100)).client
    client.headers["authorization"] = "Bearer reader"
    client.follow_redirects = False
    return client


def paths(client: TestClient) -> list[str]:
    """Every path that the hub knows, with names in place of its parameters."""
    routes = [route for route in client.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    return [re.sub(r"{(.*?)}", lambda part: NAMES.get(part[1], part[1]), route.path) for route in routes]


def answers(client: TestClient, path: str) -> list[tuple[int, Any]]:
    """Status and, of a refusal, the error's code: of a question that says nothing, and of a look."""
    return [(one.status_code, _code(one)) for one in (client.post(path, json={}), client.get(path))]


def _code(answer: Any) -> Any:
    if answer.status_code < 400 or not answer.content:
        return ""
    error = answer.json().get("error")
    return error["code"] if isinstance(error, dict) else error


def test_a_slash_at_the_end_of_a_path_changes_nothing(client: TestClient) -> None:
    known = paths(client)
    assert "/v2/rest/query" in known
    for path in [*known, "/v3", "/nothing/here"]:
        answer = answers(client, path)
        assert answers(client, f"{path}/") == answer, path
        assert all(not 300 <= status < 400 for status, _ in answer), path


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1", "PathNotFoundError"),
        ("/v1/rest", "NotFound"),
        ("/v2", "NotFound"),
        ("/v2/rest", "NotFound"),
        ("/v2/rest/queries", "NotFound"),
    ],
)
def test_the_beginning_of_a_path_is_refused_by_the_service_that_it_belongs_to(
    client: TestClient, path: str, code: str
) -> None:
    for spelled in (path, f"{path}/"):
        assert answers(client, spelled)[1] == (404, code)
