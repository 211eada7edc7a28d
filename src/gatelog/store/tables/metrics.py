"""`AzureMetrics`: Azure OpenAI's platform metrics, a row a metric, minute and backend, computed from the
calls.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/azuremetrics
https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-cognitiveservices-accoun
ts-metrics

Each call that reached a backend gives each metric at most one sample. A metric that counts takes 0 or 1 from
a call, so a minute without errors has a row saying 0. There is no dimension column, as in Azure; and no
metric that Azure's page calls not exportable: rates of availability, utilization and cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatelog.kql import Choice, KqlType, Latest
from gatelog.store.tables.azure import BACKEND_RESOURCE, BACKEND_RESOURCE_ID, standard, unlisted
from gatelog.store.tables.table import LogColumn, LogTable, string, unknown

_NAME = "AzureMetrics"


class Metric(NamedTuple):
    """One metric: its REST name, unit, and the SQL of a call's sample (NULL = the call has none)."""

    name: str
    unit: str
    sample: str


# A call whose backend never answered counts as a server error: the backend failed it.
_STATUS = "ifNull(backend_status, 503)"

_TO_RESPONSE = "(first_byte_ns - sent_ns) / 1e6"
_TO_LAST_BYTE = "(last_byte_ns - sent_ns) / 1e6"
_OUTPUT_NS = "nullIf(last_byte_ns - first_token_ns, 0)"
_NORMALIZED_TTFT = "if(stream, (first_token_ns - sent_ns) / 1e6 / nullIf(prompt_tokens, 0), NULL)"
_NORMALIZED_TBT = f"if(stream, {_OUTPUT_NS} / 1e6 / nullIf(completion_tokens, 0), NULL)"
_SPEED = f"if(stream, completion_tokens / ({_OUTPUT_NS} / 1e9), NULL)"

# Few backends state a limit, and to read all that is JSON would take longer than all other metrics.
_RATE_LIMIT = """if(position(evidence, 'x-ratelimit-limit-requests') > 0,
    toFloat64OrNull(JSONExtractString(evidence, 'x-ratelimit-limit-requests')), NULL)"""

# The verdicts are objects without others inside: `"hate":{"filtered":false,"severity":"safe"}`.
_FILTERED = """position(filter_verdicts, '"prompt":{') + position(filter_verdicts, '"completion":{') > 0"""
_REJECTED = """countSubstrings(filter_verdicts, '"filtered":true')"""
_HARMFUL = """countMatches(filter_verdicts,
    '[{][^{}]*("detected":true|"severity":"(low|medium|high)")[^{}]*[}]')"""

METRICS: tuple[Metric, ...] = (
    Metric("TotalCalls", "Count", "1"),
    Metric("SuccessfulCalls", "Count", f"{_STATUS} < 400"),
    Metric("TotalErrors", "Count", f"{_STATUS} >= 400"),
    Metric("ClientErrors", "Count", f"{_STATUS} BETWEEN 400 AND 499"),
    Metric("ServerErrors", "Count", f"{_STATUS} >= 500"),
    Metric("BlockedCalls", "Count", f"{_STATUS} = 429"),
    Metric("DataIn", "Bytes", "received_bytes"),
    Metric("DataOut", "Bytes", "response_size"),
    Metric("Latency", "MilliSeconds", "upstream_ns / 1e6"),
    Metric("Ratelimit", "Count", _RATE_LIMIT),
    Metric("FineTunedTrainingHours", "Count", "0"),  # training is not a call; calls use no training time
    Metric("TokenTransaction", "Count", "total_tokens"),
    Metric("ProcessedPromptTokens", "Count", "prompt_tokens"),
    Metric("GeneratedTokens", "Count", "completion_tokens"),
    Metric("ActiveTokens", "Count", "total_tokens - ifNull(cached_tokens, 0)"),
    Metric("AudioPromptTokens", "Count", "audio_prompt_tokens"),
    Metric("AudioCompletionTokens", "Count", "audio_completion_tokens"),
    Metric("AzureOpenAIRequests", "Count", "1"),
    Metric("AzureOpenAITimeToResponse", "MilliSeconds", _TO_RESPONSE),
    Metric("AzureOpenAITTLTInMS", "MilliSeconds", _TO_LAST_BYTE),
    Metric("AzureOpenAINormalizedTTFTInMS", "MilliSeconds", _NORMALIZED_TTFT),
    Metric("AzureOpenAINormalizedTBTInMS", "MilliSeconds", _NORMALIZED_TBT),
    Metric("AzureOpenAITokenPerSecond", "Count", _SPEED),
    Metric("ModelRequests", "Count", "1"),
    Metric("TimeToResponse", "MilliSeconds", _TO_RESPONSE),
    Metric("TimeToLastByte", "MilliSeconds", _TO_LAST_BYTE),
    Metric("NormalizedTimeToFirstToken", "MilliSeconds", _NORMALIZED_TTFT),
    Metric("NormalizedTimeBetweenTokens", "MilliSeconds", _NORMALIZED_TBT),
    Metric("TokensPerSecond", "Count", _SPEED),
    Metric("InputTokens", "Count", "prompt_tokens"),
    Metric("OutputTokens", "Count", "completion_tokens"),
    Metric("TotalTokens", "Count", "total_tokens"),
    Metric("AudioInputTokens", "Count", "audio_prompt_tokens"),
    Metric("AudioOutputTokens", "Count", "audio_completion_tokens"),
    Metric("RAITotalRequests", "Count", f"if({_FILTERED}, 1, NULL)"),
    Metric("RAIRejectedRequests", "Count", f"if({_FILTERED}, {_REJECTED}, NULL)"),
    Metric("RAIHarmfulRequests", "Count", f"if({_FILTERED}, {_HARMFUL}, NULL)"),
)


_NAMES = tuple(metric.name for metric in METRICS)
_SAMPLES = tuple(dict.fromkeys(metric.sample for metric in METRICS))
"""Each once: several metrics count the same under other names."""


_LATEST = """minute >= (
  SELECT min(toStartOfHour(received)) FROM (
    SELECT received FROM calls WHERE sent_ns IS NOT NULL ORDER BY toStartOfHour(received) DESC
    LIMIT 1 BY toStartOfMinute(received), backend LIMIT {count}))"""
"""The hours of so many minutes of a backend: each of these has several rows."""


def _rows(names: Sequence[str]) -> str:
    """Of these metrics, and of the first if of none: an array of no points would have no type.

    The engine carries a condition on the minute down to `received`: over a CAST, no other conversion.
    """
    wanted = [metric for metric in METRICS if metric.name in (names or _NAMES[:1])]
    samples = ", ".join(
        f"CAST({sample} AS Nullable(Float64)) AS {_sampled(sample)}"
        for sample in dict.fromkeys(metric.sample for metric in wanted)
    )
    points = ",\n    ".join(map(_point, wanted))
    return f"""(
  SELECT minute, backend, [
    {points}
  ] AS points
  FROM (SELECT CAST(toStartOfMinute(received) AS DateTime64(7, 'UTC')) AS minute, backend, {samples}
        FROM calls WHERE sent_ns IS NOT NULL)
  GROUP BY minute, backend
) ARRAY JOIN points AS point"""  # noqa: S608 - every part is written above


def _point(metric: Metric) -> str:
    of = _sampled(metric.sample)
    return f"('{metric.name}', '{metric.unit}', sum({of}), count({of}), min({of}), max({of}))"


def _sampled(sample: str) -> str:
    return f"sample{_SAMPLES.index(sample)}"


_POINT = "backend, '/', toString(minute), '/', point.1"
"""SQL of the parts of a text that no other row has."""

# fmt: off
_DEPRECATED_TEXTS = (
    "OperationName", "OperationVersion", "ResultType", "ResultDescription", "ResultSignature",
    "CallerIpAddress", "Category", "CorrelationId", "RemoteIPCountry", "MaliciousIP",
    "IndicatorThreatType", "Confidence", "Description", "TLPLevel", "FirstReportedDateTime",
    "LastReportedDateTime", "IsActive", "ReportReferenceLink", "AdditionalInformation",
)
# fmt: on

TABLE = LogTable(
    name=_NAME,
    columns=(
        LogColumn("TimeGenerated", KqlType.DATETIME, "minute"),
        string("MetricName", "point.1"),
        LogColumn("Total", KqlType.REAL, "point.3", nullable=True),
        LogColumn("Count", KqlType.REAL, "point.4"),
        LogColumn("Average", KqlType.REAL, "point.3 / point.4", nullable=True),
        LogColumn("Minimum", KqlType.REAL, "point.5", nullable=True),
        LogColumn("Maximum", KqlType.REAL, "point.6", nullable=True),
        string("TimeGrain", "'PT1M'"),
        string("UnitName", "point.2"),
        *BACKEND_RESOURCE,
        *(string(name) for name in _DEPRECATED_TEXTS),
        unknown("DurationMs", KqlType.LONG),
        unknown("Severity", KqlType.INT),
        unknown("RemoteIPLatitude", KqlType.REAL),
        unknown("RemoteIPLongitude", KqlType.REAL),
        *standard(_NAME, f"lower({BACKEND_RESOURCE_ID})", "0"),
    ),
    rows=_rows(_NAMES),
    condition="point.4 > 0",
    choice=Choice("MetricName", _NAMES, _rows),
    latest=Latest("TimeGenerated", lambda count: _LATEST.format(count=count), any_few=True),
    unlisted=unlisted(_NAME, parts=_POINT, received="addMinutes(minute, 1)"),
)
