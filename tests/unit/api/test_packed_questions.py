"""Questions with a content coding, on every surface: answered as plain ones, or refused in its own shape."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from gatelog.api.principal import Principal, Role
from gatelog.store import Budget
from gatelog.testing.records import chat_exchange

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/east"
HOME = "/v1/workspaces/home/query"


class Surface(NamedTuple):
    """A route, a question to it, and the codes in its answers of 413, 415 and 400."""

    path: str
    body: dict[str, Any]
    codes: tuple[str, str, str]


KUSTO = ("Payload too large", "UnsupportedMediaType", "General_BadRequest")
MONITOR = ("RequestTooLarge", "UnsupportedMediaType", "BadArgumentError")
MANAGER = ("RequestTooLarge", "UnsupportedMediaType", "BadRequest")
SURFACES = [
    Surface("/query", {"query": "print 1"}, ("too_large", "unknown_encoding", "bad_encoding")),
    Surface("/complete", {"query": "Calls | "}, ("too_large", "unknown_encoding", "bad_encoding")),
    Surface("/v1/rest/query", {"csl": "print 1"}, KUSTO),
    Surface("/v2/rest/query", {"csl": "print 1"}, KUSTO),
    Surface("/v1/rest/mgmt", {"csl": ".show version"}, KUSTO),
    Surface(HOME, {"query": "print 1"}, MONITOR),
    Surface(
        "/v1/$batch", {"requests": [{"id": "1", "workspace": "home", "body": {"query": "print 1"}}]}, MONITOR
    ),
    Surface(
        "/subscriptions/s/metrics:getBatch?api-version=2024-02-01&interval=FULL",
        {"resourceids": [ACCOUNT]},
        MANAGER,
    ),
    Surface(
        "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01",
        {"query": "resources | take 1"},
        MANAGER,
    ),
]


@pytest.fixture(scope="module")
def client(surfaces: Callable[..., Any]) -> TestClient:
    """A hub with a few calls."""
    principals = {"reader": Principal("reader", Role.LOG_WITH_BODIES)}
    return surfaces([chat_exchange(1)], principals, Budget(rows=100)).client


def post(client: TestClient, path: str, content: bytes, coding: str) -> Any:
    headers = {"authorization": "Bearer reader", "content-type": "application/json"}
    return client.post(path, content=content, headers={**headers, "content-encoding": coding})


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.path)
def test_a_packed_question_is_answered(client: TestClient, surface: Surface) -> None:
    body = json.dumps(surface.body).encode()
    for coding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body)), ("", body)):
        answer = post(client, surface.path, packed, coding)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.path)
@pytest.mark.parametrize(
    ("status", "coding", "content"),
    [(413, "gzip", gzip.compress(bytes(40 * 2**20))), (415, "br", b"x"), (400, "gzip", b"{}")],
)
def test_what_cannot_be_unpacked_is_refused_in_the_services_own_shape(
    client: TestClient, surface: Surface, status: int, coding: str, content: bytes
) -> None:
    answer = post(client, surface.path, content, coding)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == surface.codes[[413, 415, 400].index(status)]


def test_a_client_reads_why_another_coding_is_refused(client: TestClient) -> None:
    said = "Content-Encoding br is not read here: send gzip, deflate or none"
    assert post(client, "/v2/rest/query", b"x", "br").json()["error"]["@message"] == said
    assert post(client, HOME, b"x", "br").json()["error"]["message"] == said
