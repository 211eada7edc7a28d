"""Answers in every format: the same rows, with the types of their columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatelog.api import live_answer

EVERYTHING = """
print whole = 1, small = int(2), share = 1.5, exact = decimal(1.25), word = 'ü"x', yes = true,
    moment = datetime(2026-01-02 03:04:05.1234567), span = 1h + 1tick, none = long(null),
    bag = dynamic({"a": [1]}), id = guid(00000000-0000-0000-0000-000000000001), ['odd `"\\\\ name'] = 1
"""


def arrow(raw: bytes) -> pa.Table:
    return pa.ipc.open_stream(raw).read_all()


def parquet(raw: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(raw))


def ask(session: Any, query: str, form: str) -> Any:
    response = session.post("/query", json={"query": query, "format": form})
    assert response.is_success, response.text
    return response


@pytest.mark.parametrize(("form", "read"), [("arrow", arrow), ("parquet", parquet)])
def test_binary_formats_have_the_types_of_the_columns(client, form: str, read: Callable) -> None:
    """Parquet has no durations: a timespan is nanoseconds there."""
    table = read(ask(client(), EVERYTHING, form).content)
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        "whole": "int64",
        "small": "int32",
        "share": "double",
        "exact": "decimal128(38, 18)",
        "word": "string",
        "yes": "bool",
        "moment": "timestamp[ns, tz=UTC]",
        "span": "duration[ns]" if form == "arrow" else "int64",
        "none": "int64",
        "bag": "string",
        "id": "extension<arrow.uuid>",
        'odd `"\\ name': "int64",
    }
    columns = table.to_pydict()
    assert columns["moment"][0].nanosecond == 700
    assert columns["moment"][0].to_pydatetime(warn=False) == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    span = columns["span"][0] if form == "parquet" else columns["span"][0].value
    assert span == 3_600_000_000_100
    assert columns["exact"] == [Decimal("1.25")]
    assert (columns["none"], columns["word"], columns["bag"]) == ([None], ['ü"x'], ['{"a":[1]}'])


@pytest.mark.parametrize(("form", "read"), [("arrow", arrow), ("parquet", parquet)])
def test_every_format_has_the_same_rows_in_the_same_order(client, form: str, read: Callable) -> None:
    query = "Calls | sort by Sequence desc | project Sequence, Method, TotalTokens"
    expected = ask(client(), query, "json").json()["rows"]
    table = read(ask(client(), query, form).content)
    assert [list(row.values()) for row in table.to_pylist()] == expected
    lines = list(csv.reader(io.StringIO(ask(client(), query, "csv").text, newline="")))[1:]
    assert lines == [["" if cell is None else str(cell) for cell in row] for row in expected]
    assert len(expected) == 10


COMPARED = "print a = 1 in (1, 2), b = 'a b' has 'c', c = tobool('1') == true, none = not(bool(null))"


@pytest.mark.parametrize(("form", "read"), [("arrow", arrow), ("parquet", parquet)])
def test_what_a_comparison_finds_is_a_bool_in_binary_formats(client, form: str, read: Callable) -> None:
    table = read(ask(client(), COMPARED, form).content)
    assert [str(field.type) for field in table.schema] == ["bool"] * 4
    assert table.to_pylist() == [{"a": True, "b": False, "c": True, "none": None}]


def test_what_a_comparison_finds_is_a_bool_in_json(client) -> None:
    assert '"rows":[[true,false,true,null]]' in ask(client(), COMPARED, "json").text


@pytest.mark.parametrize("digits", ["12345678901234567.123456789012345678", "-0.1", "3", "1.50"])
def test_a_decimal_has_all_its_digits_in_json(client, digits: str) -> None:
    query = f"print x = decimal({digits}), none = decimal(null)"
    [[exact, none]] = json.loads(ask(client(), query, "json").text, parse_float=Decimal)["rows"]
    assert (exact, none) == (Decimal(digits), None)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
@pytest.mark.parametrize(
    "value",
    [
        *("datetime(9999-12-31)", "datetime(1500-01-01)", "timespan(200000d)"),
        *("decimal(100000000000000000000)", "decimal(-123456789012345678901.5)"),
    ],
)
def test_what_has_no_place_in_a_format_is_refused_not_changed(client, form: str, value: str) -> None:
    response = client().post("/query", json={"query": f"print x = {value}", "format": form})
    assert response.status_code == 400
    assert "nanoseconds" in response.json()["error"]["hint"]


@pytest.mark.parametrize(("form", "read"), [("arrow", arrow), ("parquet", parquet)])
def test_decimals_of_binary_formats_are_rounded_at_the_18th_digit(client, form: str, read: Callable) -> None:
    """128 bits: Polars and DuckDB read no wider ones."""
    query = """
        print least = decimal(-99999999999999999999.999999999999999999), third = decimal(2) / decimal(3),
            none = decimal(null)
    """
    [row] = read(ask(client(), query, form).content).to_pylist()
    assert row == {
        "least": Decimal("-99999999999999999999.999999999999999999"),
        "third": Decimal("0.666666666666666667"),
        "none": None,
    }


@pytest.mark.parametrize("form", ["json", "csv", "arrow", "parquet"])
def test_an_answer_without_rows_still_has_its_columns(client, form: str) -> None:
    response = ask(client(), "Calls | where false | project Method, Sequence", form)
    names = {
        "json": lambda: [column["name"] for column in response.json()["columns"]],
        "csv": lambda: response.text.strip().split(","),
        "arrow": lambda: arrow(response.content).column_names,
        "parquet": lambda: parquet(response.content).column_names,
    }[form]()
    assert names == ["Method", "Sequence"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("text/html, application/vnd.apache.arrow.stream;q=0.9", "application/vnd.apache.arrow.stream"),
        ("*/*", "application/json"),
        ("APPLICATION/JSON", "application/json"),
    ],
)
def test_the_format_may_be_asked_for_by_accept(client, accept: str, expected: str) -> None:
    response = client().post("/query", json={"query": "print 1"}, headers={"accept": accept})
    assert response.headers["content-type"] == expected


def test_a_type_that_is_not_served_is_refused(client) -> None:
    response = client().post("/query", json={"query": "print 1"}, headers={"accept": "text/html"})
    assert (response.status_code, response.json()["error"]["code"]) == (406, "not_acceptable")


def test_a_large_answer_comes_in_pieces_and_whole(client) -> None:
    """No length is known beforehand; every row is there."""
    query = "range i from 1 to 200000 step 1 | extend text = strcat('row ', i)"
    response = ask(client(), query, "json")
    assert "content-length" not in response.headers
    rows = response.json()["rows"]
    assert (len(rows), rows[0], rows[-1]) == (200_000, [1, "row 1"], [200_000, "row 200000"])
    lines = ask(client(), query, "csv").text.splitlines()
    assert (len(lines), lines[-1]) == (200_001, "200000,row 200000")
    assert arrow(ask(client(), query, "arrow").content).num_rows == 200_000


def test_a_small_answer_has_its_length(client) -> None:
    assert "content-length" in ask(client(), "print 1", "json").headers


def test_timedelta_is_what_arrow_makes_of_a_short_timespan(client) -> None:
    table = arrow(ask(client(), "print t = 90s", "arrow").content)
    assert table["t"].cast(pa.duration("us")).to_pylist() == [timedelta(seconds=90)]


def test_all_tables_come_as_json(client) -> None:
    """The last one alone is the answer unless all are asked for."""
    query = "Calls | count as Many; print 'between' | as Word; Calls | take 2 | project Method"
    wanted = {"query": query, "tables": "all"}
    tables = client().post("/query", json=wanted).json()["tables"]
    assert [table["rows"] for table in tables] == [[[10]], [["between"]], [["POST"], ["POST"]]]
    assert [table["name"] for table in tables][1] == "Word"
    assert tables[2]["columns"] == [{"name": "Method", "type": "string"}]
    last = client().post("/query", json={"query": query}).json()
    assert last == {name: tables[2][name] for name in ("columns", "rows")}


@pytest.mark.parametrize("form", ["csv", "arrow", "parquet"])
def test_other_formats_have_one_table(client, form: str) -> None:
    refused = client().post("/query", json={"query": "print 1", "tables": "all", "format": form})
    assert refused.status_code == 400
    assert "json" in refused.json()["error"]["hint"]


def test_an_answer_with_all_tables_is_closed_where_it_breaks_off(client, monkeypatch) -> None:
    monkeypatch.setattr(live_answer, "WHOLE_BYTES", 1)
    query = "print 1; range x from 1 to 600000 step 1"
    text = client().post("/query", json={"query": query, "tables": "all"}).text
    document = json.loads(text)
    assert document["error"]["code"] == "broken_off"
    assert document["tables"][0]["rows"] == [[1]]


def test_a_query_declares_parameters_and_gets_their_values(client) -> None:
    query = (
        "declare query_parameters"
        "(least: long, method: string = 'GET', since: datetime, tags: dynamic, all: bool);"
        " print least + 1, method, since, tags[1], all"
    )
    values = {"least": 41, "since": "datetime(2026-01-02)", "tags": [1, "two"], "all": True}
    response = client().post("/query", json={"query": query, "parameters": values})
    assert response.json()["rows"] == [[42, "GET", "2026-01-02T00:00:00.0000000Z", "two", True]]
    hostile = values | {"method": "'; Calls | project RequestBody //"}
    response = client().post("/query", json={"query": query, "parameters": hostile})
    assert response.json()["rows"][0][1] == "'; Calls | project RequestBody //"
    assert client().post("/query", json={"query": query, "parameters": [1]}).status_code == 400
