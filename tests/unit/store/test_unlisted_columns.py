"""The columns of Log Analytics that no schema lists: a query that names them has them.

https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from gatelog.api import answer_query
from gatelog.kql import compile
from gatelog.model import Timing
from gatelog.store import CATALOG, TABLES, LogTable, Store
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange, refused_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)
NAMES = ("_TimeReceived", "_ItemId", "_Internal_WorkspaceResourceId")
OF_CALLS = ("ApiManagementGatewayLogs", "ApiManagementGatewayLlmLog", "AzureDiagnostics", "Calls")

tables = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def ask(store: Store, query: str) -> list[list]:
    return json.loads(answer_query(store, query, now=NOW).to_json())["rows"]


@tables
def test_every_table_has_them_for_a_query_that_names_them(table: LogTable) -> None:
    """And for no other: neither in its rows nor in its schema."""
    named = compile(f"{table.name} | project {', '.join(NAMES)}", CATALOG, now=NOW)
    assert [(column.name, column.type.value) for column in named.columns] == [
        ("_TimeReceived", "datetime"),
        ("_ItemId", "string"),
        ("_Internal_WorkspaceResourceId", "string"),
    ]
    listed = [column.name for column in compile(table.name, CATALOG, now=NOW).columns]
    assert listed == [column.name for column in table.columns]
    assert not set(NAMES) & set(listed)


@pytest.mark.parametrize("table", OF_CALLS)
def test_a_record_is_received_when_its_call_has_ended(store: Store, table: str) -> None:
    """Which is what `ingestion_time()` says as well."""
    store.insert([chat_exchange(1)])
    query = f"{table} | project (_TimeReceived - TimeGenerated) / 1ms, ingestion_time() == _TimeReceived"
    assert ask(store, query) == [[1003.0, True]]


def test_of_a_call_without_an_end_the_last_known_time_counts(store: Store) -> None:
    """The gateway died before the end of the second; of the third nothing but its beginning is known."""
    sent = Timing(RECEIVED_AT_NS, request_complete_ns=5_000_000, sent_ns=7_000_000)
    begun = Timing(RECEIVED_AT_NS)
    store.insert(
        [chat_exchange(1), *(chat_exchange(at, timing=timing) for at, timing in ((2, sent), (3, begun)))]
    )
    query = "Calls | order by Sequence asc | project (_TimeReceived - TimeGenerated) / 1ms"
    assert ask(store, query) == [[1003.0], [7.0], [0.0]]


def test_a_metric_is_received_when_its_minute_is_over(store: Store) -> None:
    store.insert([chat_exchange(1)])
    query = "AzureMetrics | distinct Passed = _TimeReceived - TimeGenerated"
    assert ask(store, query) == [["00:01:00"]]


def test_no_two_records_have_the_same_id(store: Store) -> None:
    """Nor the rows of one call in several tables; and each keeps its own."""
    store.insert([chat_exchange(1), chat_exchange(2), chat_exchange(2, boot="b2"), refused_exchange(3)])
    query = "union withsource=Table * | project Table, _ItemId | order by Table asc, _ItemId asc"
    rows = ask(store, query)
    identities = [identity for _, identity in rows]
    assert len(rows) > 4 * len(OF_CALLS)
    assert len(set(identities)) == len(identities)
    assert all(str(UUID(identity)) == identity for identity in identities)
    assert ask(store, query) == rows


def test_the_identity_of_a_row_outlives_its_body(store: Store) -> None:
    """It is made of what names the call, and of nothing that retention clears."""
    store.insert([chat_exchange(1)])
    query = "Calls | project _ItemId, HasBody = isnotempty(RequestBody)"
    [(before, _)] = ask(store, query)
    store.expire(date(2026, 10, 1), retention_days=30, body_retention_days=7)
    assert ask(store, query) == [[before, False]]


def test_the_delay_of_records_is_asked_of_all_tables(store: Store) -> None:
    """As published queries of agents' delays do."""
    store.insert([chat_exchange(1), refused_exchange(2)])
    query = """
        union withsource=SourceTable *
        | where TimeGenerated > datetime(2026-09-20)
        | extend DelaySeconds = (_TimeReceived - TimeGenerated) / 1s
        | summarize Longest = max(DelaySeconds) by SourceTable
        | order by SourceTable asc
    """
    longest = dict(ask(store, query))
    assert longest.pop("AzureMetrics") == 60
    assert longest == dict.fromkeys(OF_CALLS, pytest.approx(1.003))
