"""A metrics request as KQL over the record, and its answer as points.

    source rows ─► accounts ─► dimensions ─► filter ─► samples ─► summarize by grain, account, dimensions

One question for all metrics of a source. Values of the filter travel as query parameters, never as text of
the query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gatelog.api.metrics.faults import bad_request
from gatelog.api.metrics.filters import Comparison, Condition
from gatelog.api.metrics.metric import Metric
from gatelog.api.metrics.requests import MetricsRequest
from gatelog.api.metrics.series import Point, Series
from gatelog.api.metrics.sources import RESOURCE_ID, Source
from gatelog.api.metrics.times import FULL, Times
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Question, Questions
from gatelog.store import BACKEND_RESOURCES

_OPERATORS = {"eq": "=~", "ne": "!~", "sw": "startswith"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = 10_000_000

Found = Mapping[Metric, Mapping[str, Sequence[Series]]]
"""The series of each metric, by account in lower case; one account "" where they are not told apart."""


class Accounts(NamedTuple):
    """Whose samples count: those called `names` (None: all), and whether the answer tells them apart."""

    names: tuple[str, ...] | None
    apart: bool


def compute(questions: Questions, principal: Principal, request: MetricsRequest, accounts: Accounts) -> Found:
    """The series of a request; blocks. MetricsError 400 for a dimension that a metric does not have."""
    found: dict[Metric, Mapping[str, Sequence[Series]]] = {metric: {} for metric in request.metrics}
    counting = Principal(principal.name, Role.LOG)
    by_source: dict[Source, list[Metric]] = defaultdict(list)
    for metric in request.metrics:
        if _has_dimensions(metric, request):
            by_source[metric.source].append(metric)
    for metrics in by_source.values():
        question = _Query(metrics, request, accounts).question()
        [answer] = questions.ask(counting, question).tables
        found.update(_series(answer.rows, metrics, request))
    return found


def _has_dimensions(metric: Metric, request: MetricsRequest) -> bool:
    known = {name.lower() for name in (*metric.dimensions, RESOURCE_ID)}
    unknown = [one.dimension for one in request.filter if one.dimension.lower() not in known]
    if unknown and request.validates:
        supported = ",".join(metric.dimensions)
        raise bad_request(
            f"Metric: {metric.name} does not support requested dimension combination: "
            f"{','.join(unknown):.200}, supported ones are: {supported}"
        )
    return not unknown


class _Query:
    """The text of one question."""

    def __init__(self, metrics: Sequence[Metric], request: MetricsRequest, accounts: Accounts) -> None:
        self._metrics = metrics
        self._request = request
        self._accounts = accounts
        self._source: Source = metrics[0].source
        self._account = self._source.account or "''"
        self._values: list[str] = []

    def question(self) -> Question:
        lines = [self._source.rows, *self._stages()]
        declared = ", ".join(f"{name}: string" for name in self._parameters())
        head = f"declare query_parameters({declared});\n" if declared else ""
        times = self._request.times
        return Question(head + "\n".join(lines), (times.start, times.end), self._parameters())

    def _stages(self) -> Iterator[str]:
        if self._accounts.names is not None and self._source.account:
            yield f"| where {self._source.account} in~ ({', '.join(map(self._value, self._accounts.names))})"
        for place, condition in enumerate(self._request.filter):
            yield f"| extend D{place} = {self._dimension(condition.dimension)}"
            if not condition.takes_all:
                tests = (self._test(f"D{place}", test) for test in condition.tests)
                yield f"| where {' or '.join(tests)}"
        samples = (f"S{place} = todouble({metric.sample})" for place, metric in enumerate(self._metrics))
        yield f"| extend {', '.join(samples)}"
        points = ", ".join(_points(place) for place in range(len(self._metrics)))
        yield f"| summarize {points} by {', '.join(self._keys())}"

    def _keys(self) -> Iterator[str]:
        """Grain and account, then the dimensions that the answer is split by."""
        yield f"At = {_grain(self._request.times)}"
        yield f"Account = {self._account}" if self._accounts.apart else "Account = ''"
        for place, condition in enumerate(self._request.filter):
            if condition.dimension.lower() not in self._request.rollup:
                yield f"D{place}"

    def _dimension(self, name: str) -> str:
        if name.lower() == RESOURCE_ID.lower():
            return f"strcat('{BACKEND_RESOURCES}', {self._account})"
        return next(sql for known, sql in self._source.dimensions.items() if known.lower() == name.lower())

    def _test(self, column: str, test: Comparison) -> str:
        return f"{column} {_OPERATORS[test.operator]} {self._value(test.value)}"

    def _value(self, value: str) -> str:
        self._values.append(value)
        return f"P{len(self._values) - 1}"

    def _parameters(self) -> Mapping[str, str]:
        """Values as KQL literals."""
        return {f"P{place}": _literal(value) for place, value in enumerate(self._values)}


def _literal(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in "'\\" else f"\\U{ord(c):08x}" for c in text)
    return f"'{escaped}'"


def _points(place: int) -> str:
    sample = f"S{place}"
    return (
        f"T{place} = sum({sample}), C{place} = countif(isnotnull({sample})),"
        f" L{place} = min({sample}), H{place} = max({sample})"
    )


def _grain(times: Times) -> str:
    start = f"datetime({times.start:%Y-%m-%dT%H:%M:%S}Z)"
    if times.interval == FULL:
        return start
    return f"bin_at(TimeGenerated, {int(times.grain.total_seconds())}s, {start})"


def _series(
    rows: Iterable[Sequence[Any]], metrics: Sequence[Metric], request: MetricsRequest
) -> Mapping[Metric, Mapping[str, Sequence[Series]]]:
    """Rows are At, Account, dimensions …, then four numbers a metric."""
    split = _split(request)
    points: dict[tuple[Metric, str, tuple[str, ...]], dict[int, Point]] = defaultdict(dict)
    for row in rows:
        slot = _slot(row[0], request.times)
        labels = tuple(row[2 : 2 + len(split)])
        for place, metric in enumerate(metrics):
            total, count, low, high = row[2 + len(split) + 4 * place :][:4]
            if count:
                points[metric, row[1].lower(), labels][slot] = Point(total, count, low, high)
    found: dict[Metric, dict[str, list[Series]]] = {metric: defaultdict(list) for metric in metrics}
    for (metric, account, labels), by_slot in points.items():
        named = tuple((one.dimension, label) for one, label in zip(split, labels, strict=True))
        found[metric][account].append(Series(named, by_slot))
    return found


def _split(request: MetricsRequest) -> list[Condition]:
    return [one for one in request.filter if one.dimension.lower() not in request.rollup]


def _slot(ticks: int, times: Times) -> int:
    seconds = ticks // _TICKS - int((times.start - _EPOCH).total_seconds())
    return seconds // max(1, int(times.grain.total_seconds()))
