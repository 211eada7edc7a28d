"""AzureMetrics: the metrics of the calls, minute by minute, and what is read for a few of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from gatelog.api import answer_query
from gatelog.kql import compile
from gatelog.store import CATALOG, Store
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange, refused_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)
SEED_METRICS = {
    "BlockedCalls",
    "ClientErrors",
    "DataIn",
    "DataOut",
    "FineTunedTrainingHours",
    "Latency",
    "Ratelimit",
    "ServerErrors",
    "SuccessfulCalls",
    "TokenTransaction",
    "TotalCalls",
    "TotalErrors",
}


def ask(store: Store, query: str) -> list[list]:
    return json.loads(answer_query(store, query, now=NOW).to_json())["rows"]


def test_metrics_are_those_of_the_seeds(store: Store) -> None:
    """All twelve, a row a minute and backend, adding up."""
    failed = chat_exchange(2)
    failed = msgspec.structs.replace(failed, end=msgspec.structs.replace(failed.end, backend_status=429))
    late = chat_exchange(3)
    late = msgspec.structs.replace(
        late, timing=msgspec.structs.replace(late.timing, received_at_ns=RECEIVED_AT_NS + 120 * 10**9)
    )
    store.insert([chat_exchange(1), failed, late, refused_exchange(4)])
    rows = ask(
        store,
        "AzureMetrics | order by TimeGenerated asc"
        " | project TimeGenerated, MetricName, Total, Count, Average, UnitName",
    )
    assert {row[1] for row in rows} >= SEED_METRICS
    first = {row[1]: row[2:] for row in rows if row[0] == "2026-09-21T14:13:00.0000000Z"}
    assert first["TotalCalls"] == [2, 2, 1, "Count"]
    assert first["BlockedCalls"] == [1, 2, 0.5, "Count"]
    assert first["TokenTransaction"] == [34, 2, 17, "Count"]
    assert first["Latency"] == [2000, 2, 1000, "MilliSeconds"]
    assert "AzureOpenAITokenPerSecond" not in first  # these calls did not stream
    assert sum(row[2] for row in rows if row[1] == "TotalCalls") == 3


FAMILIES = {
    "ModelRequests": "AzureOpenAIRequests",
    "TimeToResponse": "AzureOpenAITimeToResponse",
    "TimeToLastByte": "AzureOpenAITTLTInMS",
    "NormalizedTimeToFirstToken": "AzureOpenAINormalizedTTFTInMS",
    "NormalizedTimeBetweenTokens": "AzureOpenAINormalizedTBTInMS",
    "TokensPerSecond": "AzureOpenAITokenPerSecond",
    "InputTokens": "ProcessedPromptTokens",
    "OutputTokens": "GeneratedTokens",
    "TotalTokens": "TokenTransaction",
    "AudioInputTokens": "AudioPromptTokens",
    "AudioOutputTokens": "AudioCompletionTokens",
}


@pytest.mark.parametrize(("of_models", "of_azure_openai"), FAMILIES.items())
def test_the_names_of_both_families_give_the_same(store: Store, of_models: str, of_azure_openai: str) -> None:
    """Microsoft's page has each metric of a model twice; the answers of this call have every one of them."""
    spoken = chat_exchange(1)
    usage = msgspec.structs.replace(spoken.usage, audio_prompt_tokens=3, audio_completion_tokens=2)
    streamed = msgspec.structs.replace(spoken.call, stream=True)
    store.insert([msgspec.structs.replace(spoken, usage=usage, call=streamed), chat_exchange(2)])
    query = "AzureMetrics | where MetricName == '{}' | project Total, Count, Minimum, Maximum, UnitName"
    [row] = ask(store, query.format(of_models))
    assert [row] == ask(store, query.format(of_azure_openai))
    assert row[0] > 0


def test_verdicts_of_content_filters_are_counted_by_call_and_category(store: Store) -> None:
    """Rejected is what a filter blocked, harmful what it found, blocked or not; a call without verdicts was
    not looked at.
    """
    verdicts = {
        "prompt": {
            "hate": {"filtered": True, "severity": "high"},
            "jailbreak": {"detected": True, "filtered": False},
        },
        "completion": {
            "violence": {"filtered": False, "severity": "safe"},
            "self_harm": {"filtered": False, "severity": "low"},
        },
        "blocked": ["prompt:hate"],
    }
    harmless = {"prompt": {"hate": {"filtered": False, "severity": "safe"}}}
    calls = [chat_exchange(1), chat_exchange(2), chat_exchange(3)]
    for place, found in ((0, verdicts), (1, harmless)):
        content = msgspec.structs.replace(calls[place].content, filter_verdicts=found)
        calls[place] = msgspec.structs.replace(calls[place], content=content)
    store.insert(calls)
    query = "AzureMetrics | where MetricName startswith 'RAI' | project MetricName, Total, Count"
    assert sorted(ask(store, query)) == [
        ["RAIHarmfulRequests", 3, 2],
        ["RAIRejectedRequests", 1, 2],
        ["RAITotalRequests", 2, 2],
    ]


@pytest.mark.parametrize(
    "condition",
    ["MetricName == 'TotalCalls'", "MetricName in~ ('latency', 'DATAIN')", "MetricName == 'NoSuchMetric'"],
)
def test_of_metrics_only_those_asked_for_are_computed(store: Store, condition: str) -> None:
    """With the values that they have among all."""
    store.insert([chat_exchange(1), chat_exchange(2), refused_exchange(3)])
    wanted = ask(store, f"AzureMetrics | where {condition} | sort by MetricName asc")
    everything = ask(store, "AzureMetrics | extend all = rand() | sort by MetricName asc | project-away all")
    names = {"TotalCalls", "Latency", "DataIn"} if wanted else set()
    assert wanted == [row for row in everything if row[1] in names and row[1] in str(wanted)]
    sql = compile(f"AzureMetrics | where {condition} | count", CATALOG, now=NOW).sql
    assert "TokenTransaction" not in sql


def test_a_time_range_of_metrics_reads_its_days_only(store: Store) -> None:
    """A condition on the minute of a row reaches the calls below."""
    query = "AzureMetrics | where TimeGenerated {} datetime(2026-09-21T12:00) | count"
    store.insert([chat_exchange(1)])

    def granules(operator: str) -> str:
        sql = compile(query.format(operator), CATALOG, now=NOW).sql
        lines = [line.strip() for (line,) in store.run(f"EXPLAIN indexes = 1 {sql}").rows]
        return next(line for line in lines if line.startswith("Granules: "))

    assert granules(">") == "Granules: 1/1"
    assert granules("<") == "Granules: 0/1"


@pytest.mark.parametrize("query", ["take 3", "top 3 by TimeGenerated desc, MetricName asc"])
def test_a_few_metrics_are_those_of_the_latest_hours(store: Store, query: str) -> None:
    """As they are among all; the hours before are not read."""
    store.insert([chat_exchange(1 + hour * 3600) for hour in range(5)])
    few = ask(store, f"AzureMetrics | {query} | sort by TimeGenerated desc, MetricName asc")
    everything = ask(
        store,
        "AzureMetrics | extend all = rand() | sort by TimeGenerated desc, MetricName asc | project-away all",
    )
    hours = sorted({row[0] for row in everything})
    assert len(few) == 3
    assert all(row in everything and row[0] in hours[-3:] for row in few)
    assert few == everything[:3] or query == "take 3"
    assert "LIMIT 1 BY toStartOfMinute" in compile(f"AzureMetrics | {query}", CATALOG, now=NOW).sql


def test_a_few_metrics_of_an_empty_record_are_none(store: Store) -> None:
    assert ask(store, "AzureMetrics | take 10") == []
