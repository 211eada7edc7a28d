"""Points, series of them, and which series an answer has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gatelog.api.metrics.requests import Order


class Point(NamedTuple):
    """The samples of one grain. `samples`, their number, is at least 1."""

    total: float
    samples: int
    minimum: float
    maximum: float

    def value(self, aggregation: str) -> float:
        """One of the AGGREGATIONS."""
        if aggregation == "Average":
            return self.total / self.samples
        by_name = {
            "Total": self.total,
            "Minimum": self.minimum,
            "Maximum": self.maximum,
            "Count": self.samples,
        }
        return float(by_name[aggregation])

    def with_(self, other: Point) -> Point:
        """The samples of both."""
        return Point(
            self.total + other.total,
            self.samples + other.samples,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )


class Series(NamedTuple):
    """The points of one combination of dimensions, by the number of their grain."""

    labels: tuple[tuple[str, str], ...]
    points: Mapping[int, Point]

    def whole(self) -> Point:
        """All samples as one point."""
        first, *others = self.points.values()
        for other in others:
            first = first.with_(other)
        return first


def chosen(series: Sequence[Series], order: Order, primary: str, top: int | None) -> list[Series]:
    """The first `top` series, largest first unless asked otherwise; equal ones by their labels."""
    aggregation = order.aggregation or primary
    by_label = sorted(series, key=lambda one: one.labels)
    ordered = sorted(by_label, key=lambda one: one.whole().value(aggregation), reverse=not order.ascending)
    return ordered[:top]
