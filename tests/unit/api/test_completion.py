"""What editors ask of the hub."""

from __future__ import annotations

import pytest

from gatelog.api.auth import Authenticator
from gatelog.api.completion import schema_of
from gatelog.api.json_bodies import BODY_BYTES_MAX
from gatelog.api.principal import LOCAL
from gatelog.api.questions import QUERY_CHARACTERS_MAX, Questions
from gatelog.kql import Catalog, complete
from gatelog.store import CATALOG

from .conftest import FixedClock, away


def test_what_can_follow_is_answered_with_its_place(client) -> None:
    """The text from `start` to the cursor is what a suggestion takes the place of."""
    document = (
        client().post("/complete", json={"query": "Calls | where Reques | take 1", "position": 20}).json()
    )
    assert document["start"] == 14
    assert document["suggestions"][0] == {
        "kind": "column",
        "name": "RequestId",
        "text": "RequestId",
        "signature": "string",
        "documentation": "",
    }


def test_without_a_position_the_cursor_is_at_the_end(client) -> None:
    document = client().post("/complete", json={"query": "Calls | "}).json()
    assert [one["name"] for one in document["suggestions"][:2]] == ["where", "project"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ('{"query": "x", "position": 9}', {}, 400, "bad_position"),
        ('{"query": "x", "position": -1}', {}, 400, "bad_position"),
        ('{"query": 1}', {}, 400, "bad_question"),
        ('{"query": "x", "more": 1}', {}, 400, "bad_question"),
        ("{", {}, 400, "bad_question"),
        ('{"query": "x"}', {"content-type": "text/plain"}, 415, "not_json"),
        ('{"query": "' + "x" * (QUERY_CHARACTERS_MAX + 1) + '"}', {}, 413, "too_large"),
        ('{"query": "' + "x" * BODY_BYTES_MAX + '"}', {}, 413, "too_large"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(client, body, headers, status, code) -> None:
    sent = {"content-type": "application/json"} | headers
    response = client().post("/complete", content=body, headers=sent)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_the_schema_names_what_queries_may_name(client, functions) -> None:
    document = client().get("/schema").json()
    assert [table["name"] for table in document["tables"]] == [*CATALOG.names]
    [calls] = [table for table in document["tables"] if table["name"] == "Calls"]
    assert {"name": "TimeGenerated", "type": "datetime"} in calls["columns"]
    [log] = [table for table in document["tables"] if table["name"] == "ApiManagementGatewayLogs"]
    assert {"column": "BackendResponseBody", "path": ["usage", "prompt_tokens"], "type": "long"} in log[
        "members"
    ]
    assert document["functions"] == []


def test_protected_columns_are_not_named() -> None:
    """Neither by the schema nor by completion; members with a typed column of their own are."""
    table = CATALOG.find("ApiManagementGatewayLogs")
    assert table is not None
    catalog = Catalog([table.without(frozenset({"BackendResponseBody"}))])
    [described] = schema_of(catalog)["tables"]
    assert "BackendResponseBody" not in {column["name"] for column in described["columns"]}
    text = "ApiManagementGatewayLogs | where "
    offered = {one.name for one in complete(text, len(text), catalog).suggestions}
    assert "BackendResponseBody" not in offered
    assert "TimeGenerated" in offered


@pytest.mark.parametrize(("method", "path"), [("POST", "/complete"), ("GET", "/schema")])
def test_strangers_learn_no_names(client, method: str, path: str) -> None:
    closed = client(authenticator=Authenticator([], anonymous=False))
    assert closed.request(method, path, json={"query": ""}).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "print x = toscalar(Calls | project RequestBody | take 1), ",
        "let said = toscalar(Calls | summarize countif(RequestBody has 'tide')); print ",
        "Calls | where RequestBody in ((Calls | project RequestBody)) | ",
        "let f = () { toscalar(Calls | where RequestBody has 'tide' | count) }; print f() | extend ",
    ],
)
def test_a_value_that_may_not_be_seen_is_passed_over(query: str) -> None:
    """It is none of the names that can follow, and no reason to have none."""
    catalog = Questions(away, FixedClock()).catalog(LOCAL.without_bodies())
    suggestions = complete(query, len(query), catalog).suggestions
    assert suggestions
    assert "RequestBody" not in {one.name for one in suggestions}
