"""What is asked of the hub, as commands show it, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import pytest

from gatelog.api.activity import Activity, Origin, State
from gatelog.api.principal import Principal, Role
from gatelog.errors import StoreUnavailableError
from gatelog.model import SystemClock

from .conftest import Kusto

SAID = "Calls | where RequestBody has 'Jane Roe' | count"


@pytest.fixture(autouse=True)
def nothing_else(kusto: Kusto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins without a past."""
    monkeypatch.setattr(kusto.questions, "activity", Activity(SystemClock(), kusto.store.stop))


def shown(kusto: Kusto, *, token: str = "writer", command: str = ".show queries") -> list[dict[str, Any]]:
    """The rows that a command shows, by column."""
    table = kusto.post("/v1/rest/mgmt", command, token=token).json()["Tables"][0]
    names = [column["ColumnName"] for column in table["Columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["Rows"]]


@contextmanager
def running(kusto: Kusto, name: str, *callers: str) -> Iterator[None]:
    """A question of each of these callers, by the name that clients give it."""
    with ExitStack() as stack:
        for caller in callers:
            principal = Principal(caller, Role.LOG)
            stack.enter_context(
                kusto.questions.activity.asking(principal, f"of {caller}", Origin(name, "tests"))
            )
        yield


def test_queries_are_shown_with_how_they_ended(kusto: Kusto) -> None:
    kusto.rows("Calls | count", token="reader")
    kusto.post("/v2/rest/query", "Calls | where nope == 1")
    first, second = shown(kusto)
    assert (first["Text"], first["State"], first["User"]) == ("Calls | count", "Completed", "reader")
    assert (first["FailureReason"], first["Database"]) == ("", "gatelog")
    assert second["State"] == "Failed"
    assert "nope" in second["FailureReason"]
    assert first["ClientActivityId"].startswith("unspecified;")
    assert first["StartedOn"] <= first["LastUpdatedOn"] <= second["StartedOn"]


@pytest.mark.parametrize("token", ["writer", "reader"])
def test_who_may_read_bodies_reads_what_others_asked(kusto: Kusto, token: str) -> None:
    kusto.rows(SAID, token="writer")
    assert [one["Text"] for one in shown(kusto, token=token)] == [SAID]


def test_a_caller_without_bodies_reads_only_its_own_texts(kusto: Kusto) -> None:
    kusto.rows(SAID, token="writer")
    kusto.post("/v1/rest/query", SAID.replace("count", "cont"), token="writer")
    kusto.rows("Calls | take 1 | count", token="clerk")
    texts = [(one["User"], one["Text"], one["FailureReason"]) for one in shown(kusto, token="clerk")]
    assert texts == [("writer", "", ""), ("writer", "", ""), ("clerk", "Calls | take 1 | count", "")]
    for path in ("/v1/rest/mgmt", "/v1/rest/query", "/v2/rest/query"):
        seen = kusto.post(
            path, ".show queries | where Text has 'Jane' or FailureReason has 'Jane'", token="clerk"
        )
        assert "Jane Roe" not in seen.text


def test_a_reader_of_metrics_sees_only_its_own_queries(kusto: Kusto) -> None:
    kusto.rows("Calls | count", token="writer")
    kusto.rows("AzureMetrics | count", token="meter")
    assert [one["User"] for one in shown(kusto, token="meter")] == ["meter"]


def test_what_runs_can_be_shown_alone_and_filtered(kusto: Kusto) -> None:
    kusto.rows("Calls | count")
    with running(kusto, "mine", "clerk"):
        [one] = shown(kusto, command=".show running queries")
        [[name]] = kusto.command(".show queries | where State == 'InProgress' | project ClientActivityId")
    assert (one["State"], one["ClientActivityId"], one["Application"]) == ("InProgress", "mine", "tests")
    assert name == "mine"


def test_a_caller_stops_its_own_queries_only(kusto: Kusto) -> None:
    with running(kusto, "mine", "clerk", "reader"):
        assert kusto.command(".cancel query 'other'", token="clerk") == [["other", "", False]]
        answer = kusto.command(".cancel query 'mine' with (reason = 'too long')", token="clerk")
        assert answer == [["mine", "too long", True]]
        stopped = {one.principal.name: one.stopped for one in kusto.questions.activity.all()}
    assert (stopped["clerk"], stopped["reader"]) == (True, False)
    states = {one["User"]: one["State"] for one in shown(kusto)}
    assert (states["clerk"], states["reader"]) == ("Cancelled", "Completed")


def test_stopping_is_no_query(kusto: Kusto) -> None:
    answer = kusto.post("/v1/rest/query", ".cancel query 'mine'")
    assert answer.status_code == 400
    assert "/v1/rest/mgmt" in answer.json()["error"]["@message"]


@pytest.mark.parametrize("path", ["/v1/rest/query", "/v2/rest/query"])
def test_a_query_that_is_stopped_before_its_statement_is_not_begun(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The store knows nothing yet that it could end."""
    compile_one = kusto.questions.compile

    def stopped_meanwhile(*given: Any) -> Any:
        [asked] = [one for one in kusto.questions.activity.all() if one.state is State.RUNNING]
        kusto.questions.activity.stop(asked.name)
        return compile_one(*given)

    monkeypatch.setattr(kusto.questions, "compile", stopped_meanwhile)
    answer = kusto.post(path, "print 'never shown'")
    assert "never shown" not in answer.text
    assert "the query was stopped" in answer.text
    assert [one["State"] for one in shown(kusto)] == ["Cancelled"]


def test_who_stops_a_query_says_why_and_its_asker_reads_it(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microsoft's page of `.cancel query`: the reason is included in the query's results."""
    stopping(kusto, monkeypatch, after_blocks=0)
    status, code, message = kusto.refusal("Calls", path="/v2/rest/query")
    assert (status, code) == (400, "General_BadRequest")
    assert message == "Query execution was cancelled: the query was stopped: too long"
    [one] = [one for one in shown(kusto) if one["Text"] == "Calls"]
    assert (one["State"], one["FailureReason"]) == ("Cancelled", "the query was stopped: too long")


@pytest.mark.parametrize("path", ["/v1/rest/query", "/v2/rest/query"])
def test_a_query_that_is_stopped_while_its_rows_are_sent_says_so_behind_them(
    kusto: Kusto, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    stopping(kusto, monkeypatch, after_blocks=1)
    answer = kusto.post(path, "Calls | project Sequence")
    assert answer.status_code == 200
    assert "cancelled: the query was stopped: too long" in answer.text
    assert [one["State"] for one in shown(kusto)][:1] == ["Cancelled"]


def test_a_query_that_is_cut_off_has_failed(kusto: Kusto) -> None:
    kusto.post("/v2/rest/query", "Calls", truncationmaxrecords=3)
    [one] = shown(kusto)
    assert one["State"] == "Failed"
    assert "exceed the set limit of 3 records" in one["FailureReason"]


def stopping(kusto: Kusto, monkeypatch: pytest.MonkeyPatch, *, after_blocks: int) -> None:
    """The writer stops its own queries after some blocks of rows: the engine says that it was told to end."""
    stream_rows = kusto.store.stream_rows

    @contextmanager
    def stopped(*arguments: Any, **named: Any) -> Iterator[Iterator[Any]]:
        def blocks(given: Iterator[Any]) -> Iterator[Any]:
            yield from islice(given, after_blocks)
            for asked in kusto.questions.activity.all():
                if asked.state is State.RUNNING:
                    kusto.questions.activity.stop(asked.name, "too long")
            raise StoreUnavailableError("the statement was ended")

        with stream_rows(*arguments, **named) as given:
            yield blocks(given)

    monkeypatch.setattr(kusto.store, "stream_rows", stopped)


def test_a_request_may_name_its_application(kusto: Kusto) -> None:
    kusto.rows("print named = 1", request_app_name="a report")
    [one] = [one for one in shown(kusto) if one["Text"] == "print named = 1"]
    assert one["Application"] == "a report"


def test_what_is_piped_behind_two_hundred_long_queries_is_answered(kusto: Kusto) -> None:
    """Their texts together are longer than a query may be."""
    for number in range(200):
        kusto.rows(f"print {number} // " + "né\\\"'" * 2_000)
    query = ".show queries | summarize count(), sum(strlen(Text)), countif(Text endswith @'né\\\"')"
    [[count, characters, _]] = kusto.rows(query)
    assert (count, characters) == (200, 200 * 1024)
