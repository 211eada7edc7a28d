"""Cells, tables and frames in the shapes that the service's answers have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from gatelog.api.kusto import v1, v2
from gatelog.api.kusto.completion import Consumption
from gatelog.api.kusto.context import RequestContext, request_context
from gatelog.api.kusto.options import Options, Placement
from gatelog.api.kusto.result import CommandTable, ResultTable, columns_of
from gatelog.api.kusto.rows import Most, first_rows, truncated
from gatelog.api.kusto.values import encode_rows
from gatelog.api.kusto.visualization import visualization
from gatelog.errors import KqlBudgetError, StoreUnavailableError
from gatelog.kql import Column, KqlType, RenderHint

CONTEXT = RequestContext("KPC.execute;1", UUID(int=7), datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC))
NUMBERS = columns_of("x:long")


def cell(kind: str, value: Any) -> Any:
    """One cell as a JSON reader gets it."""
    return json.loads(b"[" + encode_rows([Column("c", KqlType(kind))], [[value]]) + b"]")[0][0]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("bool", True, True),
        ("int", 2147483647, 2147483647),
        ("long", 9223372036854775807, 9223372036854775807),
        ("real", 0.01, 0.01),
        ("real", float("nan"), "NaN"),
        ("real", float("-inf"), "-Infinity"),
        ("decimal", Decimal("2.00000000000001"), "2.00000000000001"),
        ("string", 'a"b\\ü\u0000', 'a"b\\ü\u0000'),
        ("datetime", 15833307013109965, "2020-03-04T14:05:01.3109965Z"),
        ("timespan", 864000010010001, "1000.00:00:01.0010001"),
        ("guid", UUID("123e27de-1e4e-49d9-b579-fe0b331d3642"), "123e27de-1e4e-49d9-b579-fe0b331d3642"),
        ("dynamic", '{"moshe":"value"}', {"moshe": "value"}),
        ("dynamic", "no json", "no json"),
        ("dynamic", "[" * 1000 + "]" * 1000, "[" * 1000 + "]" * 1000),
    ],
)
def test_a_cell_is_written_as_the_service_writes_it(kind: str, value: Any, expected: Any) -> None:
    assert cell(kind, value) == expected


@pytest.mark.parametrize("kind", [kind.value for kind in KqlType])
def test_null_is_null_in_every_type(kind: str) -> None:
    assert cell(kind, None) is None


def test_numbers_inside_a_dynamic_keep_all_their_digits() -> None:
    digits = '{"n":123456789012345678901234567890,"f":0.10000000000000000001}'
    assert encode_rows([Column("d", KqlType.DYNAMIC)], [[digits]]) == f"[{digits}]".encode()


def test_a_command_answers_one_table_with_net_and_kql_types() -> None:
    table = CommandTable(columns_of("Name:string,On:bool,At:datetime"), [["a", True, None]])
    assert json.loads(v1.command_answer(table)) == {
        "Tables": [
            {
                "TableName": "Table_0",
                "Columns": [
                    {"ColumnName": "Name", "DataType": "String", "ColumnType": "string"},
                    {"ColumnName": "On", "DataType": "SByte", "ColumnType": "bool"},
                    {"ColumnName": "At", "DataType": "DateTime", "ColumnType": "datetime"},
                ],
                "Rows": [["a", True, None]],
            }
        ]
    }


def version_1(*tables: ResultTable) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        b"".join(v1.query_answer(CONTEXT, tables, lambda: Consumption(1.5)))
    )
    return document


def version_2(options: Options, *tables: ResultTable) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = json.loads(
        b"".join(v2.query_frames(CONTEXT, options, tables, lambda: Consumption(1.5)))
    )
    return frames


def table(*blocks: list[list[Any]], name: str = "PrimaryResult", **more: Any) -> ResultTable:
    return ResultTable(name, NUMBERS, list(blocks), **more)


def broken_off(error: Exception, rows: list[list[Any]]) -> ResultTable:
    def blocks() -> Iterator[list[list[Any]]]:
        yield rows
        raise error

    return ResultTable("PrimaryResult", NUMBERS, blocks())


def test_version_1_ends_with_properties_status_and_a_table_of_contents() -> None:
    tables = version_1(table([[1], [2]], [[3]]), table([[4]], name="second"))["Tables"]
    assert [one["TableName"] for one in tables] == [f"Table_{place}" for place in range(5)]
    assert tables[0]["Rows"] == [[1], [2], [3]]
    assert len(tables[2]["Rows"]) == 2, "a visualization for each result"
    assert [row[1:3] for row in tables[3]["Rows"]] == [[4, "Info"], [6, "Stats"]]
    assert [row[:3] for row in tables[4]["Rows"]] == [
        [0, "QueryResult", "PrimaryResult"],
        [1, "QueryResult", "second"],
        [2, "QueryProperties", "@ExtendedProperties"],
        [3, "QueryStatus", "QueryStatus"],
    ]


def test_version_1_says_what_a_query_took() -> None:
    stats = json.loads(version_1(table([[1]]))["Tables"][2]["Rows"][1][4])
    assert stats["ExecutionTime"] == 1.5
    assert stats["dataset_statistics"] == [{"table_row_count": 1, "table_size": 3}]


def test_version_1_that_breaks_off_ends_there_with_the_text_inside_and_outside() -> None:
    document = version_1(broken_off(KqlBudgetError("too much"), [[1]]), table([[2]]))
    [only] = document["Tables"]
    text = "Query execution has exceeded the allowed limits (80DA0001): too much"
    assert only["Rows"] == [[1], {"Exceptions": [text]}]
    assert document["Exceptions"] == [text]


def test_version_2_frames_come_in_the_order_that_readers_expect() -> None:
    frames = version_2(Options(), table([[1]]), table([[2]], name="second"))
    assert [frame["FrameType"] for frame in frames] == [
        "DataSetHeader",
        *["DataTable"] * 4,
        "DataSetCompletion",
    ]
    assert [frame.get("TableKind") for frame in frames[1:-1]] == [
        "QueryProperties",
        "PrimaryResult",
        "PrimaryResult",
        "QueryCompletionInformation",
    ]
    assert [frame["TableId"] for frame in frames[1:-1]] == [0, 1, 2, 3]
    assert frames[0] == {"FrameType": "DataSetHeader", "IsProgressive": False, "Version": "v2.0"}
    assert frames[-1] == {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False}


def test_members_of_a_table_come_in_the_order_that_streaming_readers_rely_on() -> None:
    tables = version_2(Options(), table([[1]]))[1:-1]
    assert len(tables) == 3
    for frame in tables:
        assert list(frame) == ["FrameType", "TableId", "TableKind", "TableName", "Columns", "Rows"]


def test_completion_information_has_the_columns_and_rows_of_the_service() -> None:
    information = version_2(Options(), table([[1]]))[-2]
    assert [column["ColumnName"] for column in information["Columns"]] == [
        *("Timestamp", "ClientRequestId", "ActivityId", "SubActivityId", "ParentActivityId", "Level"),
        *("LevelName", "StatusCode", "StatusCodeName", "EventType", "EventTypeName", "Payload"),
    ]
    done, stats = information["Rows"]
    assert done[0] == "2024-05-06T07:08:09.1234560Z"
    assert done[1] == "KPC.execute;1"
    assert done[5:11] == [4, "Info", 0, "S_OK (0)", 4, "QueryInfo"]
    assert stats[5:7] == [6, "Stats"]


def test_fragments_are_framed_by_header_and_completion() -> None:
    frames = version_2(Options(fragmented=True), table([[1], [2]], [[3]]))
    assert frames[0]["IsFragmented"] is True
    header, first, second, completion = frames[2:6]
    assert header["FrameType"] == "TableHeader"
    assert first["Rows"] == [[1], [2]]
    assert second["TableFragmentType"] == "DataAppend"
    assert completion == {"FrameType": "TableCompletion", "TableId": 1, "RowCount": 3}


def test_progressive_answers_say_so_and_how_far_they_are() -> None:
    frames = version_2(Options(progressive=True, fragmented=True), table([[1]]))
    assert frames[0]["IsProgressive"] is True
    assert [frame["FrameType"] for frame in frames[2:6]] == [
        *("TableHeader", "TableFragment", "TableProgress", "TableCompletion"),
    ]
    assert frames[4]["TableProgress"] == 100


def test_newlines_separate_frames_where_asked() -> None:
    text = b"".join(v2.query_frames(CONTEXT, Options(newlines=True), [table([[1]])], Consumption)).decode()
    lines = text.splitlines()
    assert lines[0].startswith('[{"FrameType":"DataSetHeader"')
    assert all(line.startswith(",{") for line in lines[1:-1])
    assert lines[-1] == "]"


@pytest.mark.parametrize("fragmented", [False, True])
@pytest.mark.parametrize("placement", list(Placement))
def test_an_answer_that_breaks_off_says_so_where_it_was_asked_to(
    placement: Placement, fragmented: bool
) -> None:
    options = Options(placement=placement, fragmented=fragmented)
    frames = version_2(options, broken_off(KqlBudgetError("too much"), [[1]]), table([[2]]))
    in_rows = [row for frame in frames for row in frame.get("Rows", []) if isinstance(row, dict)]
    at_table_end = [f for f in frames if f["FrameType"] == "TableCompletion" and "OneApiErrors" in f]
    assert len(in_rows) == (placement is Placement.IN_DATA and not fragmented)
    assert len(at_table_end) == (placement is not Placement.END_OF_DATASET and fragmented)
    assert frames[-1]["HasErrors"] is True
    [error] = frames[-1]["OneApiErrors"]
    assert error["error"]["code"] == "LimitsExceeded"
    assert frames[-2]["Rows"][0][5] == 2, "Level 2 is an error to clients"


def test_deferred_failures_are_left_to_the_completion_information() -> None:
    frames = version_2(Options(defer_failures=True), broken_off(StoreUnavailableError("away"), [[1]]))
    assert frames[2]["Rows"] == [[1]]
    assert frames[-1]["HasErrors"] is False
    assert frames[-2]["Rows"][0][5:7] == [2, "Error"]


def test_the_visualization_names_every_property_and_sets_those_of_the_query() -> None:
    hint = RenderHint("timechart", (("title", "T"), ("accumulate", "true"), ("ymin", "0.5"), ("ymax", "1_0")))
    drawn = json.loads(visualization(hint, ordered=True))
    assert drawn["Visualization"] == "timechart"
    assert (drawn["Title"], drawn["Accumulate"], drawn["Ymin"], drawn["XColumn"]) == ("T", True, 0.5, None)
    assert drawn["Ymax"] == "1_0"
    assert json.loads(visualization(None, ordered=False))["Visualization"] is None


def test_truncation_gives_exactly_the_rows_allowed_and_then_fails() -> None:
    blocks = truncated([[[1], [2]], [[3], [4]]], Most(3, 1_000))
    assert [*next(blocks), *next(blocks)] == [[1], [2], [3]]
    with pytest.raises(KqlBudgetError, match="set limit of 3 records"):
        next(blocks)
    assert list(truncated([[[1], [2], [3]]], Most(3, 1_000))) == [[[1], [2], [3]]]
    with pytest.raises(KqlBudgetError, match="set limit of 10 bytes"):
        list(truncated([[["0123456789"]], [["x"]]], Most(3, 10)))


def test_first_rows_reads_on_over_empty_blocks() -> None:
    assert [row for block in first_rows([[[1]], [], [[2], [3]]], 2) for row in block] == [[1], [2]]


def test_a_client_without_an_id_gets_one_and_a_long_one_is_cut() -> None:
    assert request_context({}, CONTEXT.received).client_request_id.startswith("unspecified;")
    named = request_context({"x-ms-client-request-id": "a" * 999}, CONTEXT.received)
    assert named.headers["x-ms-client-request-id"] == "a" * 256
