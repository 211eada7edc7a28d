"""The Log Analytics query API: what it answers, and how it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatelog.api.loganalytics.faults import LogAnalyticsError
from gatelog.api.loganalytics.requests import Body, Preferences, log_request, preferences_of
from gatelog.errors import KqlTimeoutError
from gatelog.store import Budget, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/g"
EAST = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/east"
GATEWAY = f"{GROUP}/providers/Microsoft.ApiManagement/service/gatelog"


def error_codes(answer) -> list[str]:
    """The codes of an error, outermost first."""
    codes, error = [], answer.json()["error"]
    while error:
        codes.append(error["code"])
        error = error.get("innererror")
    return codes


def test_every_type_is_written_as_the_service_writes_it(monitor) -> None:
    query = (
        "print b=true, i=int(1), l=9223372036854775807, r=1.5, n=real(nan), d=decimal(1.250), s='ü',"
        " t=datetime(2014-01-01T01:01:01.1000000), p=time(1.00:00:01.0010001), j=dynamic({'a':[1,null]}),"
        " g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642), none=long(null)"
    )
    table = monitor.query(query).json()["tables"][0]
    assert table["name"] == "PrimaryResult"
    assert dict(zip([c["name"] for c in table["columns"]], table["rows"][0], strict=True)) == {
        "b": True,
        "i": 1,
        "l": 9223372036854775807,
        "r": 1.5,
        "n": "NaN",
        "d": "1.25",
        "s": "ü",
        "t": "2014-01-01T01:01:01.1Z",
        "p": "1.00:00:01.0010001",
        "j": '{"a":[1,null]}',
        "g": "74be27de-1e4e-49d9-b579-fe0b331d3642",
        "none": None,
    }


def test_set_statements_limit_the_answer_as_on_other_surfaces(monitor) -> None:
    numbers = "range x from 1 to 9 step 1"
    assert monitor.rows(f"set query_take_max_records = 2; {numbers}") == [[1], [2]]
    cut = monitor.query(f"set truncationmaxrecords = 3; {numbers}").json()
    assert cut["tables"][0]["rows"] == [[1], [2], [3]]
    assert cut["error"]["code"] == "PartialError"
    assert "the set limit of 3 records" in cut["error"]["innererror"]["message"]
    assert "error" in monitor.query(f"set truncationmaxsize = 10; {numbers}").json()
    assert len(monitor.rows(f"set notruncation; set truncationmaxrecords = 3; {numbers}")) == 9
    assert monitor.query("set query_take_max_records = 'x'; print 1").status_code == 400


def test_the_same_query_gives_the_same_values_as_kustos_api(monitor) -> None:
    query = (
        "Calls | where isnotempty(Backend) | summarize n = count(), tokens = sum(TotalTokens),"
        " p = percentile(DurationMs, 95),"
        " start = min(TimeGenerated), d = todecimal(sum(CachedTokens)), bag = make_set(ModelName) by Backend"
    )
    body = {"db": "gatelog", "csl": query}
    answer = monitor.client.post("/v1/rest/query", json=body, headers={"authorization": "Bearer reader"})
    [kusto] = answer.json()["Tables"][0]["Rows"]
    [ours] = monitor.rows(query)
    assert ours[:4] == kusto[:4]
    assert datetime.fromisoformat(ours[4]) == datetime.fromisoformat(kusto[4])
    assert ours[5] == kusto[5]
    assert json.loads(ours[6]) == kusto[6]


def test_statistics_and_render_come_where_preferred(monitor) -> None:
    query = "Calls | summarize n = count() by ModelName | render timechart with (title = 'calls')"
    preferred = monitor.query(query, prefer="wait=30,include-statistics=true,include-render=true").json()
    assert preferred["render"]["visualization"] == "timechart"
    assert preferred["render"]["title"] == "calls"
    assert preferred["statistics"]["query"]["datasetStatistics"][0]["tableRowCount"] == 1
    assert set(monitor.query(query).json()) == {"tables"}


def test_several_answers_are_several_tables(monitor) -> None:
    tables = monitor.query("Calls | count; AzureMetrics | count").json()["tables"]
    assert len(tables) == 2


@pytest.mark.parametrize(
    ("body", "url", "count"),
    [
        (None, "", 12),
        ("PT3600.0S", "", 12),
        ("2026-09-21T14:13:22Z/2026-09-21T14:13:25Z", "", 3),
        ("2026-09-21T14:13:22Z/PT1H", "2026-09-21T14:00:00Z/2026-09-21T14:13:25Z", 3),
        ("PT1S", "", 0),
    ],
)
def test_the_timespans_of_body_and_url_both_hold(monitor, body: str | None, url: str, count: int) -> None:
    path = "/v1/workspaces/home/query" + (f"?timespan={url}" if url else "")
    headers = {"authorization": "Bearer reader"}
    answer = monitor.client.post(path, json={"query": "Calls | count", "timespan": body}, headers=headers)
    assert answer.json()["tables"][0]["rows"] == [[count]]


def test_a_question_may_be_a_get(monitor) -> None:
    answer = monitor.client.get(
        "/v1/workspaces/home/query",
        params={"query": "Calls | count", "timespan": "PT1H"},
        headers={"authorization": "Bearer reader"},
    )
    assert answer.json()["tables"][0]["rows"] == [[12]]


@pytest.mark.parametrize(
    "name",
    ["HOME", "gatelog", "elsewhere"],
)
def test_a_workspace_goes_by_its_names_only(monitor, name: str) -> None:
    status = monitor.query("print 1", path=f"/v1/workspaces/{name}").status_code
    assert status == (404 if name == "elsewhere" else 200)


def test_further_workspaces_may_be_the_record_itself(monitor) -> None:
    resource = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/home"
    own = [resource, "gatelog", "any subscription/any group/HOME"]
    assert monitor.rows("Calls | count", workspaces=own) == [[12]]
    answer = monitor.query("print 1", workspaces=["elsewhere"])
    assert (answer.status_code, error_codes(answer)) == (400, ["FailedToResolveResource"])


def test_a_resource_sees_its_own_rows_only(monitor) -> None:
    tables = "union withsource=T * | summarize n = count() by T | sort by T asc"
    at_east = dict(monitor.rows(tables, path=f"/v1{EAST.upper().replace('SUBSCRIPTIONS', 'subscriptions')}"))
    assert set(at_east) == {"AzureDiagnostics", "AzureMetrics"}
    assert at_east["AzureDiagnostics"] == 11
    gateway = dict(monitor.rows(tables, path=f"/v1{GATEWAY}"))
    assert (gateway["Calls"], gateway["ApiManagementGatewayLogs"]) == (12, 12)
    assert "AzureDiagnostics" not in gateway
    assert monitor.rows("AzureDiagnostics | count", path=f"/v1{EAST}-not") == [[0]]
    assert monitor.rows("Calls | count", path="/v1/subscriptions/s") == [[12]]


def test_a_resource_cannot_be_left_by_a_saved_name_or_an_alias(monitor) -> None:
    answer = monitor.query("let f = () { Calls }; f() | count", path=f"/v1{EAST}")
    assert error_codes(answer)[-1] == "SEM0100"
    assert monitor.rows("table('AzureDiagnostics') | count", path=f"/v1{EAST}-not") == [[0]]


def test_what_is_over_the_limit_is_cut_and_said(monitor) -> None:
    answer = monitor.query("range x from 1 to 5000 step 1").json()
    assert len(answer["tables"][0]["rows"]) == 1000
    assert answer["error"]["code"] == "PartialError"
    assert "1000 records" in answer["error"]["innererror"]["message"]
    wide = monitor.query("range x from 1 to 900 step 1 | extend y = strrep('a', 1000)").json()
    assert 0 < len(wide["tables"][0]["rows"]) < 100
    assert "bytes" in wide["error"]["details"][0]["message"]


def test_an_error_says_whose_fault_and_where(monitor) -> None:
    syntax = monitor.query("Calls | wher x")
    assert (syntax.status_code, error_codes(syntax)) == (400, ["BadArgumentError", "SyntaxError", "SYN0002"])
    semantic = monitor.query("Calls |\n where nope == 1")
    assert error_codes(semantic) == ["BadArgumentError", "SemanticError", "SEM0100"]
    innermost = semantic.json()["error"]["innererror"]["innererror"]
    assert (innermost["line"], innermost["pos"]) == (2, 7)
    assert "nope" in innermost["message"]


def test_what_only_the_engine_finds_wrong_has_no_place(monitor) -> None:
    answer = monitor.query('datatable(p: string)["("] | where "a" matches regex p')
    assert error_codes(answer) == ["BadArgumentError", "QueryValidationError"]
    innermost = answer.json()["error"]["innererror"]
    assert innermost["message"].startswith("a regular expression is not valid")
    assert "line" not in innermost


def test_a_timespan_that_is_none_has_no_place_in_the_query(monitor) -> None:
    headers = {"authorization": "Bearer reader"}
    body = {"query": "print 1", "timespan": "tomorrow"}
    answer = monitor.client.post("/v1/workspaces/home/query", json=body, headers=headers)
    assert error_codes(answer) == ["BadArgumentError", "QueryValidationError"]
    innermost = answer.json()["error"]["innererror"]
    assert "'tomorrow' is not an ISO 8601" in innermost["message"]
    assert "line" not in innermost


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"query": 1}', 400),
        (b'{"query": " "}', 400),
        (b'{"query": "print 1", "timespan": "tomorrow"}', 400),
        (b'{"query": "print 1", "workspaces": "home"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"query":"' + b"x" * 5_000_000 + b'"}', 413),
    ],
)
@pytest.mark.parametrize("path", ["/v1/workspaces/home/query", "/v1/$batch"])
def test_a_malformed_body_has_the_services_error(monitor, path: str, body: bytes, status: int) -> None:
    headers = {"authorization": "Bearer reader", "content-type": "application/json"}
    answer = monitor.client.post(path, content=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["code"]


def test_other_requests_have_the_services_error(monitor) -> None:
    headers = {"authorization": "Bearer reader"}
    plain = monitor.client.post("/v1/workspaces/home/query", content=b"{}", headers=headers)
    assert (plain.status_code, error_codes(plain)[0]) == (400, "BadArgumentError")
    for method in ("PUT", "TRACE", "PROPFIND"):
        other = monitor.client.request(method, "/v1/workspaces/home/query", headers=headers)
        assert (other.status_code, error_codes(other)) == (405, ["MethodNotAllowed"])
        assert other.headers["allow"] == "GET, POST"
    nobody = monitor.query("print 1", token="guess")
    assert (nobody.status_code, error_codes(nobody)) == (401, ["AuthenticationFailed"])
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    nowhere = monitor.query("print 1", path="/v1/no/such")
    assert (nowhere.status_code, error_codes(nowhere)) == (404, ["ResourceNotFoundError"])


@pytest.mark.parametrize("path", ["/v1/", "/v1/workspaces/home", "/v1/workspaces/home/tables", "/v1/apps"])
def test_a_path_that_is_not_there_is_refused_as_the_service_does(monitor, path: str) -> None:
    answer = monitor.client.get(path, headers={"authorization": "Bearer reader"})
    assert (answer.status_code, error_codes(answer)) == (404, ["PathNotFoundError"])
    assert "/v1/workspaces/gatelog/query" in answer.json()["error"]["message"]
    assert monitor.client.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/v1/workspaces/home/query/", "/V1/Workspaces/home/Query"])
def test_paths_are_compared_without_case_and_the_slash_at_their_end(monitor, path: str) -> None:
    """Clients of the services do not follow a redirection."""
    headers = {"authorization": "Bearer reader"}
    answer = monitor.client.post(path, json={"query": "print 1"}, headers=headers, follow_redirects=False)
    assert answer.json()["tables"][0]["rows"] == [[1]]


def test_a_plus_sign_in_a_url_may_be_one(monitor) -> None:
    """Escaped or not."""
    for sign in ("+", "%2B"):
        path = f"/v1/workspaces/home/query?query=print+1&timespan=2026-01-01T02:00:00{sign}02:00/P1D"
        answer = monitor.client.get(path, headers={"authorization": "Bearer reader"})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("member", ["headers", "path", "method"])
def test_what_a_request_of_a_batch_may_leave_out_may_be_null(monitor, member: str) -> None:
    asked = {"id": "1", "workspace": "home", "body": {"query": "print 1"}, member: None}
    headers = {"authorization": "Bearer reader"}
    answer = monitor.client.post("/v1/$batch", json={"requests": [asked]}, headers=headers)
    assert answer.json()["responses"][0]["status"] == 200


def test_roles_hold_here_too(monitor) -> None:
    refused = monitor.query("Calls | project RequestBody", token="clerk")
    assert "log-with-bodies" in refused.text
    assert monitor.query("Calls | count", token="clerk").status_code == 200
    assert monitor.query("Calls | count", token="meter").status_code == 400
    assert monitor.query("AzureMetrics | count", token="meter").status_code == 200


def test_members_of_a_batch_stand_alone(monitor) -> None:
    body = {
        "requests": [
            {
                "id": "a",
                "workspace": "home",
                "path": "/query",
                "method": "POST",
                "body": {"query": "print 1"},
            },
            {"id": "b", "workspace": "home", "body": {"query": "nope"}},
            {"id": "c", "workspace": "away", "body": {"query": "print 1"}},
            {"id": "d", "workspace": "home", "body": {}},
            {"id": "e", "workspace": "home", "body": {"query": "range x from 1 to 5000 step 1"}},
            {
                "id": "f",
                "workspace": "home",
                "headers": {"Prefer": "include-statistics=true"},
                "body": {"query": "print 1"},
            },
        ]
    }
    answer = monitor.client.post("/v1/$batch", json=body, headers={"authorization": "Bearer reader"})
    responses = {one["id"]: one for one in answer.json()["responses"]}
    assert [responses[name]["status"] for name in "abcdef"] == [200, 400, 400, 400, 200, 200]
    assert responses["c"]["body"]["error"]["code"] == "FailedToResolveResource"
    assert responses["e"]["body"]["error"]["code"] == "PartialError"
    assert "statistics" in responses["f"]["body"]


@pytest.mark.parametrize("ids", [[], ["a", "a"], [str(number) for number in range(101)]])
def test_a_batch_has_a_bounded_number_of_named_members(monitor, ids: list[str]) -> None:
    body = {"requests": [{"id": one, "workspace": "home", "body": {"query": "print 1"}} for one in ids]}
    answer = monitor.client.post("/v1/$batch", json=body, headers={"authorization": "Bearer reader"})
    assert (answer.status_code, error_codes(answer)[0]) == (400, "BadArgumentError")


def test_preferences_are_read_in_any_order_and_bounded() -> None:
    assert preferences_of("") == Preferences()
    assert preferences_of("include-render=true, wait=20") == Preferences(20, False, True)
    assert preferences_of("wait=100000,include-statistics=true").wait == 600
    assert preferences_of("wait=२०") == Preferences()  # a header of a batch is JSON
    assert preferences_of("wait=-1,wait,=,include-statistics=maybe") == Preferences()


def test_the_wait_that_is_preferred_is_the_time_of_the_query(
    monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which an error can name."""
    passed: list[Budget] = []

    def late(*_: object, budget: Budget) -> None:
        passed.append(budget)
        raise KqlTimeoutError("late")

    monkeypatch.setattr(Store, "stream_rows", late)
    assert monitor.query("print 1", prefer="wait=5").status_code == 504
    assert passed[0].seconds <= 5
    assert passed[0].time_set_by == "the wait that the request prefers"


def test_timespans_that_do_not_meet_leave_nothing() -> None:
    asked = log_request(Body("T", "2025-01-01/P1D"), "", NOW, "2025-02-01/P1D")
    assert asked.timespan is not None
    start, end = asked.timespan
    assert start is not None
    assert end is not None
    assert start > end


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_any_prefer_header_is_read(header: str) -> None:
    wait = preferences_of(header).wait
    assert wait is None or 0 < wait <= 600


def test_an_empty_query_is_refused() -> None:
    with pytest.raises(LogAnalyticsError):
        log_request(Body("  "), "", NOW)


@pytest.mark.parametrize(
    "path", ["/v1/workspaces/home", f"/v1{GROUP}/providers/Microsoft.OperationalInsights/workspaces/home"]
)
def test_the_schema_is_what_the_callers_questions_may_name(monitor, path: str) -> None:
    def tables(token: str) -> dict[str, list[dict[str, str]]]:
        headers = {"authorization": f"Bearer {token}"}
        answer = monitor.client.get(f"{path}/metadata", headers=headers).json()
        assert [one["id"] for one in answer["workspaces"]] == ["home"]
        return {table["name"]: table["columns"] for table in answer["tables"]}

    body = {"name": "RequestBody", "type": "string"}
    assert body in tables("reader")["Calls"]
    assert body not in tables("clerk")["Calls"]
    assert list(tables("meter")) == ["AzureMetrics"]


def test_the_schema_of_another_workspace_is_not_there(monitor) -> None:
    headers = {"authorization": "Bearer reader"}
    answer = monitor.client.post("/v1/workspaces/other/metadata", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PathNotFoundError")


def test_resource_managers_path_answers_questions_too(monitor) -> None:
    path = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/home/api"
    assert monitor.rows("Calls | count", path=path) == [[12]]


@pytest.mark.parametrize(
    ("member", "status", "code"),
    [
        ({"path": "/query?query=print%201"}, 200, None),
        ({"method": "get", "path": "/query?query=print%201", "body": {"query": "nope"}}, 200, None),
        ({"method": "DELETE", "body": {"query": "print 1"}}, 404, "PathNotFoundError"),
        ({"path": "/other", "body": {"query": "print 1"}}, 404, "PathNotFoundError"),
        ({"path": "/query"}, 400, "BadArgumentError"),
    ],
)
def test_a_member_of_a_batch_is_a_post_or_a_get(
    monitor, member: dict[str, Any], status: int, code: str | None
) -> None:
    body = {"requests": [{"id": "1", "workspace": "home", **member}]}
    answer = monitor.client.post("/v1/$batch", json=body, headers={"authorization": "Bearer reader"})
    [response] = answer.json()["responses"]
    assert (response["status"], response["body"].get("error", {}).get("code")) == (status, code)


def test_a_resource_is_asked_through_resource_manager(monitor) -> None:
    path = f"{EAST}/providers/Microsoft.Insights/logs"
    headers = {"authorization": "Bearer reader"}
    query = "AzureDiagnostics | summarize by _ResourceId"
    asked = {"api-version": "2018-03-01-preview", "query": query}
    got = monitor.client.get(path, params=asked, headers=headers).json()
    posted = monitor.client.post(path, json={"query": query}, headers=headers).json()
    assert got == posted
    assert [len(got["tables"][0]["rows"])] == [1]
