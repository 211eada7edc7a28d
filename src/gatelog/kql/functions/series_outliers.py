"""series_outliers: how far each point lies outside of the quartiles, in units of their distance.

    score     ... -2   -1    0    0    1    2 ...
    low side  ────┴────┴──── Q1   Q3 ──┴────┴──── high side

"tukey" takes the quartiles of all points. "ctukey" takes them for the low side without the points below the
smallest percentile, for the high side without those above the greatest, so that the outliers of a side do not
widen it; points between the quartiles of all score 0. The pages only name the percentiles: this gives the
scores that they once printed, and finds the anomalies that they describe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, constant_string
from gatelog.kql.functions.series_values import known, series, when, written
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import string_term

DYNAMIC, REAL = KqlType.DYNAMIC, KqlType.REAL

Scorer: TypeAlias = "Callable[[Sql], Sql]"
"""From an array of numbers to their scores, Array(Float64); null scores 0."""

_CUSTOM = "ctukey"
_PERCENTILES = {_CUSTOM: (10.0, 90.0), "tukey": (0.0, 100.0)}
"""Between which percentiles a point counts for the quartiles of either side."""

_SCORES = """
arrayMap(v -> multiIf(
    isNull(v), 0,
    v < all_points[1], (v - below[1]) / below_width,
    v > all_points[2], (v - above[2]) / above_width,
    0
), points)
"""

_WIDTH = "if(side[2] > side[1], side[2] - side[1], all_points[2] - all_points[1])"
"""The distance of the quartiles; what the other points leave alike is as wide as all of them."""


def scorer(kind: Term, percentiles: Sequence[Term] = ()) -> Scorer:
    """The scores by a kind of detection, with the percentiles of its own if it takes any."""
    name = constant_string(kind, "the kind of outlier detection").lower()
    if name not in _PERCENTILES:
        raise Misfit(f"there is no outlier detection '{name}'", f"one of {', '.join(_PERCENTILES)}")
    low, high = _PERCENTILES[name]
    if name == _CUSTOM:
        low, high = _percentile(percentiles[:1], low), _percentile(percentiles[1:], high)
    return lambda points: _scores(points, low, high)


def _percentile(given: Sequence[Term], default: float) -> float:
    if not given:
        return default
    value = given[0].constant.value if given[0].constant is not None else None
    if not isinstance(value, int | float) or not 2 <= value <= 98:
        raise Misfit("a percentile of series_outliers() must be a constant between 2 and 98")
    return float(value)


def _scores(points: Sql, low: float, high: float) -> Sql:
    def of_sorted(ordered: Sql) -> Sql:
        below = formula(f"arraySlice(ordered, 1 + toInt64(length(ordered) * {low} / 100))", ordered=ordered)
        above = formula(
            f"arraySlice(ordered, 1, greatest(toInt64(length(ordered) * {high} / 100), 1))", ordered=ordered
        )
        return _quartiles(ordered, "quartiles", lambda all_points: _quartiles(
            below, "below", lambda below: _quartiles(above, "above", lambda above: formula(
                _SCORES, points=points, all_points=all_points, below=below, above=above,
                below_width=formula(_WIDTH, side=below, all_points=all_points),
                above_width=formula(_WIDTH, side=above, all_points=all_points),
            ))))  # fmt: skip  # what is within what

    return sql.with_value(sql.call("arraySort", known(points)), "ordered", of_sorted)


def _quartiles(points: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the two quartiles of Array(Float64)."""
    return sql.with_value(sql.call("arrayReduce", "quantilesExactInclusive(0.25, 0.75)", points), name, body)


def _outliers(arguments: Sequence[Term]) -> Term:
    """`series_outliers(series [, kind [, ignored [, min_percentile [, max_percentile]]]])`: nulls and ignored
    values score 0."""
    score = scorer(arguments[1] if len(arguments) > 1 else string_term(_CUSTOM), arguments[3:5])
    ignored = accept(arguments[2], REAL) if len(arguments) > 2 else null_of(REAL)
    text = "arrayMap(v -> nullIf(v, ignored), values)"
    values = formula(text, values=series(arguments[0]), ignored=sql.call("toNullable", ignored.sql))
    node = sql.with_value(values, "points", lambda points: written(score(points)))
    return Term(DYNAMIC, when(sql.call("startsWith", accept(arguments[0], DYNAMIC).sql, "["), node))


SERIES_OUTLIERS: tuple[Function, ...] = (Function("series_outliers", 1, 6, _outliers, Naming.FIRST),)
"""The rows of this table."""
