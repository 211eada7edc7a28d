"""Questions and answers over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from gatelog.api import json_bodies
from gatelog.api.application import HubApi
from gatelog.api.auth import Authenticator
from gatelog.api.principal import LOCAL, Principal
from gatelog.api.problems import RequestError
from gatelog.api.prometheus import ForwarderCollector, hub_registry
from gatelog.api.questions import Questions
from gatelog.api.services import Services
from gatelog.api.workers import Workers
from gatelog.control import Functions
from gatelog.errors import KqlBudgetError, KqlTimeoutError
from gatelog.store import Store

from .conftest import FixedClock, away


def ask(session, query: str, **more):
    return session.post("/query", json={"query": query, **more})


def error_of(response) -> dict:
    document = response.json()
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "message", "line", "column", "hint"}
    return document["error"]


def test_an_answer_has_columns_with_types_and_rows(client) -> None:
    """Datetimes with Z, timespans as Kusto prints them, dynamic as JSON, null as null."""
    columns = "Sequence, TimeGenerated, Took = 1d + 1s, Parameters, AudioPromptTokens, IsStream, DurationMs"
    query = f"Calls | where Sequence == 1 | project {columns}"
    document = ask(client(), query).json()
    assert document == {
        "columns": [
            {"name": "Sequence", "type": "long"},
            {"name": "TimeGenerated", "type": "datetime"},
            {"name": "Took", "type": "timespan"},
            {"name": "Parameters", "type": "dynamic"},
            {"name": "AudioPromptTokens", "type": "long"},
            {"name": "IsStream", "type": "bool"},
            {"name": "DurationMs", "type": "real"},
        ],
        "rows": [[1, "2026-09-21T14:13:21.1234567Z", "1.00:00:01", {"n": 1}, None, False, 1003.0]],
    }


def test_a_range_that_is_too_long_is_refused_and_never_cut(client) -> None:
    def total(stop: int) -> Any:
        return ask(client(), f"range x from 1 to {stop} step 1 | summarize sum(x)")

    assert total(10_000_000).json()["rows"] == [[50_000_005_000_000]]
    assert "more than 10,000,000 rows" in error_of(total(10_000_001))["message"]


def test_csv_has_the_same_values(client) -> None:
    """RFC 4180, a line of names first."""
    response = ask(client(), "print a = 'x,\"y\"\\nz', b = dynamic([1]), c = long(null)", format="csv")
    assert response.headers["content-type"].startswith("text/csv")
    assert list(csv.reader(io.StringIO(response.text, newline=""))) == [
        ["a", "b", "c"],
        ['x,"y"\nz', "[1]", ""],
    ]


def test_a_timespan_limits_the_time(client) -> None:
    """The clock stands 15 minutes after the first record."""
    session = client()
    assert ask(session, "Calls | count", timespan="P1D").json()["rows"] == [[10]]
    assert ask(session, "Calls | count", timespan="PT1M").json()["rows"] == [[0]]
    assert ask(session, "Calls | count", timespan="2026-09-21T14:13:22Z/PT3S").json()["rows"] == [[3]]


def test_a_timespan_that_is_none_has_no_place_in_the_query(client) -> None:
    error = error_of(ask(client(), "Calls | count", timespan="bogus"))
    assert error["message"] == "timespan: 'bogus' is not an ISO 8601 duration"
    assert (error["code"], error["line"], error["column"]) == ("query_semantic", None, None)


def test_now_is_the_hubs_clock(client) -> None:
    """`ago` counts from it."""
    assert ask(client(), "Calls | where TimeGenerated > ago(895s) | count").json()["rows"] == [[5]]


@pytest.mark.parametrize(
    ("query", "code", "column"),
    [
        ("Calls | whre x", "query_syntax", 9),
        ("Calls | where Nope == 1", "query_semantic", 15),
        ("Nope | count", "query_semantic", 1),
    ],
)
def test_the_authors_faults_are_400_with_a_place(client, query: str, code: str, column: int) -> None:
    """Line, column, and what is wrong."""
    response = ask(client(), query)
    error = error_of(response)
    assert response.status_code == 400
    assert (error["code"], error["line"], error["column"]) == (code, 1, column)
    assert error["message"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(KqlTimeoutError, 408, "query_timeout"), (KqlBudgetError, 413, "query_budget")],
)
def test_a_query_over_its_budget_says_so(client, monkeypatch, error, status: int, code: str) -> None:
    """408 for time, 413 for size, and what to do; no part of the text is to blame."""

    def over(*args: object, **more: object) -> None:
        raise error("too much", hint="take less")

    monkeypatch.setattr(Store, "stream_rows", over)
    response = ask(client(), "Calls")
    assert response.status_code == status
    assert error_of(response)["code"] == code
    error = error_of(response)
    assert (error["hint"], error["line"], error["column"]) == ("take less", None, None)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "bad_question"),
        (b"\xff", "application/json", 400, "bad_question"),
        (b"[]", "application/json", 400, "bad_question"),
        (
            b'{"query": "Calls", "parameters": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
            "application/json",
            400,
            "bad_question",
        ),
        (b'{"query": 1}', "application/json", 400, "bad_question"),
        (b'{"query": "Calls", "fromat": "csv"}', "application/json", 400, "bad_question"),
        (b'{"query": "Calls", "format": "xml"}', "application/json", 400, "bad_question"),
        (b'{"query": "Calls"}', "text/plain", 415, "not_json"),
        (b" " * (json_bodies.BODY_BYTES_MAX + 1), "application/json", 413, "too_large"),
    ],
)
def test_a_question_must_be_one(client, body: bytes, content_type: str, status: int, code: str) -> None:
    """Misspelt members are not ignored; what a web page can send without asking is not taken."""
    response = client().post("/query", content=body, headers={"content-type": content_type})
    assert response.status_code == status
    assert error_of(response)["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nope", 404), ("GET", "/query", 405), ("DELETE", "/metrics", 405)]
)
def test_unknown_paths_and_methods_have_the_same_shape(client, method: str, path: str, status: int) -> None:
    """Every error looks alike."""
    response = client().request(method, path)
    assert response.status_code == status
    assert error_of(response)["code"] == f"http_{status}"
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/query"), ("GET", "/completeness"), ("GET", "/healthz")]
)
def test_a_store_that_is_away_is_503(client, method: str, path: str) -> None:
    """Come back later."""
    response = client(opened=away).request(
        method, path, json={"query": "Calls"} if method == "POST" else None
    )
    assert response.status_code == 503
    assert error_of(response)["code"] == "store_unavailable"


def test_a_defect_shows_no_details(client, monkeypatch) -> None:
    """They are in the log."""

    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("the secret is hunter2")

    monkeypatch.setattr(Questions, "compile", broken)
    response = ask(client(), "Calls")
    assert response.status_code == 500
    assert error_of(response)["code"] == "internal"
    assert "hunter2" not in response.text


def test_a_format_that_is_not_there_is_refused_with_those_that_are(client) -> None:
    refused = client().post("/query", json={"query": "print 1", "format": "yaml"}).json()["error"]
    assert refused["message"] == "format cannot be 'yaml'; known are arrow, csv, json, parquet"


def test_completeness_is_the_stores_proof(client, store: Store) -> None:
    """With times as ISO 8601; a plus sign may have become a space on its way."""
    response = client().get("/completeness", params={"from": "2026-09-21T00:00:00Z"})
    assert response.json() == store.prove().to_dict()
    assert client().get("/completeness?from=2026-09-21T02:00:00+02:00").status_code == 200
    turned = client().get("/completeness", params={"from": "9999-12-31", "to": "0001-01-01"})
    assert (turned.status_code, turned.json()["error"]["code"]) == (400, "bad_period")
    bad = client().get("/completeness", params={"to": "tomorrow"})
    assert bad.status_code == 400
    assert "tomorrow" in error_of(bad)["message"]


def test_metrics_show_every_forwarder(client) -> None:
    """Prometheus text, labelled by spool."""
    response = client().get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'gatelog_forwarder_calls_total{spool="gateway-0"} 7.0' in response.text
    assert 'gatelog_forwarder_lag_bytes{spool="gateway-0"} 512.0' in response.text


def test_a_hub_whose_places_are_all_taken_is_not_ill(store: Store, functions: Functions) -> None:
    async def look() -> int:
        release, workers, clock = threading.Event(), Workers(at_once=1, waiting_max=0), FixedClock()
        asked = asyncio.create_task(workers.run(release.wait))
        await asyncio.sleep(0)
        questions = Questions(lambda: store, clock)
        services = Services(Authenticator([]), workers, questions, lambda: store, functions, clock)
        application = HubApi(services, hub_registry(ForwarderCollector(dict))).application()
        answer = await asyncio.to_thread(TestClient(application).get, "/healthz")
        release.set()
        await asked
        workers.close()
        return answer.status_code

    assert asyncio.run(look()) == 200


def test_too_many_questions_are_told_to_come_back() -> None:
    """One is answered, one waits, the third is refused."""

    async def ask_three() -> list[object]:
        release = threading.Event()
        workers = Workers(at_once=1, waiting_max=1)
        patient = [asyncio.create_task(workers.run(release.wait)) for _ in range(2)]
        await asyncio.sleep(0)  # both are handed to the pool
        with pytest.raises(RequestError) as refused:
            await workers.run(release.wait)
        release.set()
        answers = await asyncio.gather(*patient)
        workers.close()
        return [refused.value.status, *answers]

    assert asyncio.run(ask_three()) == [503, True, True]


PAGE = {"origin": "https://pages.example", "sec-fetch-site": "cross-site"}
PREFLIGHT = {
    **PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type, x-ms-app",
}


def test_no_web_page_may_ask_unless_its_origin_is_configured(client) -> None:
    answer = client().options("/query", headers=PREFLIGHT)
    assert not any(name.startswith("access-control") for name in answer.headers)
    other = client(origins=["https://other.example"]).options("/query", headers=PREFLIGHT)
    assert "access-control-allow-origin" not in other.headers


def test_pages_of_a_configured_origin_may_ask_with_a_token(client) -> None:
    class Tokens:
        def principal(self, token: str) -> Principal | None:
            return LOCAL if token == "known" else None

    session = client(Authenticator([Tokens()], anonymous=True), origins=["https://pages.example"])
    asked = session.options("/query", headers=PREFLIGHT)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, PAGE["origin"])
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    body = {"query": "print 1"}
    answer = session.post("/query", json=body, headers=PAGE | {"authorization": "Bearer known"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE["origin"])
    refused = session.post("/query", json=body, headers=PAGE)
    assert (refused.status_code, error_of(refused)["code"]) == (403, "wrong_site")
