"""series_decompose and what builds on it, and series_stats.

seasonal   the median of the points of one phase
trend      what remains, averaged or fitted by a line
baseline   seasonal + trend
residual   the series - baseline; its outliers are the anomalies
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, TypeAlias

from gatelog.kql.ast import LiteralValue
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.shapes import Shape
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, constant_string
from gatelog.kql.functions.series_lines import Line
from gatelog.kql.functions.series_measures import statistics
from gatelog.kql.functions.series_outliers import scorer
from gatelog.kql.functions.series_periods import period_of, season_argument, seasonal
from gatelog.kql.functions.series_values import complete, known, series, when, written
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import literal_term, long_term, string_term

DYNAMIC, REAL, LONG = KqlType.DYNAMIC, KqlType.REAL, KqlType.LONG

_TRENDS = ("avg", "linefit", "none")

SETTINGS_MAX = 64
"""Settings for which the columns are remembered, 20 KB of text each."""

Columns: TypeAlias = "Sequence[tuple[str, Callable[[Sql], Sql]]]"
"""The columns of a call, as formulas of the numbers of the series."""


class _Options(NamedTuple):
    """How to decompose: constants of the query."""

    period: Sql
    trend: str
    test_points: Sql
    threshold: Sql


def _options(arguments: Sequence[Term]) -> _Options:
    """From seasonality, trend, test_points, seasonality_threshold, as far as given."""
    defaults = [long_term(-1), string_term("avg"), long_term(0), literal_term(REAL, 0.6)]
    given: list[Term] = [*arguments, *defaults[len(arguments) :]]
    period, trend, test_points, threshold = given
    kind = constant_string(trend, "the trend")
    if kind not in _TRENDS:
        raise Misfit(f"there is no trend '{kind}'", f"one of {', '.join(_TRENDS)}")
    tested = sql.call("greatest", accept(test_points, LONG).sql, 0)
    return _Options(season_argument(period), kind, tested, accept(threshold, REAL).sql)


def _decomposed(points: Sql, options: _Options, body: Callable[[Sql, Sql], Sql]) -> Sql:
    """`body` of the seasonal component and the trend of Array(Float64), each computed once."""

    def with_season(season: Sql) -> Sql:
        def with_rest(rest: Sql) -> Sql:
            return sql.with_value(_trend(rest, options), "trend", lambda trend: body(season, trend))

        return sql.with_value(_difference(points, season), "rest", with_rest)

    period = period_of(points, options.period, options.threshold, options.test_points)
    return sql.with_value(seasonal(points, period, options.test_points), "season", with_season)


def _sum(left: Sql, right: Sql) -> Sql:
    return formula("arrayMap((a, b) -> a + b, l, r)", l=left, r=right)


def _residual(points: Sql, options: _Options) -> Sql:
    return _decomposed(points, options, lambda season, trend: _difference(points, _sum(season, trend)))


_COMPONENTS: Mapping[str, Callable[[Sql, _Options], Sql]] = {
    "baseline": lambda points, options: _decomposed(points, options, _sum),
    "seasonal": lambda points, options: _decomposed(points, options, lambda season, _: season),
    "trend": lambda points, options: _decomposed(points, options, lambda _, trend: trend),
    "residual": _residual,
}


def _difference(left: Sql, right: Sql) -> Sql:
    return formula("arrayMap((a, b) -> a - b, l, r)", l=left, r=right)


def _trend(rest: Sql, options: _Options) -> Sql:
    """The trend of the deseasonalized points, learned without the last `test_points`."""
    if options.trend == "none":
        return formula("arrayMap(v -> toFloat64(0), rest)", rest=rest)
    learned = formula("arraySlice(rest, 1, length(rest) - tested)", rest=rest, tested=options.test_points)
    if options.trend == "avg":
        return formula("arrayWithConstant(length(rest), arrayAvg(learned))", rest=rest, learned=learned)

    def fitted(points: Sql) -> Sql:
        line = Line(points)
        return formula(
            "arrayMap(i -> intercept + slope * i, arrayEnumerate(rest))",
            rest=rest, intercept=line.intercept, slope=line.slope,
        )  # fmt: skip  # the formula's names

    return sql.with_value(learned, "learned", fitted)


def _component(values: Sql, options: _Options, name: str) -> Sql:
    node = sql.with_value(known(values), "points", lambda points: _COMPONENTS[name](points, options))
    return when(complete(values), written(node))


def _components(settings: Sequence[Term]) -> Columns:
    options = _options(settings)
    return [(name, partial(_component, options=options, name=name)) for name in _COMPONENTS]


def _decompose(arguments: Sequence[Term]) -> Parts:
    """`series_decompose(series [, seasonality [, trend [, test_points [, seasonality_threshold]]]])`."""
    return _of_series(_components, arguments)


def _forecast(arguments: Sequence[Term]) -> Term:
    """`series_decompose_forecast(series, points [, seasonality [, trend [, seasonality_threshold]]])`."""
    given = list(arguments[2:])
    defaults = [long_term(-1), string_term("avg"), literal_term(REAL, 0.6)]
    period, trend, threshold = [*given, *defaults[len(given) :]]
    options = _options([period, trend, arguments[1], threshold])
    values = formula("arrayMap(v -> ifNull(v, 0), values)", values=series(arguments[0]))
    values = formula("arrayMap(v -> toNullable(v), values)", values=values)
    return Term(DYNAMIC, _component(values, options, "baseline"))


def _anomalies(arguments: Sequence[Term]) -> Parts:
    """`series_decompose_anomalies(series [, threshold [, seasonality [, trend [, test_points [, method
    [, seasonality_threshold]]]]]])`."""
    return _of_series(_anomaly_columns, arguments)


def _anomaly_columns(settings: Sequence[Term]) -> Columns:
    defaults = [
        literal_term(REAL, 1.5), long_term(-1), string_term("avg"), long_term(0),
        string_term("ctukey"), literal_term(REAL, 0.6),
    ]  # fmt: skip  # in the order of the parameters
    given = list(settings)
    threshold, period, trend, tested, method, season_score = [*given, *defaults[len(given) :]]
    options = _options([period, trend, tested, season_score])
    score = scorer(method)
    limit = accept(threshold, REAL).sql

    def scored(points: Sql) -> Sql:
        return sql.with_value(_residual(points, options), "residual", score)

    def scores(values: Sql) -> Sql:
        return sql.with_value(known(values), "points", scored)

    def flags(values: Sql) -> Sql:
        text = "arrayMap(s -> multiIf(s > bound, '1', s < negate(bound), '-1', '0'), scores)"
        made = formula(text, scores=scores(values), bound=limit)
        flag_text = sql.call("concat", "[", sql.call("arrayStringConcat", made, ","), "]")
        return when(complete(values), flag_text)

    return [
        ("ad_flag", flags),
        ("ad_score", lambda values: when(complete(values), written(scores(values)))),
        ("baseline", partial(_component, options=options, name="baseline")),
    ]


def _of_series(columns: Callable[[Sequence[Term]], Columns], arguments: Sequence[Term]) -> Parts:
    """The columns of a series, the first argument; the others are their settings."""
    values = series(arguments[0])
    settings = arguments[1:]
    constants = [(term.type, term.constant.value) for term in settings if term.constant is not None]
    are_plain = all(isinstance(value, str | int | float) for _, value in constants)
    if are_plain and len(constants) == len(settings):
        made = _shapes(columns, tuple(constants))
    else:
        made = columns(settings)
    return [(name, Term(DYNAMIC, build(values))) for name, build in made]


@lru_cache(SETTINGS_MAX)
def _shapes(
    columns: Callable[[Sequence[Term]], Columns], constants: Sequence[tuple[KqlType, LiteralValue]]
) -> Columns:
    """The columns for settings that are constants: those hardly vary between queries."""
    settings = [literal_term(kind, value) for kind, value in constants]
    return [(name, Shape(build, heavy=True)) for name, build in columns(settings)]


def _stats(arguments: Sequence[Term]) -> Parts:
    """`series_stats(series [, ignore_nonfinite])`."""
    return statistics(arguments, "variance")


SERIES_DECOMPOSITIONS: tuple[SeveralColumns, ...] = (
    SeveralColumns("series_decompose", 1, 5, _decompose),
    SeveralColumns("series_decompose_anomalies", 1, 7, _anomalies),
    SeveralColumns("series_stats", 1, 2, _stats),
)
"""The rows of this table that make several columns."""

SERIES_FORECASTS: tuple[Function, ...] = (Function("series_decompose_forecast", 2, 5, _forecast),)
"""The others."""
