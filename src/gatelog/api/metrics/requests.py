"""What a metrics request asks for, whichever of the three forms it has.

    ARM, a resource or a subscription    query parameters; the subscription also as a JSON body
    metrics:getBatch                     query parameters, resources in a JSON body

Names of parameters are taken in any case, and `filter` with or without its dollar sign.
https://learn.microsoft.com/rest/api/monitor/metrics/list
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

from gatelog.api.metrics.definitions import Namespace
from gatelog.api.metrics.faults import bad_request
from gatelog.api.metrics.filters import Filter, parse_filter
from gatelog.api.metrics.metric import AGGREGATIONS, Metric
from gatelog.api.metrics.times import Times, times_of
from gatelog.api.timespan import Span, parse_time, parse_timespan

METRICS_MAX = 20
"""Metrics of one request: the service's own limit."""

TOP = 10
"""Series of a metric when a request with a filter names no other number: the service's own."""

TOP_MAX = 100_000

_SPELLINGS = {"sum": "Total", "avg": "Average", "min": "Minimum", "max": "Maximum"}


class Order(NamedTuple):
    """How series are sorted: by an aggregation over the whole range; None: by the metric's primary one."""

    aggregation: str | None = None
    ascending: bool = False


class MetricsRequest(NamedTuple):
    """What to compute. `aggregations` empty: the primary one of each metric. `rollup`: dimensions of the
    filter (lower case) that the answer is not split by. Without `validates` a metric that lacks a dimension
    of the filter has no series; with it that is an error.
    """

    metrics: tuple[Metric, ...]
    times: Times
    aggregations: tuple[str, ...]
    filter: Filter = ()
    top: int | None = None
    order: Order = Order()
    rollup: frozenset[str] = frozenset()
    only_labels: bool = False
    validates: bool = True


def read_metrics_request(
    parameters: Mapping[str, str], namespace: Namespace, now: datetime
) -> MetricsRequest:
    """The request in `parameters`, names in lower case. MetricsError 400; KqlSemanticError for times."""
    conditions = parse_filter(parameters.get("$filter", parameters.get("filter", "")))
    adjusts = _flag(parameters, "autoadjusttimegrain", default=False)
    return MetricsRequest(
        _metrics(parameters.get("metricnames", ""), namespace),
        times_of(_span(parameters, now), parameters.get("interval", ""), now, adjusts=adjusts),
        tuple(_aggregation(name) for name in _list(parameters.get("aggregation", "")) if name != "None"),
        conditions,
        _top(parameters.get("top", "")) if conditions else None,
        _order(parameters.get("orderby", "")),
        frozenset(name.lower() for name in _list(parameters.get("rollupby", ""))),
        parameters.get("resulttype", "").lower() == "metadata",
        _flag(parameters, "validatedimensions", default=True),
    )


def _metrics(names: str, namespace: Namespace) -> tuple[Metric, ...]:
    wanted = list(dict.fromkeys(_list(names))) or [namespace.metrics[0].name]
    if len(wanted) > METRICS_MAX:
        raise bad_request(f"a request has at most {METRICS_MAX} metrics")
    found = []
    for name in wanted:
        metric = namespace.find(name)
        if metric is None:
            valid = ",".join(metric.name for metric in namespace.metrics)
            raise bad_request(
                f"Failed to find metric configuration for provider: {namespace.name}, metric: {name:.200}. "
                f"Valid metrics: {valid}"
            )
        found.append(metric)
    return tuple(found)


def _span(parameters: Mapping[str, str], now: datetime) -> Span | None:
    if parameters.get("timespan"):
        return parse_timespan(_timespan(parameters["timespan"]), now)
    start, end = (parameters.get(name, "").replace(" ", "+") for name in ("starttime", "endtime"))
    if not start and not end:
        return None
    return (parse_time(start) if start else None, parse_time(end) if end else None)


def _timespan(text: str) -> str:
    """In a URL a plus sign means a space; and `az monitor metrics list` quotes it twice."""
    return unquote(text.replace(" ", "+"))


def _aggregation(name: str) -> str:
    wanted = _SPELLINGS.get(name.lower(), name).lower()
    for aggregation in AGGREGATIONS:
        if aggregation.lower() == wanted:
            return aggregation
    raise bad_request(f"there is no aggregation {name:.50}: use {', '.join(AGGREGATIONS)}")


def _order(text: str) -> Order:
    if not text.strip():
        return Order()
    name, _, direction = text.strip().partition(" ")
    if direction.strip().lower() not in {"", "asc", "desc"}:
        raise bad_request(f"orderby is an aggregation with asc or desc, not {text:.50}")
    return Order(_aggregation(name), direction.strip().lower() == "asc")


def _top(text: str) -> int:
    if not text:
        return TOP
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not 0 < int(text) <= TOP_MAX:
        raise bad_request(f"top is a number from 1 to {TOP_MAX}")
    return int(text)


def _flag(parameters: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = parameters.get(name, "").lower()
    if text not in {"", "true", "false"}:
        raise bad_request(f"{name} is true or false, not {text:.50}")
    return text == "true" if text else default


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
