"""The tables that KQL names have Azure's columns and types, and say what happened.

Columns after MicrosoftDocs/azure-monitor-docs, articles/azure-monitor/reference/tables/ (July 2026).
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import msgspec
import pytest

from gatelog.api import answer_query
from gatelog.kql import KqlType, compile
from gatelog.model import EndReason, Timing
from gatelog.store import CATALOG, TABLES, LogTable, Store
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange, refused_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)

STANDARD = "_BilledSize:real _IsBillable _ResourceId _SubscriptionId SourceSystem TenantId Type"
GATEWAY_LOGS = """
ApiId ApimSubscriptionId ApiRevision BackendId BackendMethod BackendProtocol BackendRequestBody
BackendRequestHeaders:dynamic BackendResponseBody BackendResponseCode:int
BackendResponseHeaders:dynamic BackendTime:long BackendUrl Cache CacheTime:long CallerIpAddress
Category ClientProtocol ClientTime:long ClientTlsVersion CorrelationId Errors:dynamic
IsMasterTrace:bool IsTraceAllowed:bool IsTraceExpired:bool IsTraceRequested:bool
IsRequestSuccess:bool LastErrorElapsed:long LastErrorMessage LastErrorReason LastErrorScope
LastErrorSection LastErrorSource Method OperationId OperationName ProductId Region RequestBody
RequestHeaders:dynamic RequestSize:int ResponseBody ResponseCode:int ResponseHeaders:dynamic
ResponseSize:int Timestamp:datetime TimeGenerated:datetime TotalTime:long TraceRecords:dynamic Url
UserId WorkspaceId
"""
LLM_LOG = """
TimeGenerated:datetime CorrelationId ApiVersion DeploymentName ModelName OperationName
PromptTokens:int CompletionTokens:int TotalTokens:int RequestId RequestMessages:dynamic
ResponseMessages:dynamic IsStreamCompletion:bool SequenceNumber:int Region
"""
DIAGNOSTICS = """
TimeGenerated:datetime Category OperationName OperationVersion DurationMs:long ResultType
ResultSignature ResultDescription CallerIPAddress CorrelationId Level ResourceId Resource
ResourceGroup ResourceProvider ResourceType SubscriptionId properties_s location_s event_s Tenant_s
"""
METRICS = """
TimeGenerated:datetime MetricName Total:real Count:real Average:real Minimum:real Maximum:real
TimeGrain UnitName Resource ResourceGroup ResourceId ResourceProvider SubscriptionId DurationMs:long
OperationName OperationVersion ResultType ResultDescription ResultSignature CallerIpAddress Category
CorrelationId Severity:int
"""
ACTIVITY = """
ActivityStatus ActivityStatusValue ActivitySubstatus ActivitySubstatusValue Authorization
Authorization_d:dynamic Caller CallerIpAddress Category CategoryValue Claims Claims_d:dynamic
CorrelationId EventDataId EventSubmissionTimestamp:datetime Hierarchy HTTPRequest Level OperationId
OperationName OperationNameValue Properties Properties_d:dynamic Resource ResourceGroup ResourceId
ResourceProvider ResourceProviderValue SubscriptionId TimeGenerated:datetime
"""
MCP_LOG = """
ApiType AuthenticationMethod ClientName ClientVersion CorrelationId Error ErrorType McpServerEndpoint Method
OperationName ProtocolVersion Region ServerName ServerVersion SessionId TimeGenerated:datetime ToolCount:int
ToolName TransportType
"""
WEB_SOCKET_LOG = """
CorrelationId Destination Error EventName Region Source TimeGenerated:datetime
"""
CALLS = """
RequestId TimeGenerated:datetime OperationId SubscriptionName ProductName CallerIpAddress Backend
DeploymentName ModelName ResponseCode:int EndReason PromptTokens:long CompletionTokens:long
TotalTokens:long UsageSource DurationMs:real TimeToFirstTokenMs:real GatewayMs:real ConversationId
RequestBody ResponseBody Method Url ApiVersion CachedTokens:long ReasoningTokens:long IsStream:bool
FinishReason Attempts:dynamic Instance Boot Sequence:long ClaimedUser ConversationSource Capture
ErrorCode SentBytes:long Type
"""
EXPECTED = {
    "ApiManagementGatewayLogs": GATEWAY_LOGS + STANDARD,
    "ApiManagementGatewayLlmLog": LLM_LOG + STANDARD,
    "AzureDiagnostics": DIAGNOSTICS + STANDARD,
    "AzureMetrics": METRICS + STANDARD,
    "AzureActivity": ACTIVITY + STANDARD,
    "ApiManagementGatewayMCPLog": MCP_LOG + STANDARD,
    "ApiManagementWebSocketConnectionLogs": WEB_SOCKET_LOG + STANDARD,
    "Calls": CALLS,
}
OUR_OWN_TABLES = {"Calls"}
DEPRECATED = re.compile(
    "RemoteIP|Malicious|Indicator|Confidence|Description|TLP|ReportedDate|IsActive|Report|Additional"
)

tables = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def expected_columns(name: str) -> dict[str, str]:
    parts = (word.partition(":") for word in EXPECTED[name].split())
    return {column: kql_type or "string" for column, _, kql_type in parts}


def ask(store: Store, query: str) -> list[list]:
    return json.loads(answer_query(store, query, now=NOW).to_json())["rows"]


@tables
def test_a_table_has_azures_columns_and_types(table: LogTable) -> None:
    """No column less, none of another type; in Azure's own tables none more, but deprecated ones."""
    columns = {column.name: column.type.value for column in table.columns}
    expected = expected_columns(table.name)
    assert {name: columns.get(name) for name in expected} == expected
    if table.name not in OUR_OWN_TABLES:
        assert all(DEPRECATED.search(name) for name in columns.keys() - expected.keys())


@tables
def test_a_view_holds_what_the_compiler_is_told(store: Store, table: LogTable) -> None:
    """SQL types behind KQL types, nullable only where said, hidden columns hidden."""
    described = {row[0]: row[1] for row in store.run(f"DESCRIBE TABLE {table.name}").rows}
    known = CATALOG.find(table.name)
    sql_types = {
        "bool": "Bool",
        "int": "Int32",
        "long": "Int64",
        "real": "Float64",
        "string": "String",
        "datetime": "DateTime64(7, 'UTC')",
        "dynamic": "String",
    }
    for column in known.columns:
        actual = re.sub(r"LowCardinality\((.*)\)", r"\1", described.pop(column.name))
        nullable = column.name not in known.not_null
        expected = sql_types[column.type.value]
        assert actual == (f"Nullable({expected})" if nullable else expected), column.name
    indexed = [*known.words.values(), *(origin.words for origin in known.origins.values())]
    words = {name for column in indexed if column is not None for name in column if name}
    origins = {origin.sql_column for origin in known.origins.values()}
    origins |= {name for origin in known.origins.values() for name in (origin.value, origin.stands) if name}
    unlisted = {column.source for column in known.view.unlisted}
    assert set(described) == {path.sql_column for path in known.paths.values()} | words | origins | unlisted
    assert all(name.startswith("__") for name in described)


@tables
def test_a_statement_says_what_the_view_selects(store: Store, table: LogTable) -> None:
    """Queries do without the views: rows and types are theirs."""
    store.insert([chat_exchange(1), chat_exchange(2), refused_exchange(3)])
    moments = {column.name for column in table.columns if column.type is KqlType.DATETIME}
    names = [column.name for column in table.columns]
    listed = ", ".join(f"reinterpretAsInt64({name})" if name in moments else name for name in names)
    said = store.run(compile(table.name, CATALOG, now=NOW).sql)
    seen = store.run(f"SELECT {listed} FROM {table.name}")
    assert said.types == seen.types
    assert sorted(map(repr, said.rows)) == sorted(map(repr, seen.rows))


def test_an_authors_column_may_be_called_as_one_below_the_view(store: Store) -> None:
    """It does not hide the one that a column of the table is made of."""
    store.insert([chat_exchange(1)])
    query = "Calls | extend status = 'x', calls = 2, received = 3, request_id = 4, model_served = 5"
    answer = ask(
        store, f"{query} | project status, calls, ResponseCode, ModelName, RequestId = RequestId != ''"
    )
    assert answer == [["x", 2, 200, "gpt-4o-2024-11-20", True]]


@pytest.mark.parametrize(("count", "days"), [(1, 1), (2, 1), (3, 2), (10, 5), (11, 5)])
def test_the_newest_calls_are_looked_for_in_the_last_days(store: Store, count: int, days: int) -> None:
    """In as many as have enough: each of five has two."""
    day_ns = 86_400 * 10**9
    times = [RECEIVED_AT_NS + day * day_ns + second * 10**9 for day in range(5) for second in range(2)]
    store.insert([chat_exchange(place, timing=Timing(at, done_ns=1)) for place, at in enumerate(times)])
    query = f"Calls | top {count} by TimeGenerated desc | project RequestId"
    sql = compile(query, CATALOG, now=NOW).sql
    plan = " ".join(row[0].strip() for row in store.run(f"EXPLAIN indexes = 1 {sql}").rows)
    assert f"Parts: {days}/5" in plan
    newest_first = [[f"request-{place}"] for place in reversed(range(10))]
    assert ask(store, query) == newest_first[:count]


def test_the_newest_calls_of_an_empty_record_are_none(store: Store) -> None:
    assert ask(store, "Calls | top 100 by TimeGenerated") == []


@pytest.mark.parametrize(("direction", "algorithm"), [("desc", "InReverseOrder"), ("asc", "InOrder")])
def test_the_first_of_some_calls_are_read_in_the_order_of_their_times(
    store: Store, direction: str, algorithm: str
) -> None:
    """Hours are stored one after the other: the engine stops where it has enough."""
    hour_ns = 3_600 * 10**9
    for day in range(2):
        hours = [(7 * number) % 24 + 24 * day for number in range(24)]
        store.insert(
            [
                chat_exchange(hour + 1, timing=Timing(RECEIVED_AT_NS + hour * hour_ns, done_ns=1, sent_ns=1))
                for hour in hours
            ]
        )
    query = f"Calls | where ResponseCode < 400 | top 30 by TimeGenerated {direction}"
    sql = compile(query, CATALOG, now=NOW).sql
    plan = " ".join(row[0].strip() for row in store.run(f"EXPLAIN PIPELINE {sql}").rows)
    assert f"algorithm: {algorithm}" in plan
    found = [row[0] for row in ask(store, f"{query} | project Sequence")]
    assert found == (list(range(48, 18, -1)) if direction == "desc" else list(range(1, 31)))


@tables
def test_every_column_can_be_read(store: Store, table: LogTable) -> None:
    """All columns of all tables, over every sort of call, as a query would."""
    store.insert([chat_exchange(1), refused_exchange(2)])
    answer = answer_query(store, table.name, now=NOW)
    assert len(answer.columns) == len(table.columns)
    assert answer.to_json()
    assert answer.to_csv().count(b"\n") >= 1


def test_a_call_in_the_gateway_log(store: Store) -> None:
    """As API Management would log it, whole."""
    store.insert([chat_exchange(1)])
    row = ask(
        store,
        "ApiManagementGatewayLogs | project TimeGenerated, OperationId, ResponseCode, BackendTime, TotalTime,"
        " CallerIpAddress, ApimSubscriptionId, IsRequestSuccess, Errors, RequestHeaders, _ResourceId",
    )[0]
    assert row == [
        "2026-09-21T14:13:21.1234567Z",
        "chatcompletions_create",
        200,
        1000,
        1003,
        "203.0.113.7",
        "team-a",
        True,
        None,
        {"content-type": "application/json"},
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/gatelog/providers"
        "/microsoft.apimanagement/service/gatelog",
    ]


def test_a_refused_call_has_nothing_of_a_backend(store: Store) -> None:
    """What the gateway answered itself is in ResponseBody alone, and the error says why."""
    store.insert([refused_exchange(1)])
    row = ask(
        store,
        "ApiManagementGatewayLogs | project BackendRequestBody, BackendResponseBody, BackendResponseCode,"
        " BackendMethod, ResponseCode, IsRequestSuccess, LastErrorReason, LastErrorSection, Errors",
    )[0]
    assert row[:8] == ["", "", None, "", 401, False, "SubscriptionKeyInvalid", "inbound"]
    assert row[8] == [{"source": "refused", "reason": "invalid_key", "message": "Access denied"}]
    assert "Access denied" in ask(store, "ApiManagementGatewayLogs | project ResponseBody")[0][0]
    assert ask(store, "AzureDiagnostics | count") == ask(store, "AzureMetrics | count") == [[0]]


@pytest.mark.parametrize(
    ("reason", "error_code", "shown"),
    [
        (EndReason.COMPLETE, "", ""),
        (EndReason.COMPLETE, "content_filter", "content_filter"),
        (EndReason.REFUSED, "missing_key", "SubscriptionKeyNotFound"),
        (EndReason.REFUSED, "too_large", "too_large"),
        (EndReason.BACKEND_UNAVAILABLE, "backend_timeout", "Timeout"),
        (EndReason.CLIENT_ABORT, "reset", "ClientConnectionFailure"),
        (EndReason.UPSTREAM_RESET, "bad_gateway", "BackendConnectionFailure"),
        (EndReason.CLIENT_ABORT, "", "ClientConnectionFailure"),
        (EndReason.SHUTDOWN, "", "shutdown"),
    ],
)
def test_the_reason_of_an_error_is_api_managements_where_it_has_one(
    store: Store, reason: EndReason, error_code: str, shown: str
) -> None:
    """And all that is said of an error is there, or none of it."""
    exchange = refused_exchange(1)
    end = msgspec.structs.replace(exchange.end, reason=reason, error_code=error_code)
    store.insert([msgspec.structs.replace(exchange, end=end)])
    last = ", ".join(f"LastError{what}" for what in ("Reason", "Source", "Scope", "Section", "Elapsed"))
    row = ask(store, f"ApiManagementGatewayLogs | project {last}, Errors[0].reason")[0]
    expected = [reason.value, "global", "inbound", 2, error_code or reason.value]
    assert row == [shown, *expected] if shown else ["", "", "", "", None, None]
    assert ask(store, "Calls | project ErrorCode") == [[error_code]]


@pytest.mark.parametrize(
    "path", ["model", "usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens"]
)
@pytest.mark.parametrize(
    ("table", "body"),
    [
        ("ApiManagementGatewayLogs", "BackendResponseBody"),
        ("ApiManagementGatewayLogs", "ResponseBody"),
        ("Calls", "ResponseBody"),
    ],
)
def test_typed_twins_hold_what_the_json_holds(store: Store, table: str, body: str, path: str) -> None:
    """Read through the typed column or from the text (`strcat` hides it), the answer is the same."""
    store.insert([chat_exchange(1), refused_exchange(2)])
    twin = ask(store, f"{table} | order by TimeGenerated asc | project tostring(parse_json({body}).{path})")
    hidden = f"strcat({body}, '')"
    text = ask(store, f"{table} | order by TimeGenerated asc | project tostring(parse_json({hidden}).{path})")
    assert twin == text
    assert twin[0][0]


def test_a_typed_twin_replaces_the_body(store: Store) -> None:
    """The body is not even read."""
    store.insert([chat_exchange(1)])
    sql = compile(
        "ApiManagementGatewayLogs | project parse_json(BackendResponseBody).usage.total_tokens",
        CATALOG,
        now=NOW,
    ).sql
    plan = " ".join(row[0] for row in store.run(f"EXPLAIN PLAN header = 1 {sql}").rows)
    assert "reported_total_tokens" in plan
    assert "response_body" not in plan


@pytest.mark.parametrize(
    ("query", "direct"),
    [
        ("{0} | mv-expand m = b.messages | project tostring(m.role), b.model", True),
        ("{0} | project c = b | where isnotempty(c.messages) | project tostring(c.messages[0].role)", True),
        ("{0} | project b | as T | where b.messages[0].role == 'user' | count", True),
        ("{0} | project-rename e = b | sort by Sequence asc | project tostring(e.messages), e.none", True),
        ("{0} | join kind=inner (Calls | project Sequence) on Sequence | project tostring(b.messages)", True),
        ("{0} | summarize count() by tostring(b.messages)", True),
        ("{0} | summarize count() by tostring(b) | project parse_json(b).messages", False),
        ("{0} | summarize take_any(b) | project b.messages[0].role", False),
        ("let T = materialize({0} | project b); T | union T | project b.messages", False),
        ("{0} | project b, m = b.messages | where tostring(b) has 'model' | project m", False),
    ],
)
def test_a_member_of_a_column_made_of_a_body_is_read_from_the_body(
    store: Store, query: str, direct: bool
) -> None:
    """Nothing writes the JSON anew first, where only members of it are asked for; and the same is found."""
    torn = chat_exchange(3)
    content = msgspec.structs.replace(torn.content.request, text='{"messages": [{"role": "user"}]')
    torn = msgspec.structs.replace(torn, content=msgspec.structs.replace(torn.content, request=content))
    store.insert([chat_exchange(1), chat_exchange(2), torn])
    made, other = "Calls | extend b = parse_json({0})", "strcat(RequestBody, '')"
    text = query.format(made.format("RequestBody"))
    others = ask(store, query.format(made.format(other)))
    assert sorted(ask(store, text), key=repr) == sorted(others, key=repr)
    sql = compile(text, CATALOG, now=NOW).sql
    assert (re.search(r'toJSONString\("RequestBody', sql) is None) == direct


def test_messages_of_every_api_are_in_the_llm_log(store: Store) -> None:
    """Chat messages, a completion's prompt and texts, the Responses API's input and output."""
    chat = chat_exchange(1)

    def saying(sequence: int, request: object, response: object):
        content = msgspec.structs.replace(
            chat.content,
            request=msgspec.structs.replace(chat.content.request, text=json.dumps(request)),
            response=msgspec.structs.replace(chat.content.response, text=json.dumps(response)),
        )
        return chat_exchange(sequence, content=content)

    answer = {"role": "assistant", "content": "yes"}
    store.insert(
        [
            chat,
            saying(2, {"prompt": "is it?"}, {"choices": [{"text": "yes"}]}),
            saying(3, {"input": "is it?"}, {"output": [answer]}),
            saying(4, {"input": [{"role": "user", "content": "is it?"}]}, {"output": [answer]}),
            saying(5, {"messages": [], "odd": 1}, {}),
        ]
    )
    rows = ask(
        store,
        "ApiManagementGatewayLlmLog | order by CorrelationId asc"
        " | project RequestMessages, ResponseMessages, TotalTokens",
    )
    question = [{"role": "user", "content": "is it?"}]
    assert rows[0] == [
        [{"role": "user", "content": "What is a spool?"}],
        [{"role": "assistant", "content": "A durable journal."}],
        17,
    ]
    assert [row[:2] for row in rows[1:]] == [[question, [answer]]] * 3 + [[[], None]]


def test_the_time_of_the_client_is_its_sending_and_its_taking(store: Store) -> None:
    """5 ms for the request, and 300 ms that it took longer than the backend for the answer; what a refused
    call has is the request alone.
    """
    slow = msgspec.structs.replace(
        chat_exchange(1).timing, request_complete_ns=5_000_000, done_ns=1_302_000_000
    )
    store.insert([chat_exchange(1, timing=slow), refused_exchange(2)])
    query = "ApiManagementGatewayLogs | order by TimeGenerated asc | project ClientTime, TotalTime"
    assert ask(store, query) == [[305, 1302], [1, 2]]


def test_a_call_without_a_backends_answer_counts_as_its_error(store: Store) -> None:
    """Asked, and never answered."""
    lost = chat_exchange(1)
    lost = msgspec.structs.replace(
        lost,
        timing=Timing(RECEIVED_AT_NS, sent_ns=1, done_ns=9),
        end=msgspec.structs.replace(lost.end, backend_status=None),
    )
    store.insert([lost])
    assert ask(store, "AzureMetrics | where MetricName == 'ServerErrors' | project Total") == [[1]]


def test_a_time_range_reaches_the_partitions(store: Store) -> None:
    """Through the view: only the days asked for are read."""
    day_ns = 86_400 * 10**9
    store.insert(
        [chat_exchange(day, timing=Timing(RECEIVED_AT_NS + day * day_ns, done_ns=1)) for day in range(5)]
    )
    plan = " ".join(
        row[0].strip()
        for row in store.run(
            "EXPLAIN indexes = 1 SELECT RequestId FROM Calls"
            " WHERE TimeGenerated > toDateTime64('2026-09-25 00:00:00', 7, 'UTC')"
        ).rows
    )
    assert re.search(r"Min-?Max .*?Parts: 1/5", plan)


def test_paths_lead_to_columns_of_their_type() -> None:
    """Tokens are numbers, the model is text."""
    for table in ("Calls", "ApiManagementGatewayLogs"):
        paths = CATALOG.find(table).paths
        assert len(paths) > 3
        for (_, path), column in paths.items():
            expected = KqlType.STRING if path == ("model",) else KqlType.LONG
            assert column.type is expected
