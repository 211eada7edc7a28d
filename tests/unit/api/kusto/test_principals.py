"""What a caller may do, as clients ask it before they show or write anything; and what a query would do."""

from __future__ import annotations

import json

import pytest

from .conftest import Kusto


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        ("writer", ["UnrestrictedViewer", "User", "Ingestor"]),
        ("reader", ["UnrestrictedViewer"]),
        ("clerk", ["Viewer", "User", "Ingestor"]),
        ("meter", ["Monitor"]),
    ],
)
def test_a_caller_sees_its_own_roles(kusto: Kusto, token: str, roles: list[str]) -> None:
    rows = kusto.command(".show principal roles", token=token)
    assert [(scope, who) for scope, who, _, _ in rows] == [("Database gatelog", token)] * len(roles)
    assert [role for *_, role in rows] == roles
    assert kusto.command(".show principal 'aadapp=1;2' roles", token=token) == rows


@pytest.mark.parametrize(
    "command",
    [
        ".show database principals",
        ".show database gatelog principals",
        ".show cluster principals",
        ".show table Calls principals",
    ],
)
def test_of_all_principals_a_caller_sees_itself(kusto: Kusto, command: str) -> None:
    rows = kusto.command(command, token="clerk")
    assert [row[0] for row in rows] == [f"Database gatelog {r}" for r in ("Viewer", "User", "Ingestor")]
    assert {row[2] for row in rows} == {"clerk"}


def test_a_function_has_the_principals_of_its_database(kusto: Kusto) -> None:
    kusto.command(".create-or-alter function Last() { Calls | take 1 }")
    assert kusto.command(".show function Last principals") == kusto.command(".show database principals")
    kusto.command(".drop function Last")


@pytest.mark.parametrize(
    ("token", "asked", "allowed"),
    [
        ("writer", "", True),
        (
            "writer",
            "with (principal='aadapp=1', accesstype='ingest', table='Prices')",
            True,
        ),
        ("writer", "with (accesstype='ingest', table='Calls')", False),
        ("writer", "with (accesstype='ingest', table='Nothing')", False),
        ("reader", "with (accesstype='ingest', table='Prices')", False),
        ("reader", "with (accesstype='query', table='Calls')", True),
        ("meter", "with (accesstype='query', table='Calls')", False),
        ("meter", "with (accesstype='ingest')", False),
    ],
)
def test_access_is_asked_for_before_it_is_used(kusto: Kusto, token: str, asked: str, allowed: bool) -> None:
    kusto.command(".create-merge table Prices (Model: string)")
    [row] = kusto.command(f".show principal access {asked}", token=token)
    assert row[3] is allowed


def plan(kusto: Kusto, query: str, *, token: str = "reader") -> dict[str, str]:
    rows = kusto.command(f".show queryplan <| {query}", token=token)
    return {kind: content for kind, _, content in rows}


def test_a_plan_has_the_operators_and_the_statement_of_a_query(kusto: Kusto) -> None:
    found = plan(kusto, "let m = 'gpt'; Calls | where ModelName has m | count")
    assert found["QueryText"].startswith("let m")
    let, query = json.loads(found["RelopTree"])["Statements"]
    assert let == {"Kind": "Let", "Text": "let m = 'gpt'"}
    assert [part["Text"] for part in query["Operators"]] == ["Calls", "where ModelName has m", "count"]
    [statement] = json.loads(found["QueryPlan"])["Statements"]
    assert statement.startswith(("SELECT", "WITH"))
    stats = json.loads(found["Stats"])
    assert (stats["RelopSize"], stats["Results"]) == (len(found["RelopTree"]), ["Count: long"])


def test_a_plan_is_made_without_running_the_query(kusto: Kusto) -> None:
    before = kusto.command(".show queries | count")
    assert "QueryPlan" in plan(kusto, "range x from 1 to 1000000000 step 1 | summarize dcount(x)")
    assert kusto.command(".show queries | count") == [[before[0][0] + 1]]  # the one that counted


@pytest.mark.parametrize("query", ["Calls | wher 1", "Calls | project No", "Calls | project RequestBody"])
def test_what_is_wrong_with_a_query_is_in_its_plan(kusto: Kusto, query: str) -> None:
    found = plan(kusto, query, token="clerk")
    assert set(found) == {"QueryText", "Error"}
    assert found["Error"].startswith("1:")


def test_a_plan_needs_a_query(kusto: Kusto) -> None:
    status, code, _ = kusto.refusal(".show queryplan")
    assert (status, code) == (400, "BadRequest_SyntaxError")


def test_a_header_forbids_a_request_to_change_anything(kusto: Kusto) -> None:
    headers = {"authorization": "Bearer writer", "x-ms-readonly": "true"}
    body = {"db": "gatelog", "csl": ".create table Forbidden (a: long)"}
    answer = kusto.client.post("/v1/rest/mgmt", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Forbidden")
    shown = kusto.client.post("/v1/rest/mgmt", json=body | {"csl": ".show tables"}, headers=headers)
    assert shown.status_code == 200
    kusto.command(".create-merge table Prices (Model: string)")
    answer = kusto.client.post(
        "/v1/rest/ingest/gatelog/Prices?streamFormat=csv", content=b"gpt\n", headers=headers
    )
    assert answer.status_code == 403


def test_the_cluster_is_one_node(kusto: Kusto) -> None:
    [row] = kusto.command(".show cluster", token="meter")
    assert (len(row), row[0], row[4]) == (9, "gatelog", True)
