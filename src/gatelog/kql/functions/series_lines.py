"""The line that fits some points best, and what is told of it.

The points are an Array(Float64) that is not empty; they stand at x = 1, 2, 3, ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.series_values import written
from gatelog.kql.types import KqlType

PointPart: TypeAlias = "tuple[str, KqlType, Callable[[Sql], Sql]]"
"""Name, type and formula of something that is told of some points, Array(Float64)."""

SQUARES = "arraySum(arrayMap(v -> pow(v - arrayAvg(y), 2), y))"
"""What the points are off their mean, squared."""

SLOPE = """
if(length(y) > 1,
   arraySum(arrayMap((v, i) -> (i - (length(y) + 1) / 2) * (v - arrayAvg(y)), y, arrayEnumerate(y)))
   / (length(y) * (pow(length(y), 2) - 1) / 12),
   0)
"""


class Line:
    """The formulas of the line that fits `y`, an Array(Float64), best."""

    def __init__(self, y: Sql) -> None:
        self.y = y
        self.slope = formula(SLOPE, y=y)

    @property
    def intercept(self) -> Sql:
        """The line's value before the first point."""
        return formula("arrayAvg(y) - slope * (length(y) + 1) / 2", y=self.y, slope=self.slope)

    @property
    def fit(self) -> Sql:
        """The line's values at the points."""
        return formula(
            "arrayMap(i -> intercept + slope * i, arrayEnumerate(y))",
            intercept=self.intercept, slope=self.slope, y=self.y,
        )  # fmt: skip  # the formula's names


def variance(y: Sql) -> Sql:
    """The variance of some points, 0 of a single one."""
    return formula("if(length(y) > 1, arrayReduce('varSampStable', y), 0)", y=y)


def residual_variance(y: Sql, fit: Sql) -> Sql:
    """The variance of what the fit leaves."""
    rest = formula("arrayMap((a, b) -> a - b, y, fit)", y=y, fit=fit)
    return sql.with_value(rest, "rest", variance)


def rsquare(y: Sql, fit: Sql) -> Sql:
    """The share of the points' squares that the fit explains."""
    left = formula("arraySum(arrayMap((a, b) -> pow(a - b, 2), y, fit))", y=y, fit=fit)
    return formula(f"if({SQUARES} = 0, 1, 1 - left / {SQUARES})", y=y, left=left)


LINE_PARTS: Sequence[PointPart] = (
    ("rsquare", KqlType.REAL, lambda y: rsquare(y, Line(y).fit)),
    ("slope", KqlType.REAL, lambda y: Line(y).slope),
    ("variance", KqlType.REAL, variance),
    ("rvariance", KqlType.REAL, lambda y: residual_variance(y, Line(y).fit)),
    ("interception", KqlType.REAL, lambda y: Line(y).intercept),
    ("line_fit", KqlType.DYNAMIC, lambda y: written(Line(y).fit)),
)
"""What series_fit_line tells."""
