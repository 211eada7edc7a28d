"""What metrics requests are answered with, as Azure writes it.

https://learn.microsoft.com/rest/api/monitor/metrics/list
https://learn.microsoft.com/rest/api/monitor/metric-definitions/list
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatelog.api.azure_resources import Resource
from gatelog.api.metrics.definitions import Namespace
from gatelog.api.metrics.metric import AGGREGATIONS, Metric
from gatelog.api.metrics.query import Found
from gatelog.api.metrics.requests import MetricsRequest
from gatelog.api.metrics.series import Series, chosen
from gatelog.api.metrics.times import FULL, iso

RETENTION = "P93D"
"""What Azure keeps metrics for; here it is `store.retention_days`."""


def values(
    request: MetricsRequest, namespace: Namespace, resource: Resource, region: str, found: Found, account: str
) -> dict[str, Any]:
    """The answer about one resource; `account` is its key in `found`."""
    minutes = (request.times.end - request.times.start).total_seconds() / 60
    metrics = [
        _metric(metric, request, resource, found[metric].get(account, ())) for metric in request.metrics
    ]
    return {
        "cost": max(0, int(minutes) * len(metrics) - 1),
        "timespan": request.times.text,
        "interval": _interval(request),
        "value": metrics,
        "namespace": namespace.name,
        "resourceregion": region,
    }


def batch_value(answer: dict[str, Any], request: MetricsRequest, resource: Resource) -> dict[str, Any]:
    """The same as a member of a batch."""
    members = {name: value for name, value in answer.items() if name not in {"cost", "timespan"}}
    times = request.times
    return {"starttime": iso(times.start), "endtime": iso(times.end), "resourceid": resource.id, **members}


def definitions(namespace: Namespace, resource: Resource) -> dict[str, Any]:
    """The metrics that a resource has."""
    return {"value": [_definition(metric, namespace, resource) for metric in namespace.metrics]}


def namespaces(listed: Sequence[Namespace], resource: Resource) -> dict[str, Any]:
    """The namespaces of a resource: a type of resource has one, a subscription those of all."""
    return {"value": [_namespace(namespace.name, resource) for namespace in listed]}


def _namespace(name: str, resource: Resource) -> dict[str, Any]:
    return {
        "id": f"{resource.id}/providers/microsoft.insights/metricNamespaces/{name}",
        "type": "Microsoft.Insights/metricNamespaces",
        "name": name.rpartition("/")[2],
        "classification": "Platform",
        "properties": {"metricNamespaceName": name},
    }


def _definition(metric: Metric, namespace: Namespace, resource: Resource) -> dict[str, Any]:
    return {
        "id": f"{resource.id}/providers/microsoft.insights/metricdefinitions/{metric.name}",
        "resourceId": resource.id,
        "namespace": namespace.name,
        "category": metric.category,
        "name": _named(metric),
        "displayDescription": metric.description,
        "isDimensionRequired": False,
        "unit": metric.unit,
        "primaryAggregationType": metric.primary,
        "supportedAggregationTypes": list(AGGREGATIONS),
        "metricAvailabilities": [
            {"timeGrain": grain, "retention": RETENTION}
            for grain in ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
        ],
        "dimensions": [{"value": name, "localizedValue": name} for name in metric.dimensions],
    }


def _metric(
    metric: Metric, request: MetricsRequest, resource: Resource, series: Sequence[Series]
) -> dict[str, Any]:
    return {
        "id": f"{resource.id}/providers/Microsoft.Insights/metrics/{metric.name}",
        "type": "Microsoft.Insights/metrics",
        "name": _named(metric),
        "displayDescription": metric.description,
        "unit": metric.unit,
        "timeseries": [
            _timeseries(one, metric, request)
            for one in chosen(series, request.order, metric.primary, request.top)
        ],
        "errorCode": "Success",
    }


def _timeseries(series: Series, metric: Metric, request: MetricsRequest) -> dict[str, Any]:
    labels = [
        {"name": {"value": name.lower(), "localizedValue": name.lower()}, "value": value}
        for name, value in series.labels
    ]
    if request.only_labels:
        return {"metadatavalues": labels}
    return {"metadatavalues": labels, "data": _data(series, metric, request)}


def _data(series: Series, metric: Metric, request: MetricsRequest) -> list[dict[str, Any]]:
    """A point a grain; an empty one has its time only."""
    times = request.times
    names = request.aggregations or (metric.primary,)
    data = []
    for slot in range(times.grains):
        point = series.points.get(slot)
        stamp: dict[str, Any] = {"timeStamp": iso(times.start + slot * times.grain)}
        numbers = {name.lower(): point.value(name) for name in names} if point else {}
        data.append(stamp | numbers)
    return data


def _named(metric: Metric) -> dict[str, str]:
    return {"value": metric.name, "localizedValue": metric.display_name}


def _interval(request: MetricsRequest) -> str:
    """A FULL answer says how long it is, so that clients can read it as a duration."""
    if request.times.interval != FULL:
        return request.times.interval
    return f"PT{int((request.times.end - request.times.start).total_seconds() // 60)}M"
