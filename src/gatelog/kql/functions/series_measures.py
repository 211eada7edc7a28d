"""Series functions that make one number, or a bag of numbers, of a series or two."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_values import complete, known, series, when
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import bool_term

DYNAMIC, REAL, BOOL = KqlType.DYNAMIC, KqlType.REAL, KqlType.BOOL

_DOT = "arraySum(arrayMap(p -> tupleElement(p, 1) * tupleElement(p, 2), pairs))"


def _measure(name: str, text: str) -> Function:
    """A number of one series, formula over its `points`; elements that are no numbers do not count."""

    def build(arguments: Sequence[Term]) -> Term:
        def measured(points: Sql) -> Sql:
            return when(sql.call("notEmpty", points), formula(text, points=points))

        return Term(REAL, sql.with_value(known(series(arguments[0])), "points", measured))

    return Function(name, 1, 1, build)


def _pairs(left: Sql, right: Sql) -> Sql:
    """The pairs of numbers of two series, as far as both go."""
    text = """
    arrayMap(
        p -> tuple(assumeNotNull(tupleElement(p, 1)), assumeNotNull(tupleElement(p, 2))),
        arrayFilter(
            p -> isNotNull(tupleElement(p, 1)) AND isNotNull(tupleElement(p, 2)),
            arrayZip(
                arraySlice(a, 1, least(length(a), length(b))), arraySlice(b, 1, least(length(a), length(b)))
            )
        )
    )
    """
    return sql.with_value(
        left, "left", lambda a: sql.with_value(right, "right", lambda b: formula(text, a=a, b=b))
    )


def _product(arguments: Sequence[Term]) -> Term:
    """`series_dot_product(a, b)`; a number beside a series meets each of its elements."""
    left, right = (_beside(one, other) for one, other in (arguments, reversed(arguments)))

    def measured(pairs: Sql) -> Sql:
        return when(sql.call("notEmpty", pairs), formula(_DOT, pairs=pairs))

    return Term(REAL, sql.with_value(_pairs(left, right), "pairs", measured))


def _beside(term: Term, other: Term) -> Sql:
    if term.type not in NUMBERS:
        return series(term)
    if other.type in NUMBERS:
        raise Misfit("expected a series, both arguments are numbers")
    number = sql.call("toNullable", convert(term, REAL).sql)
    return sql.call("arrayWithConstant", sql.call("length", series(other)), number)


def _cosine(arguments: Sequence[Term]) -> Term:
    """`series_cosine_similarity(a, b [, magnitude of a [, magnitude of b]])`."""
    given = [accept(argument, REAL).sql for argument in arguments[2:]]

    def measured(pairs: Sql) -> Sql:
        sizes = [
            formula("sqrt(arraySum(arrayMap(p -> tupleElement(p, side) * tupleElement(p, side), pairs)))",
                    pairs=pairs, side=side)
            for side in (1, 2)
        ]  # fmt: skip  # the formula and its names
        first, second = given + sizes[len(given) :]
        text = f"{_DOT} / (first * second)"
        return when(sql.call("notEmpty", pairs), formula(text, pairs=pairs, first=first, second=second))

    return Term(REAL, sql.with_value(_pairs(*map(series, arguments[:2])), "pairs", measured))


def _correlation(arguments: Sequence[Term]) -> Term:
    left, right = map(series, arguments)
    node = sql.with_value(left, "left", lambda a: sql.with_value(right, "right", lambda b: _pearson(a, b)))
    return Term(REAL, node)


def _pearson(left: Sql, right: Sql) -> Sql:
    """Null where the series differ in length or an element is no number.

    The aggregate refuses arrays of unequal length even where the result is not wanted: it gets equal ones.
    """
    size = sql.call("least", sql.call("length", left), sql.call("length", right))
    cut = [sql.call("arraySlice", side, 1, size) for side in (left, right)]
    same = sql.all_of(
        [complete(left), complete(right), sql.eq(sql.call("length", left), sql.call("length", right))]
    )
    filled = [formula("arrayMap(v -> ifNull(v, 0), values)", values=side) for side in cut]
    several = sql.call("arrayReduce", "corrStable", *filled)
    return when(same, sql.if_(sql.greater(size, 1), several, sql.call("toFloat64", "nan")))


STATISTICS: Sequence[tuple[str, KqlType, str]] = (
    ("min", REAL, "arrayMin(points)"),
    ("min_idx", KqlType.LONG, "toInt64(indexOf(points, arrayMin(points))) - 1"),
    ("max", REAL, "arrayMax(points)"),
    ("max_idx", KqlType.LONG, "toInt64(indexOf(points, arrayMax(points))) - 1"),
    ("avg", REAL, "arrayAvg(points)"),
    ("stdev", REAL, "if(length(points) > 1, arrayReduce('stddevSampStable', points), 0)"),
    ("variance", REAL, "if(length(points) > 1, arrayReduce('varSampStable', points), 0)"),
    ("sum", REAL, "arraySum(points)"),
    ("len", KqlType.LONG, "toInt64(length(points))"),
)
"""What `series_stats` and `series_stats_dynamic` tell of the points of a series."""


def statistics(arguments: Sequence[Term], last: str) -> list[tuple[str, Term]]:
    """The statistics of a series up to `last`. Null where a value is missing or not finite, unless the second
    argument says to ignore such values."""
    ignore = accept(arguments[1], BOOL) if len(arguments) > 1 else bool_term(False)
    values = series(arguments[0])
    finite = formula("arrayMap(v -> if(isFinite(v), v, NULL), values)", values=values)

    def measured(text: str) -> Callable[[Sql], Sql]:
        def of(points: Sql) -> Sql:
            usable = sql.any_of([sql.if_null(ignore.sql, sql.boolean(False)), complete(points)])
            numbers = known(points)
            usable = sql.all_of([usable, sql.call("notEmpty", numbers)])
            shown = formula("if(usable, numbers, [toFloat64('nan')])", usable=usable, numbers=numbers)
            return when(usable, sql.with_value(shown, "points", lambda it: formula(text, points=it)))

        return of

    names = [name for name, _, _ in STATISTICS]
    return [
        (name, Term(kind, sql.with_value(finite, "finite", measured(text))))
        for name, kind, text in STATISTICS[: names.index(last) + 1]
    ]


def _dynamic_statistics(arguments: Sequence[Term]) -> Term:
    members = [
        json_values.member_text(sql.literal(name), convert(term, DYNAMIC).sql)
        for name, term in statistics(arguments, "len")
    ]
    return Term(DYNAMIC, json_values.bag_text(sql.array(members)), nullable=False)


SERIES_MEASURES: tuple[Function, ...] = (
    _measure("series_sum", "arraySum(points)"),
    _measure("series_product", "arrayProduct(points)"),
    _measure("series_magnitude", "sqrt(arraySum(arrayMap(v -> v * v, points)))"),
    Function("series_dot_product", 2, 2, _product),
    Function("series_cosine_similarity", 2, 4, _cosine),
    Function("series_pearson_correlation", 2, 2, _correlation),
    Function("series_stats_dynamic", 1, 2, _dynamic_statistics),
)
"""The rows of this table."""
