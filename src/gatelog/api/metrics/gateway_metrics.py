"""Metrics of API Management, of the gateway as a whole.

https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
    microsoft-apimanagement-service-metrics
"""

from __future__ import annotations

from gatelog.api.metrics.metric import Metric, one_if
from gatelog.api.metrics.sources import CALLS

_GATEWAY_DIMENSIONS = tuple(CALLS.dimensions)
_GATEWAY_CATEGORY = "Gateway Requests"


def _gateway(name: str, display: str, description: str, sample: str, unit: str = "Count") -> Metric:
    primary = "Total" if unit == "Count" else "Average"
    dimensions = _GATEWAY_DIMENSIONS if name == "Requests" else ("Location", "ApiId")
    return Metric(name, display, description, unit, primary, _GATEWAY_CATEGORY, sample, dimensions, CALLS)


_DENIED = "ResponseCode in (401, 403, 429)"
_FAILED = "ResponseCode == 400 or ResponseCode >= 500"
_SUCCEEDED = "ResponseCode <= 301 or ResponseCode in (304, 307)"
_OTHER = f"not({_DENIED}) and not({_FAILED}) and not({_SUCCEEDED})"

API_MANAGEMENT: tuple[Metric, ...] = (
    _gateway("Requests", "Requests", "Calls that the gateway took.", "1"),
    _gateway(
        "Duration", "Overall Duration of Gateway Requests", "Of whole calls.", "DurationMs", "MilliSeconds"
    ),
    _gateway(
        "BackendDuration",
        "Duration of Backend Requests",
        "Of the part of calls that backends took.",
        "iff(isnotnull(SentMs), UpstreamMs, real(null))",
        "MilliSeconds",
    ),
    _gateway("TotalRequests", "Total Gateway Requests (Deprecated)", "Calls that the gateway took.", "1"),
    _gateway(
        "SuccessfulRequests",
        "Successful Gateway Requests (Deprecated)",
        "Answered with up to 301, 304 or 307.",
        one_if(_SUCCEEDED),
    ),
    _gateway(
        "UnauthorizedRequests",
        "Unauthorized Gateway Requests (Deprecated)",
        "Answered with 401, 403 or 429.",
        one_if(_DENIED),
    ),
    _gateway(
        "FailedRequests",
        "Failed Gateway Requests (Deprecated)",
        "Answered with 400, or 500 and above.",
        one_if(_FAILED),
    ),
    _gateway("OtherRequests", "Other Gateway Requests (Deprecated)", "Answered otherwise.", one_if(_OTHER)),
)
