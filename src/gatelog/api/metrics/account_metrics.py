"""Metrics that an Azure AI account has beside those of its models: content safety, and the old ones of
Cognitive Services in general.

https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
    microsoft-cognitiveservices-accounts-metrics
"""

from __future__ import annotations

from gatelog.api.metrics.metric import Metric, one_if
from gatelog.api.metrics.openai_metrics import AVAILABLE, MODEL, TO_LAST_BYTE, of_last
from gatelog.api.metrics.sources import VERDICTS

_SERVICES = ("ApiName", "OperationName", "Region")
_SAFETY = (*MODEL, "ApiName")
_FILTERED = "isnotnull(FilterVerdicts.prompt) or isnotnull(FilterVerdicts.completion)"
_OLD = "Cognitive Services - HTTP Requests"
_SAFETY_CATEGORY = "ContentSafety - Risks&Safety"


CONTENT_SAFETY: tuple[Metric, ...] = (
    Metric(
        "RAITotalRequests",
        "Total Volume Sent For Safety Check",
        "Calls that a content filter looked at.",
        "Count",
        "Total",
        _SAFETY_CATEGORY,
        f"iff(IsLast and ({_FILTERED}), 1, int(null))",
        _SAFETY,
    ),
    Metric(
        "RAIRejectedRequests",
        "Blocked Volume",
        "Verdicts of a content filter that blocked a prompt or a completion, one a category.",
        "Count",
        "Total",
        _SAFETY_CATEGORY,
        "iff(tobool(Verdict.filtered), 1, 0)",
        (*_SAFETY, "TextType", "Category"),
        VERDICTS,
    ),
    Metric(
        "RAIHarmfulRequests",
        "Harmful Volume Detected",
        "Verdicts of a content filter that found harm, blocked or not, one a category.",
        "Count",
        "Total",
        _SAFETY_CATEGORY,
        "iff(Harmful, 1, 0)",
        (*_SAFETY, "TextType", "Category", "Severity"),
        VERDICTS,
    ),
)


def _old(name: str, display: str, description: str, sample: str, unit: str = "Count") -> Metric:
    """A metric of Cognitive Services in general."""
    primary = "Total" if unit in {"Count", "Bytes"} else "Average"
    return Metric(name, display, description, unit, primary, _OLD, sample, _SERVICES)


COGNITIVE_SERVICES: tuple[Metric, ...] = (
    _old("TotalCalls", "Total Calls", "All calls.", "1"),
    _old("SuccessfulCalls", "Successful Calls", "Calls that succeeded.", one_if("Status < 400")),
    _old("TotalErrors", "Total Errors", "Calls answered with 4xx or 5xx.", one_if("Status >= 400")),
    _old("ClientErrors", "Client Errors", "Calls answered with 4xx.", one_if("Status between (400 .. 499)")),
    _old("ServerErrors", "Server Errors", "Calls answered with 5xx.", one_if("Status >= 500")),
    _old("BlockedCalls", "Blocked Calls", "Calls over a rate or quota limit.", one_if("Status == 429")),
    _old("DataIn", "Data In", "Size of the request bodies.", "RequestSize", "Bytes"),
    _old("DataOut", "Data Out", "Size of the response bodies.", of_last("ResponseSize"), "Bytes"),
    _old(
        "Latency",
        "Latency",
        "From the request sent to the last byte of the answer.",
        TO_LAST_BYTE,
        "MilliSeconds",
    ),
    _old("SuccessRate", "Availability", "Share of calls without a server error.", AVAILABLE, "Percent"),
    _old(
        "Ratelimit",
        "Ratelimit",
        "The limit of requests that the backend stated with its answers.",
        "iff(IsLast, toreal(Evidence['x-ratelimit-limit-requests']), real(null))",
    ),
    _old(
        "FineTunedTrainingHours",
        "Processed FineTuned Training Hours",
        "Training is not a call: calls take none of it.",
        "0",
    ),
)
