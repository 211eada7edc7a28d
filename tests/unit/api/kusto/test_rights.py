"""Who sees and changes what through commands, and what the log says of a failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gatelog.errors import StoreError

from .conftest import Kusto

FUNCTION = "Mentions"


@pytest.fixture(autouse=True)
def tidy(kusto: Kusto) -> Iterator[None]:
    """Every test ends without tables and functions."""
    yield
    kusto.drop_tables()
    kusto.command(f".drop function {FUNCTION} ifexists")


@pytest.mark.parametrize(
    "command",
    [
        ".show functions",
        f".show function {FUNCTION}",
        ".show databases entities",
        ".show database schema as json",
        ".show schema as json",
    ],
)
def test_a_reader_of_metrics_sees_no_function(kusto: Kusto, command: str) -> None:
    """What people search for can be as telling as what was said."""
    kusto.command(f".create function {FUNCTION}() {{ Calls | where RequestBody has 'Jane Roe' }}")
    assert "Jane Roe" in kusto.post("/v1/rest/mgmt", command, token="clerk").text
    assert "Jane Roe" not in kusto.post("/v1/rest/mgmt", command, token="meter").text


def test_a_function_cannot_take_the_name_of_a_table_that_its_author_may_not_see(kusto: Kusto) -> None:
    """It would stand in the table's place for those who may."""
    kusto.command(".set Said <| Calls | project RequestBody")
    status, code, _ = kusto.refusal(".create function Said() { print 'another' }", token="clerk")
    assert (status, code) == (400, "BadRequest_EntityAlreadyExists")
    assert kusto.rows("Said | count") == [[10]]


@pytest.mark.parametrize(
    "command",
    [
        ".create table Said (a: int)",
        ".create-merge table Said (a: int)",
        ".create tables Said (a: int), Other (a: int)",
        ".set Said <| print a = 1",
        ".set-or-append Said <| print RequestBody = ''",
        ".set-or-replace Said <| print RequestBody = ''",
    ],
)
def test_nor_can_a_table(kusto: Kusto, command: str) -> None:
    """And nobody is told that what they want to make does not exist."""
    kusto.command(".set Said <| Calls | project RequestBody")
    status, code, message = kusto.refusal(command, token="clerk")
    assert (status, code) == (400, "BadRequest_EntityAlreadyExists")
    assert "choose another name" in message
    assert kusto.rows("Said | count") == [[10]]


@pytest.mark.parametrize("command", [".drop table {} ifexists", ".drop tables ({}, Other) ifexists"])
def test_dropping_what_need_not_be_there_says_nothing_of_what_may_not_be_seen(
    kusto: Kusto, command: str
) -> None:
    kusto.command(".set Said <| Calls | project RequestBody")
    hidden = kusto.post("/v1/rest/mgmt", command.format("Said"), token="clerk")
    absent = kusto.post("/v1/rest/mgmt", command.format("Nothing"), token="clerk")
    assert (hidden.status_code, hidden.json()) == (absent.status_code, absent.json())
    assert hidden.status_code == 200
    assert kusto.rows("Said | count") == [[10]]


@pytest.mark.parametrize("path", ["/v1/rest/query", "/v2/rest/query"])
def test_the_log_has_no_value_that_the_engine_quoted(
    kusto: Kusto, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise StoreError("the store failed: Code: 27. Cannot parse 'the tide comes in' as Int64")

    monkeypatch.setattr(kusto.store, "stream_rows", failing)
    assert kusto.post(path, "Calls | take 1").status_code == 520
    assert "Cannot parse" in caplog.text
    assert "tide" not in caplog.text


@pytest.mark.parametrize(
    "command", [".show queries", ".show queries | where Text has 'tide'", ".show tables"]
)
def test_a_table_of_what_only_some_are_shown_is_theirs(kusto: Kusto, command: str) -> None:
    """Texts of queries can quote what was said, also those that the author of the table asked."""
    kusto.command(".set Said <| Calls | where RequestBody has 'tide' | project RequestBody")
    kusto.rows("Calls | where RequestBody has 'tide' | count")
    kusto.command(f".set Kept <| {command}")
    kusto.rows("Kept | count")
    for path in ("/v1/rest/query", "/v2/rest/query"):
        assert kusto.post(path, "Kept | count", token="clerk").status_code == 400
    kusto.command(".create table Shared (a: string)")
    assert kusto.post("/v1/rest/query", "Shared", token="clerk").status_code == 200


def test_a_table_of_what_everybody_is_shown_is_everybodys(kusto: Kusto) -> None:
    kusto.command(".set Kept <| .show version | project ServiceType")
    assert kusto.rows("Kept", token="clerk") == [["Engine"]]
    kusto.command(".set Mine <| .show queries | take 0", token="clerk")
    assert kusto.rows("Mine", token="clerk") == []


def test_a_table_that_becomes_theirs_is_not_found_by_questions_compiled_before(kusto: Kusto) -> None:
    kusto.command(".set Notes <| print Text = ''")
    before = kusto.store.user_tables.find("Notes")
    kusto.command(".append Notes <| Calls | project RequestBody")
    after = kusto.store.user_tables.find("Notes")
    assert before is not None
    assert after is not None
    assert (before.notes.restricted, after.notes.restricted) == (False, True)
    assert before.id != after.id
    assert kusto.rows("Notes | count") == [[11]]


@pytest.mark.parametrize(("command", "rows"), [("append", 12), ("set-or-append", 12), ("set-or-replace", 11)])
def test_a_table_that_becomes_theirs_may_be_read_to_fill_it(kusto: Kusto, command: str, rows: int) -> None:
    kusto.command(".set Notes <| print Text = ''")
    kusto.command(f".{command} Notes <| union Notes, (Calls | project Text = RequestBody)")
    assert kusto.rows("Notes | count") == [[rows]]
