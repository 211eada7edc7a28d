"""Periods of series: series_periods_detect, series_periods_validate, series_seasonal.

Kusto does not say how it scores a period. Here the score of a period is the lower of the autocorrelations at
it and at twice it, 0 when negative; this gives the scores of the documented examples. A period found is the
best of its surroundings (from half of it to one and a half), and no multiple of another that is as good.
A season is sought in what a line through the series leaves: beside a trend it would hardly count.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_lines import Line
from gatelog.kql.functions.series_values import complete, few, known, series, when, written
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.literals import literal_term, long_term

DYNAMIC, REAL, LONG = KqlType.DYNAMIC, KqlType.REAL, KqlType.LONG

SHORTEST_PERIOD = 4
"""Points of a period at least, as documented."""

_DEVIATIONS = "arrayMap((v, f) -> if(abs(v - f) > 1e-12 * largest, v - f, 0), few, fit)"
"""What is less than that comes of rounding: it would be as periodic as anything."""

_CORRELATIONS = """
arrayFold(
    (found, k) -> arrayPushBack(found, if(energy = 0, 0,
        arrayDotProduct(arraySlice(d, 1, length(d) - k), arraySlice(d, k + 1))
        / energy * length(d) / (length(d) - k)
    )),
    range(1, greatest(length(d), 1)),
    emptyArrayFloat64()
)
"""

_SCORES = """
arrayMap(
    (k, near, far) -> if(2 * k <= length(r), greatest(least(near, far), 0), 0),
    arrayEnumerate(r), r,
    arrayResize(arrayFilter((v, k) -> k % 2 = 0, r, arrayEnumerate(r)), length(r))
)
"""

_CANDIDATES = """
arrayReverseSort(c -> tuple(tupleElement(c, 1), negate(tupleElement(c, 2))), arrayFold(
    (found, s, k) -> if(
        s > 0 AND k >= shortest AND k <= longest
            AND arrayMax(arraySlice(r, intDiv(k, 2) + 1, intDiv(3 * k + 1, 2) - 1 - intDiv(k, 2))) <= r[k],
        arrayPushBack(found, tuple(toFloat64(s), toInt64(k))), found
    ),
    scores, arrayEnumerate(scores),
    arrayResize([tuple(toFloat64(0), toInt64(0))], 0)
))
"""

_WITHOUT_MULTIPLES = """
arrayFilter(
    c -> NOT arrayExists(
        o -> tupleElement(c, 2) > tupleElement(o, 2)
            AND abs(
                tupleElement(c, 2) / tupleElement(o, 2) - round(tupleElement(c, 2) / tupleElement(o, 2))
            ) < 0.1
            AND tupleElement(c, 1) <= tupleElement(o, 1) + 0.02,
        candidates
    ),
    candidates
)
"""


def _deviations(points: Sql, fit: Sql) -> Sql:
    """What the points of an Array(Float64) are off a fit."""
    largest = formula("arrayMax(arrayMap(v -> abs(v), points))", points=points)
    return sql.with_value(
        largest, "largest", lambda most: formula(_DEVIATIONS, few=few(points), fit=fit, largest=most)
    )


def _correlations(points: Sql) -> Sql:
    """The autocorrelation at 1, 2, 3, ... of Array(Float64)."""
    mean = formula("arrayWithConstant(length(points), arrayAvg(points))", points=points)

    def of(d: Sql) -> Sql:
        return formula(_CORRELATIONS, d=d, energy=formula("arrayDotProduct(d, d)", d=d))

    return sql.with_value(_deviations(points, mean), "d", of)


def detected(points: Sql, shortest: Sql, longest: Sql) -> Sql:
    """The periods found in Array(Float64), best first: Array(Tuple(score, period))."""

    def of(r: Sql) -> Sql:
        most = formula("least(toFloat64(longest), (length(r) + 1) / 2)", longest=longest, r=r)
        least = formula("greatest(toFloat64(shortest), lowest)", shortest=shortest, lowest=SHORTEST_PERIOD)
        found = formula(_CANDIDATES, r=r, scores=formula(_SCORES, r=r), shortest=least, longest=most)
        return sql.with_value(
            found, "found", lambda candidates: formula(_WITHOUT_MULTIPLES, candidates=candidates)
        )

    return sql.with_value(_correlations(points), "r", of)


def _detect(arguments: Sequence[Term]) -> Parts:
    """`series_periods_detect(series, min_period, max_period, num_periods)`."""
    values = series(arguments[0])
    shortest, longest = (accept(argument, REAL).sql for argument in arguments[1:3])
    count = sql.call("greatest", sql.if_null(accept(arguments[3], LONG).sql, 0), 0)
    best = sql.with_value(known(values), "points", lambda points: detected(points, shortest, longest))
    parts: list[tuple[str, Term]] = []
    for name, place in (("periods", 2), ("scores", 1)):
        text = "arrayMap(c -> toNullable(round(toFloat64(tupleElement(c, place)), 2)), best)"
        column = formula(text, best=best, place=place)
        filled = sql.call("arrayResize", column, count, sql.call("toFloat64", 0))
        parts.append((name, Term(DYNAMIC, when(complete(values), written(filled)))))
    return parts


def _rounded(scores: Sql) -> Sql:
    """Scores have two decimals, as in the documentation."""
    return formula("arrayMap(s -> round(s, 2), scores)", scores=scores)


def _validate(arguments: Sequence[Term]) -> Parts:
    """`series_periods_validate(series, period [, period ...])`."""
    values = series(arguments[0])
    periods = sql.array([accept(argument, REAL).sql for argument in arguments[1:]])

    def scored(points: Sql) -> Sql:
        def of(r: Sql) -> Sql:
            text = """
            arrayMap(p -> if(
                p >= lowest AND p <= (length(r) + 1) / 2 AND 2 * round(p) <= length(r),
                greatest(least(r[toInt64(round(p))], r[toInt64(2 * round(p))]), 0), 0
            ), periods)
            """
            return formula(text, periods=periods, r=r, lowest=SHORTEST_PERIOD)

        return sql.with_value(_correlations(points), "r", of)

    scores = sql.with_value(known(values), "points", scored)
    return [
        ("periods", Term(DYNAMIC, written(periods))),
        ("scores", Term(DYNAMIC, when(complete(values), written(_rounded(scores))))),
    ]


_MEDIANS = """
arrayFold(
    (found, j) -> arrayPushBack(found, arrayReduce(
        'quantileExactInclusive(0.5)', arrayFilter((v, i) -> i % period = j, learned, range(length(learned)))
    )),
    range(toUInt32(least(period, length(learned)))),
    emptyArrayFloat64()
)
"""

_TILED = """
arraySlice(
    arrayFlatten(arrayWithConstant(
        intDiv(length(points), size) + 1, arrayResize(medians, size, toFloat64(0))
    )),
    1, length(points)
)
"""
"""A phase of which nothing was learned is 0."""


def seasonal(points: Sql, period: Sql, test_points: Sql) -> Sql:
    """The median of the points of the same phase, without the last `test_points`; 0 without a period."""

    def repeated(length: Sql) -> Sql:
        learned = formula("arraySlice(points, 1, length(points) - tested)", points=points, tested=test_points)
        medians = sql.with_value(
            learned,
            "learned",
            lambda it: formula(_MEDIANS, learned=it, period=sql.call("greatest", length, 1)),
        )
        size = formula("greatest(least(length, length(points)), 1)", length=length, points=points)
        tiled = formula(_TILED, points=points, medians=medians, size=size)
        flat = formula("arrayWithConstant(length(points), toFloat64(0))", points=points)
        return sql.if_(sql.greater(length, 0), tiled, flat)

    return sql.with_value(period, "period", repeated)


def period_of(points: Sql, given: Sql, threshold: Sql, test_points: Sql) -> Sql:
    """The period: as given; with -1 the best one whose score reaches the threshold; else 0."""
    learned = formula("arraySlice(points, 1, length(points) - tested)", points=points, tested=test_points)
    longest = formula("intDiv(length(points), 2)", points=points)
    text = "arrayFirst(c -> tupleElement(c, 1) >= threshold, found)"

    def found(past: Sql) -> Sql:
        level = _deviations(past, Line(past).fit)
        return sql.with_value(
            level, "level", lambda level: detected(level, sql.literal(SHORTEST_PERIOD), longest)
        )

    candidates = sql.with_value(learned, "learned", found)
    best = sql.call("tupleElement", formula(text, found=candidates, threshold=threshold), 2)
    return sql.if_(sql.eq(given, sql.literal(-1)), best, sql.call("greatest", given, 0))


def season_argument(term: Term) -> Sql:
    """A period: -1 asks to detect it, any other that is not positive is none."""
    return sql.call("toInt64", sql.if_null(accept(term, LONG).sql, 0))


_SEASONAL_THRESHOLD = 0.7


def _seasonal(arguments: Sequence[Term]) -> Term:
    """`series_seasonal(series [, period])`."""
    values = series(arguments[0])
    given = season_argument(arguments[1] if len(arguments) > 1 else long_term(-1))
    threshold, none = literal_term(REAL, _SEASONAL_THRESHOLD).sql, sql.literal(0)

    def of(points: Sql) -> Sql:
        return seasonal(points, period_of(points, given, threshold, none), none)

    node = written(sql.with_value(known(values), "points", of))
    usable = sql.all_of([json_values.is_array(accept(arguments[0], DYNAMIC).sql), complete(values)])
    return Term(DYNAMIC, when(usable, node))


SERIES_PERIODS: tuple[SeveralColumns, ...] = (
    SeveralColumns("series_periods_detect", 4, 4, _detect),
    SeveralColumns("series_periods_validate", 2, 17, _validate),
)
"""The rows of this table that make several columns."""

SERIES_SEASONS: tuple[Function, ...] = (Function("series_seasonal", 1, 2, _seasonal),)
"""The others."""
