"""What clients send: bodies, properties, headers; and what is answered to those that make no sense."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatelog.api.kusto.faults import KustoError
from gatelog.api.kusto.options import Options, Placement, read_options

from .conftest import Kusto, frames_of

ROUTES = ("/v1/rest/query", "/v2/rest/query", "/v1/rest/mgmt")


def test_options_are_read_in_every_spelling() -> None:
    options = read_options(
        {
            "ServerTimeout": "00:01:30",
            "truncationmaxrecords": "7",
            "truncation_max_size": 1000,
            "notruncation": "false",
            "query_take_max_records": 5,
            "query_now": "2024-01-02T03:04:05Z",
            "query_datetimescope_from": "datetime(2024-01-01)",
            "query_datetimescope_column": "TimeGenerated",
            "results_progressive_enabled": True,
            "results_v2_newlines_between_frames": 1,
            "results_error_reporting_placement": "end_of_table",
            "request_readonly": True,
            "request_app_name": "a report",
            "queryconsistency": "weakconsistency",
            "best_effort": None,
        }
    )
    assert options == Options(
        timeout=timedelta(seconds=90),
        records=7,
        bytes=1000,
        take=5,
        now=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        scope=(datetime(2024, 1, 1, tzinfo=UTC), None),
        progressive=True,
        fragmented=True,
        newlines=True,
        placement=Placement.END_OF_TABLE,
        read_only=True,
        application="a report",
    )


@pytest.mark.parametrize("text", ["90s", "1.5m", "00:01:30", "time(90s)", "timespan( 00:01:30 )"])
def test_a_timeout_is_any_timespan(text: str) -> None:
    assert read_options({"servertimeout": text}).timeout == timedelta(seconds=90)


@pytest.mark.parametrize(
    "properties",
    [
        {"servertimeout": "soon"},
        {"servertimeout": 5},
        {"servertimeout": "datetime(90s)"},
        {"servertimeout": "time(90s"},
        {"truncationmaxrecords": -1},
        {"truncationmaxrecords": True} | {"notruncation": "perhaps"},
        {"query_now": "yesterday"},
        {"query_language": "sql"},
        {"results_error_reporting_placement": "nowhere"},
        {"query_datetimescope_to": "2024-01-01", "query_datetimescope_column": "Other"},
        {"query_bin_auto_size": "1h; Calls"},
        {"query_bin_auto_size": "now()"},
        {"query_bin_auto_size": "'"},
        {"query_bin_auto_at": "2017-01-01"},
        {"query_bin_auto_at": True},
    ],
)
def test_an_option_that_cannot_be_read_is_refused_by_name(properties: dict[str, Any]) -> None:
    with pytest.raises(KustoError) as caught:
        read_options(properties)
    assert caught.value.fault.status == 400


@pytest.mark.parametrize(
    ("properties", "bins"),
    [
        ({"Query_Bin_Auto_Size": 5}, [0, 5, 10]),
        ({"query_bin_auto_size": "5", "query_bin_auto_at": "-1"}, [-1, 4, 9]),
    ],
)
def test_bins_are_as_wide_as_the_request_says(
    kusto: Kusto, properties: dict[str, Any], bins: list[int]
) -> None:
    def ask(text: str) -> list[int]:
        request = {"csl": text, "properties": {"Options": properties}}
        answer = kusto.client.post("/v1/rest/query", json=request, headers={"authorization": "Bearer writer"})
        return [row[0] for row in answer.json()["Tables"][0]["Rows"]]

    binned = "range x from 1 to 12 step 1 | summarize by bin = bin_auto(x) | sort by bin asc"
    assert ask(binned) == bins
    assert ask(f"set query_bin_auto_size = 6; set query_bin_auto_at = 0; {binned}") == [0, 6, 12]


def test_bins_of_times_begin_where_the_request_says(kusto: Kusto) -> None:
    text = "print bin_auto(datetime(2017-01-01 02:01))"
    properties = {"query_bin_auto_size": "1h", "query_bin_auto_at": "datetime(2017-01-01 00:05)"}
    answer = kusto.client.post(
        "/v1/rest/query",
        json={"csl": text, "properties": {"Options": properties}},
        headers={"authorization": "Bearer writer"},
    )
    assert answer.json()["Tables"][0]["Rows"] == [["2017-01-01T01:05:00.0000000Z"]]


def test_no_request_timeout_wins_over_a_timeout() -> None:
    assert read_options({"norequesttimeout": True, "servertimeout": "00:00:01"}).timeout is None


@pytest.mark.parametrize("shape", ["object", "text", "lower"])
def test_properties_come_as_an_object_or_as_text(kusto: Kusto, shape: str) -> None:
    names = ("options", "parameters") if shape == "lower" else ("Options", "Parameters")
    properties: Any = {names[0]: {"query_take_max_records": 2}, names[1]: {"n": "9"}}
    if shape == "text":
        properties = json.dumps(properties)
    text = "declare query_parameters(n: long); range x from n to 20 step 1"
    answer = kusto.client.post(
        "/v1/rest/query",
        json={"db": "gatelog", "csl": text, "properties": properties, "querySource": "schema"},
        headers={"authorization": "Bearer writer"},
    )
    assert answer.json()["Tables"][0]["Rows"] == [[9], [10]]


def test_a_query_may_come_in_the_url(kusto: Kusto) -> None:
    answer = kusto.client.get(
        "/v2/rest/query", params={"db": "NetDefaultDB", "csl": "print 5"}, headers={"api-key": "writer"}
    )
    assert frames_of(answer.text)[2]["Rows"] == [[5]]


def test_answers_carry_the_ids_of_the_request(kusto: Kusto) -> None:
    headers = {"authorization": "Bearer writer", "x-ms-client-request-id": "KGC.x;1"}
    for body, status in (({"csl": "print 1"}, 200), ({"csl": "print"}, 400)):
        answer = kusto.client.post("/v2/rest/query", json=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["x-ms-client-request-id"] == "KGC.x;1"
        assert len(answer.headers["x-ms-activity-id"]) == 36


def test_answers_are_packed_only_for_clients_that_take_it(kusto: Kusto) -> None:
    def ask(encoding: str) -> Any:
        headers = {"authorization": "Bearer writer", "accept-encoding": encoding}
        request = {"csl": "range x from 1 to 900 step 1"}
        with kusto.client.stream("POST", "/v1/rest/query", json=request, headers=headers) as answer:
            return answer.headers, b"".join(answer.iter_raw())

    headers, packed = ask("gzip,deflate")
    assert headers["content-encoding"] == "gzip"
    assert ask("br, GZIP ;q=0.5")[0]["content-encoding"] == "gzip"
    for unwanted in ("gzip;q=0", "identity, gzip; q=0.000"):
        assert "content-encoding" not in ask(unwanted)[0]
    plain_headers, plain = ask("identity")
    assert "content-encoding" not in plain_headers
    rows = json.loads(plain)["Tables"][0]["Rows"]
    assert json.loads(gzip.decompress(packed))["Tables"][0]["Rows"] == rows == [[n] for n in range(1, 901)]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"csl": 5}', "application/json"),
        (b'{"csl": ""}', "application/json"),
        (b'{"db": 5, "csl": "print 1"}', "application/json"),
        (b'{"csl": "print 1", "properties": 5}', "application/json"),
        (b'{"csl": "print 1", "properties": []}', "application/json"),
        (b'{"csl": "print 1", "properties": {"Options": false}}', "application/json"),
        (b'{"csl": "print 1", "properties": "{"}', "application/json"),
        (b'{"csl": "print 1", "properties": {"Options": []}}'.replace(b"[]", b"[1]"), "application/json"),
        (b'{"csl": "print 1"}', "text/plain"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_a_malformed_body_is_a_bad_request_in_the_services_own_shape(
    kusto: Kusto, route: str, body: bytes, kind: str
) -> None:
    answer = kusto.client.post(
        route, content=body, headers={"authorization": "Bearer writer", "content-type": kind}
    )
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["@type"] == "Kusto.Data.Exceptions.KustoBadRequestException"
    assert error["@permanent"] is True
    assert set(error) >= {"code", "message", "@message", "@context"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["db", "csl", "properties", "Options", "Parameters", "servertimeout", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_whatsoever_is_a_defect(kusto: Kusto, document: Any) -> None:
    answer = kusto.client.post("/v1/rest/query", json=document, headers={"authorization": "Bearer writer"})
    assert answer.status_code in {200, 400}
    assert "Tables" in answer.json() or "@message" in answer.json()["error"]


@pytest.mark.parametrize(
    "place", ['"more":', '"csl":', '"db":', '"properties":{"Options":{"x":', '"properties":{"x":']
)
def test_lists_that_nobody_asks_for_take_no_more_memory_than_their_json(kusto: Kusto, place: str) -> None:
    """As Python's they would take twenty times as much."""
    asked = b'{"csl":".show version",' + place.encode() + b"[" + b"[]," * 2**20 + b"[]]"
    headers = {"authorization": "Bearer writer", "content-type": "application/json"}
    tracemalloc.start()
    kusto.client.post("/v1/rest/mgmt", content=asked + b"}" * asked.count(b"{"), headers=headers)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(asked)


def test_parameters_keep_what_was_written(kusto: Kusto) -> None:
    """A decimal has more digits than a float."""
    properties = '{"Parameters": {"d": 1.2345678901234567890123, "j": {"a": [1, null]}, "s": "it\'s"}}'
    query = "declare query_parameters(d: decimal, j: dynamic, s: string); print d, j.a[0], s"
    body = {"db": "gatelog", "csl": query, "properties": properties}
    answer = kusto.client.post("/v1/rest/query", json=body, headers={"authorization": "Bearer writer"})
    assert answer.json()["Tables"][0]["Rows"] == [["1.2345678901234567890123", 1, "it's"]]


@pytest.mark.parametrize("route", ROUTES)
def test_an_unknown_database_is_named(kusto: Kusto, route: str) -> None:
    text = ".show version" if route.endswith("mgmt") else "print 1"
    answer = kusto.client.post(
        route, json={"db": "other", "csl": text}, headers={"authorization": "Bearer writer"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequest_DatabaseNotExist"
    assert "'other'" in answer.json()["error"]["@message"]


@pytest.mark.parametrize("route", [*ROUTES, "/v1/rest/ingest/gatelog/T"])
def test_without_a_valid_token_there_is_401_and_no_body(kusto: Kusto, route: str) -> None:
    answer = kusto.client.post(route, json={"csl": "print 1"}, headers={"authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.content == b""
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", [*ROUTES, "/v1/rest/ingest/gatelog/T"])
@pytest.mark.parametrize("method", ["DELETE", "TRACE", "PROPFIND"])
def test_another_method_is_refused_in_the_same_shape(kusto: Kusto, route: str, method: str) -> None:
    answer = kusto.client.request(method, route, headers={"authorization": "Bearer writer"})
    assert answer.status_code == 405
    assert "POST" in answer.json()["error"]["@message"]
    assert answer.headers["allow"].split(", ")[-1] == "POST"


@pytest.mark.parametrize("route", ["/v1/rest/nothing", "/v2/rest/mgmt", "/v2/rest/"])
def test_a_path_that_is_not_there_is_refused_in_the_same_shape(kusto: Kusto, route: str) -> None:
    answer = kusto.client.post(route, json={"csl": "print 1"}, headers={"authorization": "Bearer writer"})
    assert answer.status_code == 404
    assert f"no endpoint {route}: queries go to /v2/rest/query" in answer.json()["error"]["@message"]
    assert kusto.client.post(route).status_code == 401


@pytest.mark.parametrize("route", ["/v1/rest/query/", "/V1/REST/Query"])
def test_paths_are_compared_without_case_and_the_slash_at_their_end(kusto: Kusto, route: str) -> None:
    """Clients of the service do not follow a redirection."""
    headers = {"authorization": "Bearer writer"}
    answer = kusto.client.post(route, json={"csl": "print 1"}, headers=headers, follow_redirects=False)
    assert answer.json()["Tables"][0]["Rows"] == [[1]]


def test_what_needs_no_token_may_end_in_a_slash_too(kusto: Kusto) -> None:
    assert kusto.client.get("/v1/rest/ping/", follow_redirects=False).text == "Pong!"
    answer = kusto.client.get("/v1/rest/auth/metadata/", follow_redirects=False)
    assert "AzureAD" in answer.json()


def test_a_body_has_its_limit(kusto: Kusto) -> None:
    answer = kusto.post("/v2/rest/query", "print '" + "a" * (2 * 2**20) + "'")
    assert answer.status_code == 413
    assert answer.json()["error"]["@type"].endswith("KustoRequestPayloadTooLargeException")
