"""The published monitoring queries for API Management in front of Azure OpenAI, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gatelog import kql
from gatelog.app.demo import published_queries
from gatelog.kql import Catalog, Column, KqlType, PathColumn, Table
from gatelog.testing.kql import engine

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
DATABASE = "kql_seeds"


def strings(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, KqlType.STRING) for name in names)


USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")
GATEWAY_LOGS = Table(
    "ApiManagementGatewayLogs",
    (
        Column("TimeGenerated", KqlType.DATETIME),
        *strings("OperationId", "BackendRequestBody", "BackendResponseBody", "CallerIpAddress"),
        Column("ResponseCode", KqlType.INT),
    ),
    f"{DATABASE}.gateway_logs",
    {
        **{("BackendResponseBody", ("usage", name)): PathColumn(f"__{name}", KqlType.LONG) for name in USAGE},
        ("BackendResponseBody", ("model",)): PathColumn("__model", KqlType.STRING),
    },
    frozenset({"TimeGenerated"}),
)
DIAGNOSTICS = Table(
    "AzureDiagnostics",
    (
        Column("TimeGenerated", KqlType.DATETIME),
        *strings("_ResourceId", "Category", "OperationName"),
        Column("DurationMs", KqlType.LONG),
        *strings("ResultSignature", "properties_s"),
    ),
    f"{DATABASE}.diagnostics",
    not_null=frozenset({"TimeGenerated"}),
)
METRICS = Table(
    "AzureMetrics",
    (
        Column("TimeGenerated", KqlType.DATETIME),
        *strings("MetricName", "TimeGrain", "UnitName"),
        Column("Total", KqlType.REAL),
        Column("Count", KqlType.REAL),
    ),
    f"{DATABASE}.metrics",
    not_null=frozenset({"TimeGenerated"}),
)
CATALOG = Catalog([GATEWAY_LOGS, DIAGNOSTICS, METRICS])

PUBLISHED = dict(published_queries())
USAGE_QUERY = PUBLISHED["Usage by caller and model"]
PROMPT_QUERY = PUBLISHED["Prompts"]
TRACE_QUERY = PUBLISHED["Prompts and answers of an operation named post-query"]
DIAGNOSTICS_QUERY = PUBLISHED["A sample of the resource log"]
METRICS_QUERY = PUBLISHED["A sample of the metrics"]

EXACT_OPERATION_QUERY = USAGE_QUERY.replace(
    "tolower(OperationId) in ('completions_create','chatcompletions_create')",
    "OperationId == 'completions_create'",
)


def answer(model: str, prompt: int, completion: int) -> str:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    choices = [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}]
    return json.dumps({"model": model, "choices": choices, "usage": usage}, separators=(",", ":"))


REQUEST = json.dumps({"messages": [{"role": "user", "content": "Hi"}]}, separators=(",", ":"))
CALLS = [
    ("chatcompletions_create", answer("gpt-35-turbo", 10, 5), "10.0.0.1", 200),
    ("ChatCompletions_Create", answer("gpt-35-turbo", 20, 7), "10.0.0.1", 200),
    ("completions_create", answer("gpt-4o", 1, 2), "10.0.0.2", 200),
    ("chatcompletions_create", '{"error":{"code":"429"}}', "10.0.0.2", 429),
    ("embeddings_create", answer("ada", 100, 0), "10.0.0.1", 200),
    ("post-query", answer("gpt-4o", 3, 4), "10.0.0.3", 200),
]


@pytest.fixture(scope="module", autouse=True)
def tables() -> Iterator[None]:
    """The SQL tables behind the catalogue; the typed columns are computed from the bodies."""
    client = engine()
    client.command(f"CREATE DATABASE {DATABASE}")
    typed = ", ".join(
        f"__{name} Nullable(Int64) MATERIALIZED "
        f"JSONExtract(BackendResponseBody, 'usage', '{name}', 'Nullable(Int64)')"
        for name in USAGE
    )
    client.command(
        f"CREATE TABLE {DATABASE}.gateway_logs (TimeGenerated DateTime64(7, 'UTC'), OperationId String, "
        "BackendRequestBody String, BackendResponseBody String, CallerIpAddress String, "
        f"ResponseCode Nullable(Int32), {typed}, "
        "__model String MATERIALIZED JSONExtractString(BackendResponseBody, 'model')) ENGINE = Memory"
    )
    names = [
        "TimeGenerated",
        "OperationId",
        "BackendRequestBody",
        "BackendResponseBody",
        "CallerIpAddress",
        "ResponseCode",
    ]
    rows = [[NOW, operation, REQUEST, body, ip, code] for operation, body, ip, code in CALLS]
    client.insert("gateway_logs", rows, column_names=names, database=DATABASE)
    client.command(
        f"CREATE TABLE {DATABASE}.diagnostics (TimeGenerated DateTime64(7, 'UTC'), _ResourceId String, "
        "Category String, OperationName String, DurationMs Nullable(Int64), ResultSignature String, "
        "properties_s String) ENGINE = Memory"
    )
    client.command(
        f"INSERT INTO {DATABASE}.diagnostics VALUES "
        "(now64(7, 'UTC'), 'r', 'RequestResponse', 'c', 12, '200', '')"
    )
    client.command(
        f"CREATE TABLE {DATABASE}.metrics (TimeGenerated DateTime64(7, 'UTC'), MetricName String, "
        "TimeGrain String, UnitName String, Total Nullable(Float64), Count Nullable(Float64)) ENGINE = Memory"
    )
    yield
    client.command(f"DROP DATABASE {DATABASE}")


def ask(text: str, *, use_paths: bool = True) -> tuple[list[str], list[list[Any]]]:
    compiled = kql.compile(text, CATALOG, now=NOW, use_paths=use_paths)
    kinds = [column.type for column in compiled.columns]
    rows = [
        [kql.cell_to_json(kind, cell) for kind, cell in zip(kinds, row, strict=True)]
        for row in engine().query(compiled.sql).result_rows
    ]
    return [column.name for column in compiled.columns], rows


def test_usage_by_caller_and_model() -> None:
    columns, rows = ask(USAGE_QUERY)
    assert columns == [
        "ip",
        "model",
        "sum_prompttokens",
        "sum_completiontokens",
        "sum_totaltokens",
        "avg_totaltokens",
    ]
    assert sorted(rows) == [
        ["10.0.0.1", "gpt-35-turbo", 30, 12, 42, 21],
        ["10.0.0.2", "", 0, 0, 0, None],
        ["10.0.0.2", "gpt-4o", 1, 2, 3, 3],
    ]


def test_usage_is_of_type_decimal() -> None:
    compiled = kql.compile(USAGE_QUERY, CATALOG, now=NOW)
    assert [column.type for column in compiled.columns[2:]] == [KqlType.DECIMAL] * 4


def test_usage_does_not_read_the_bodies() -> None:
    assert "BackendResponseBody" not in kql.compile(USAGE_QUERY, CATALOG, now=NOW).sql


def test_the_model_key_is_what_stands_before_the_second_hyphen() -> None:
    _, rows = ask(
        USAGE_QUERY.partition("| extend model =")[0] + "| where ResponseCode == '200' | distinct modelkey"
    )
    assert sorted(rows) == [[""], ["gpt-35"]]


def test_usage_of_one_exact_operation() -> None:
    assert ask(EXACT_OPERATION_QUERY)[1] == [["10.0.0.2", "gpt-4o", 1, 2, 3, 3]]


def test_prompts_of_all_calls() -> None:
    columns, rows = ask(PROMPT_QUERY)
    assert columns[-3:] == ["model", "prompttokens", "prompttext"]
    assert rows[0][-3:] == [
        "gpt-35-turbo",
        10,
        '{"index":0,"message":{"role":"assistant","content":"Hello"}}',
    ]
    assert rows[3][-3:] == ["", None, ""]


def test_the_comment_behind_the_filter_is_a_comment() -> None:
    columns, rows = ask(TRACE_QUERY)
    row = dict(zip(columns, rows[0], strict=True))
    assert len(rows) == 1
    assert row["request_messages"] == '{"role":"user","content":"Hi"}'
    assert row["total_tokens"] == 7
    assert row["responseBody"]["model"] == "gpt-4o"


def test_diagnostics_and_metrics_have_the_columns_asked_for() -> None:
    assert ask(DIAGNOSTICS_QUERY)[0] == [column.name for column in DIAGNOSTICS.columns]
    assert len(ask("AzureDiagnostics\n| take 100")[1]) == 1
    assert ask(METRICS_QUERY) == (
        ["TimeGenerated", "MetricName", "Total", "Count", "TimeGrain", "UnitName"],
        [],
    )


@pytest.mark.parametrize("text", [USAGE_QUERY, PROMPT_QUERY, TRACE_QUERY, EXACT_OPERATION_QUERY])
def test_typed_columns_give_the_answer_that_the_json_gives(text: str) -> None:
    columns, rows = ask(text)
    assert (columns, sorted(map(json.dumps, rows))) == (
        columns,
        sorted(map(json.dumps, ask(text, use_paths=False)[1])),
    )


def test_queries_in_the_wild_compare_across_types() -> None:
    assert ask("ApiManagementGatewayLogs | where ResponseCode == '429' | count")[1] == [[1]]
    assert ask("AzureDiagnostics | where ResultSignature == 200 | count")[1] == [[1]]
