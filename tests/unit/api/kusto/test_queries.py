"""Queries and their errors, as a client of the service would have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gatelog.errors import KqlTimeoutError, StoreUnavailableError
from gatelog.store import Budget, Rows

from .conftest import Kusto, frames_of


def test_a_query_reads_the_record(kusto: Kusto) -> None:
    assert kusto.rows("Calls | count") == [[10]]


@pytest.mark.parametrize(
    ("query", "code", "kind", "place"),
    [
        ("Calls | wher x", "BadRequest_SyntaxError", "SyntaxException", ("1", "8")),
        ("Calls\n| where nope == 1", "General_BadRequest", "SemanticException", ("2", "8")),
        ("Nope | take 1", "General_BadRequest", "SemanticException", ("1", "0")),
    ],
)
def test_an_authors_error_names_its_place(
    kusto: Kusto, query: str, code: str, kind: str, place: tuple[str, str]
) -> None:
    for route in ("/v1/rest/query", "/v2/rest/query"):
        answer = kusto.post(route, query)
        error = answer.json()["error"]
        assert answer.status_code == 400
        assert error["code"] == code
        assert error["@type"] == f"Kusto.Data.Exceptions.{kind}"
        assert (error["innererror"]["@line"], error["innererror"]["@pos"]) == place
        assert error["@message"].startswith(f"{kind.removesuffix('Exception')} error:")


def test_several_statements_and_fork_answer_several_tables(kusto: Kusto) -> None:
    answer = kusto.post("/v1/rest/query", "print a = 1; Calls | fork one = (count) two = (take 0)").json()
    contents = answer["Tables"][-1]["Rows"]
    assert [row[2] for row in contents if row[1] == "QueryResult"] == ["PrimaryResult", "one", "two"]
    assert answer["Tables"][1]["Rows"] == [[10]]


def test_truncation_keeps_what_was_allowed_and_says_so(kusto: Kusto) -> None:
    query = "range x from 1 to 10 step 1"
    frames = frames_of(kusto.post("/v2/rest/query", query, truncationmaxrecords=3).text)
    assert frames[2]["Rows"][:3] == [[1], [2], [3]]
    assert frames[2]["Rows"][3]["OneApiErrors"][0]["error"]["code"] == "LimitsExceeded"
    assert "80DA0003" in frames[-1]["OneApiErrors"][0]["error"]["@message"]


def test_the_hubs_own_limit_holds_without_truncation(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is named: no request can lift it."""
    monkeypatch.setattr(kusto.questions, "_budget", kusto.questions.budget._replace(settings="hub.query"))
    query = "range x from 1 to 2000 step 1"
    frames = frames_of(kusto.post("/v2/rest/query", query, notruncation=True).text)
    assert len(frames[2]["Rows"]) == 1_001
    assert frames[-1]["HasErrors"] is True
    message = frames[-1]["OneApiErrors"][0]["error"]["@message"]
    assert "the set limit of 1000 records, the limit of hub.query.rows_max, so" in message


def test_without_truncation_bytes_are_not_cut_either(kusto: Kusto) -> None:
    query = "range x from 1 to 100 step 1 | extend y = strrep('y', 100)"
    answer = kusto.post("/v2/rest/query", query, truncationmaxsize=50)
    assert "the set limit of 50 bytes, so" in answer.json()["error"]["@message"]
    assert len(kusto.rows(query, truncationmaxsize=50, notruncation=True)) == 100


def test_take_max_records_cuts_without_an_error(kusto: Kusto) -> None:
    query = "range x from 1 to 2000 step 1 | sort by x desc"
    frames = frames_of(kusto.post("/v2/rest/query", query, query_take_max_records=2).text)
    assert frames[2]["Rows"] == [[2000], [1999]]
    assert frames[-1]["HasErrors"] is False


def test_set_statements_are_request_properties_too(kusto: Kusto) -> None:
    numbers = "range x from 1 to 9 step 1"
    assert kusto.rows(f"set query_take_max_records = 2; {numbers}") == [[1], [2]]
    assert len(kusto.rows(f"set truncationmaxrecords = 3; {numbers}")) == 4
    assert len(kusto.rows(f"set notruncation; {numbers}", truncationmaxrecords=3)) == 9
    assert kusto.refusal("set query_take_max_records = 'x'; print 1", path="/v1/rest/query")[0] == 400


def test_large_answers_keep_their_order(kusto: Kusto) -> None:
    rows = kusto.rows("range x from 1 to 1000 step 1 | sort by x desc")
    assert rows == [[number] for number in range(1000, 0, -1)]


def test_query_now_and_the_scope_move_the_clock_and_the_window(kusto: Kusto) -> None:
    assert kusto.rows("print now()", query_now="2020-01-01T00:00:00Z") == [["2020-01-01T00:00:00.0000000Z"]]
    assert kusto.rows("Calls | count", query_datetimescope_to="2000-01-01") == [[0]]


def test_the_schema_or_the_permission_alone_may_be_asked_for(kusto: Kusto) -> None:
    query = "Calls | project RequestId, TotalTokens"
    assert kusto.rows(query, query_results_apply_getschema=True) == [
        ["RequestId", 0, "System.String", "string"],
        ["TotalTokens", 1, "System.Int64", "long"],
    ]
    assert kusto.rows(query, validatepermissions=True) == [["OK"]]
    assert kusto.post("/v1/rest/query", "Nope", validatepermissions=True).status_code == 400


def test_what_only_the_engine_finds_wrong_has_no_place(kusto: Kusto) -> None:
    """Before the first row it has its status."""
    answer = kusto.post("/v2/rest/query", "Calls | where UserAgent matches regex strcat('(', RequestId)")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "General_BadRequest")
    assert error["@message"].startswith("Semantic error: SEM0100: a regular expression is not valid")
    assert "line:position" not in error["@message"]
    assert "innererror" not in error


@pytest.mark.parametrize(
    ("query", "status", "code", "part"),
    [
        ("range x from 1 to 20000000 step 1 | count", 400, "LimitsExceeded", "(80DA0001): range would make"),
        ("Calls | where assert(CallId == '', 'no calls')", 400, "General_BadRequest", "Semantic error: "),
    ],
)
def test_a_limit_that_only_the_engine_sees_passed_is_told_from_a_fault_of_the_query(
    kusto: Kusto, query: str, status: int, code: str, part: str
) -> None:
    found = kusto.refusal(query, path="/v2/rest/query")
    assert found[:2] == (status, code)
    assert part in found[2]


def test_the_renderer_reaches_the_client(kusto: Kusto) -> None:
    frames = frames_of(kusto.post("/v2/rest/query", "print 1 | render piechart").text)
    assert json.loads(frames[1]["Rows"][0][2])["Visualization"] == "piechart"


def test_a_table_that_is_dropped_before_its_query_runs_is_an_error_of_the_query(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of one that is not there; not of the service."""
    for path in ("/v1/rest/query", "/v2/rest/query"):
        after_compiling(kusto, monkeypatch, kusto.drop_tables)
        kusto.command(".create table Short (a: long)")
        status, code, message = kusto.refusal("Short | count", path=path)
        assert (status, code) == (400, "General_BadRequest")
        assert message.startswith("Semantic error: SEM0100: there is no table 'Short'")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (".drop column Short.b", ["a", "c"]),
        (".alter table Short (a: long, d: real)", ["a", "d"]),
        (".rename column Short.b to e", ["a", "e", "c"]),
        (".set-or-replace Short with (recreate_schema = true) <| print z = 1", ["z"]),
    ],
)
@pytest.mark.usefixtures("tidy")
def test_a_query_whose_table_changes_before_it_runs_is_compiled_once_more(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch, change: str, names: list[str]
) -> None:
    kusto.command(".create table Short (a: long, b: string, c: string)")
    kusto.command(".ingest inline into table Short <| 1,x,y")
    after_compiling(kusto, monkeypatch, lambda: kusto.command(change))
    answer = kusto.post("/v1/rest/query", "Short").json()
    assert [column["ColumnName"] for column in answer["Tables"][0]["Columns"]] == names


@pytest.mark.usefixtures("tidy")
def test_a_query_whose_column_is_dropped_before_it_runs_says_which_is_missing(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    kusto.command(".create table Short (a: long, b: string)")
    after_compiling(kusto, monkeypatch, lambda: kusto.command(".drop column Short.b"))
    assert "there is no column 'b'" in kusto.refusal("Short | project b", path="/v2/rest/query")[2]


@pytest.mark.usefixtures("tidy")
def test_a_query_whose_table_changes_again_and_again_is_told_to_come_back(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time after the query was compiled its column has another name."""
    kusto.command(".create table Short (a: long)")
    letters = iter("abcdef")
    name = next(letters)

    def rename() -> None:
        nonlocal name
        old, name = name, next(letters)
        kusto.command(f".rename column Short.{old} to {name}")

    after_compiling(kusto, monkeypatch, rename, times=2)
    status, _, message = kusto.refusal("Short", path="/v2/rest/query")
    assert status == 400
    assert "does not exist any more (it was dropped or changed meanwhile: ask again)" in message


def after_compiling(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object], times: int = 1
) -> None:
    """What happens between the compiling of a query and its running, so many times."""
    compile_ = kusto.questions.compile

    def changing(*arguments: Any) -> Any:
        compiled = compile_(*arguments)
        monkeypatch.setattr(kusto.questions, "compile", compile_)  # the change compiles too
        change()
        if times > 1:
            after_compiling(kusto, monkeypatch, change, times - 1)
        return compiled

    monkeypatch.setattr(kusto.questions, "compile", changing)


def test_roles_see_what_they_may(kusto: Kusto) -> None:
    assert kusto.rows("Calls | where isnotempty(ResponseBody) | count", token="reader") == [[10]]
    status, _, message = kusto.refusal(
        "Calls | take 1 | project ResponseBody", path="/v1/rest/query", token="clerk"
    )
    assert status == 400
    assert "log-with-bodies" in message
    assert kusto.post("/v1/rest/query", "Calls | count", token="meter").status_code == 400
    assert kusto.rows("AzureMetrics | count", token="meter")[0][0] > 0


def test_ping_answers_anybody(kusto: Kusto) -> None:
    assert kusto.client.get("/v1/rest/ping").text == "Pong!"


@pytest.mark.parametrize("route", ["/v1/rest/query", "/v2/rest/query", "/v1/rest/mgmt"])
def test_a_hub_with_too_much_to_do_throttles(
    kusto: Kusto, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kusto.workers, "_limit", 0)
    answer = kusto.post(route, ".show tables")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["@type"].endswith("KustoRequestThrottledException")
    assert answer.json()["error"]["@permanent"] is False


@pytest.mark.parametrize("route", ["/v1/rest/query", "/v2/rest/query", "/v1/rest/mgmt"])
def test_a_hub_without_its_store_says_come_back(
    kusto: Kusto, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("cannot connect to http://user:secret@db")

    monkeypatch.setattr(kusto.store, "stream_rows", away)
    monkeypatch.setattr(kusto.store.user_tables, "drop", away)
    kusto.command(".create-merge table Gone (a: string)")
    answer = kusto.post(route, ".drop table Gone" if route.endswith("mgmt") else "Calls")
    assert answer.status_code == 503
    assert "try again later" in answer.json()["error"]["@message"]
    assert "secret" not in answer.text


def test_a_defect_says_so_and_nothing_more(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(kusto.store, "stream_rows", broken)
    answer = kusto.post("/v2/rest/query", "Calls")
    assert answer.status_code == 520
    assert "defect" in answer.json()["error"]["@message"]
    assert "secret" not in answer.text


def test_a_failure_between_rows_ends_the_answer_where_it_is(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def failing(*_: object, **__: object) -> Iterator[Iterator[list[list[int]]]]:
        def blocks() -> Iterator[list[list[int]]]:
            yield [[1]]
            raise KqlTimeoutError("the query ran for more than 1 s")

        yield blocks()

    monkeypatch.setattr(kusto.store, "stream_rows", failing)
    frames = frames_of(kusto.post("/v2/rest/query", "print x = 1").text)
    assert frames[2]["Rows"][0] == [1]
    assert frames[-1]["OneApiErrors"][0]["error"]["code"] == "RequestExecutionTimeout"


def test_what_the_compiler_asks_has_the_time_of_the_request_too(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def run(_: str, *, budget: Budget) -> Rows:
        asked.append(budget)
        raise KqlTimeoutError("the query ran for more than 5 s")

    monkeypatch.setattr(kusto.store, "run", run)
    answer = kusto.post("/v2/rest/query", "Calls | evaluate pivot(Method)", servertimeout="00:00:05")
    assert answer.status_code == 504
    assert asked[0].seconds <= 5
    assert asked[0].time_set_by == "the request's servertimeout"


@pytest.mark.parametrize("route", ["/v1/rest/query", "/v2/rest/query"])
def test_a_request_whose_time_is_over_is_not_begun(kusto: Kusto, route: str) -> None:
    answer = kusto.post(route, "print 1; print 2", servertimeout="00:00:00.0000001")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "RequestExecutionTimeout")
