"""Regression on series: series_fit_line, series_fit_2lines, series_fit_poly.

The points of a series stand at x = 1, 2, 3, ... A series in which a value is missing has no fit: null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from gatelog.kql import json_values, sql
from gatelog.kql.conversions import convert
from gatelog.kql.formula import formula
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_values import complete, few, known, series, when, written
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

DYNAMIC, REAL, LONG = KqlType.DYNAMIC, KqlType.REAL, KqlType.LONG

PointPart: TypeAlias = "tuple[str, KqlType, Callable[[Sql], Sql]]"
"""Name, type and formula of something that is told of some points, Array(Float64)."""

_SQUARES = "arraySum(arrayMap(v -> pow(v - arrayAvg(y), 2), y))"
_SLOPE = """
if(length(y) > 1,
   arraySum(arrayMap((v, i) -> (i - (length(y) + 1) / 2) * (v - arrayAvg(y)), y, arrayEnumerate(y)))
   / (length(y) * (pow(length(y), 2) - 1) / 12),
   0)
"""


class Line:
    """The formulas of the line that fits `y`, an Array(Float64), best."""

    def __init__(self, y: Sql) -> None:
        self.y = y
        self.slope = formula(_SLOPE, y=y)

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


def _variance(y: Sql) -> Sql:
    return formula("if(length(y) > 1, arrayReduce('varSampStable', y), 0)", y=y)


def _residual_variance(y: Sql, fit: Sql) -> Sql:
    """The variance of what the fit leaves."""
    rest = formula("arrayMap((a, b) -> a - b, y, fit)", y=y, fit=fit)
    return sql.with_value(rest, "rest", _variance)


def _rsquare(y: Sql, fit: Sql) -> Sql:
    left = formula("arraySum(arrayMap((a, b) -> pow(a - b, 2), y, fit))", y=y, fit=fit)
    return formula(f"if({_SQUARES} = 0, 1, 1 - left / {_SQUARES})", y=y, left=left)


def _real(values: Sql, node: Sql) -> Term:
    return Term(REAL, when(complete(values), node))


def _safe(values: Sql) -> Sql:
    """The numbers of a series; of one that has none, a single 0, so that every formula has a point."""
    points = known(values)
    return sql.if_(sql.call("notEmpty", points), points, sql.array([sql.call("toFloat64", 0)]))


LINE_PARTS: Sequence[PointPart] = (
    ("rsquare", REAL, lambda y: _rsquare(y, Line(y).fit)),
    ("slope", REAL, lambda y: Line(y).slope),
    ("variance", REAL, lambda y: _variance(y)),
    ("rvariance", REAL, lambda y: _residual_variance(y, Line(y).fit)),
    ("interception", REAL, lambda y: Line(y).intercept),
    ("line_fit", DYNAMIC, lambda y: written(Line(y).fit)),
)
"""What series_fit_line tells."""


def _fit_line(arguments: Sequence[Term]) -> Parts:
    return _over_points(arguments[0], LINE_PARTS)


def _over_points(term: Term, parts: Sequence[PointPart]) -> Parts:
    values = series(term)
    sound, points = complete(values), _safe(values)
    return [
        (name, Term(kind, when(sound, sql.with_value(points, "points", build))))
        for name, kind, build in parts
    ]


def _residue(points: Sql) -> Sql:
    """The sum of squares that the best line through some points leaves."""
    squares = sql.with_value(points, "part", _residue_of)
    return sql.call("greatest", squares, 0)


def _residue_of(y: Sql) -> Sql:
    return formula(
        f"{_SQUARES} - pow(slope, 2) * length(y) * (pow(length(y), 2) - 1) / 12",
        y=y,
        slope=formula(_SLOPE, y=y),
    )


def _split_place(points: Sql) -> Sql:
    """How many points belong to the left line: where both lines together leave least."""
    left = _residue(formula("arraySlice(points, 1, k)", points=points, k=sql.variable("k")))
    right = _residue(formula("arraySlice(points, k + 1)", points=points, k=sql.variable("k")))
    text = """
    tupleElement(arrayFold(
        (best, k) -> if(total < tupleElement(best, 1), tuple(total, toUInt64(k)), best),
        range(1, greatest(length(points), 2)),
        tuple(toFloat64('inf'), toUInt64(0))
    ), 2)
    """
    return formula(text, total=sql.plus(left, right), points=few(points))


def _at_split(build: Callable[[Sql, Sql], Sql]) -> Callable[[Sql], Sql]:
    """A formula of some points and the place where they are split."""
    return lambda points: sql.with_value(_split_place(points), "split", lambda split: build(points, split))


def _side(of: str, points: Sql, split: Sql) -> Sql:
    """The points left or right of the split; a single 0 where there are none."""
    text = "arraySlice(points, 1, split)" if of == "left" else "arraySlice(points, split + 1)"
    part = formula(text, points=points, split=split)
    return sql.if_(sql.call("notEmpty", part), part, sql.array([sql.call("toFloat64", 0)]))


def _lines(points: Sql, split: Sql) -> Sql:
    """The values of both lines."""
    sides = [
        sql.with_value(_side(of, points, split), "side", lambda side: Line(side).fit)
        for of in ("left", "right")
    ]
    return sql.call("arraySlice", sql.call("arrayConcat", *sides), 1, sql.call("length", points))


def _side_part(of: str, build: Callable[[Sql], Sql]) -> Callable[[Sql], Sql]:
    return _at_split(lambda points, split: sql.with_value(_side(of, points, split), "side", build))


_FORMULAS = {name: build for name, _, build in LINE_PARTS}

TWO_LINES_PARTS: Sequence[PointPart] = (
    ("rsquare", REAL, _at_split(lambda points, split: _rsquare(points, _lines(points, split)))),
    ("split_idx", LONG, lambda points: sql.call("toInt64", _split_place(points))),
    ("variance", REAL, lambda points: _variance(points)),
    ("rvariance", REAL, _at_split(lambda points, split: _residual_variance(points, _lines(points, split)))),
    ("line_fit", DYNAMIC, _at_split(lambda points, split: written(_lines(points, split)))),
    *(
        (f"{of}_{name}", REAL, _side_part(of, _FORMULAS[name]))
        for of in ("right", "left")
        for name in ("rsquare", "slope", "interception", "variance", "rvariance")
    ),
)
"""What series_fit_2lines tells."""


def _fit_two_lines(arguments: Sequence[Term]) -> Parts:
    return _over_points(arguments[0], TWO_LINES_PARTS)


_POLYNOMIAL = """
arrayFold(
    (s, k) -> tuple(
        s.2,
        arrayMap((a, b, t) -> (t - mean) * a - ratio * b, s.2, s.1, x),
        s.4,
        arrayMap(
            (a, b, c) -> a - mean * b - ratio * c,
            arrayPushFront(arrayPopBack(s.4), toFloat64(0)), s.4, s.3
        ),
        arrayMap((f, a) -> f + share * a, s.5, s.2),
        arrayMap((f, a) -> f + share * a, s.6, s.4)
    ),
    range(toUInt32(degree + 1)),
    tuple(
        arrayMap(t -> toFloat64(0), x), arrayMap(t -> toFloat64(1), x),
        arrayWithConstant(degree + 1, toFloat64(0)),
        arrayPushFront(arrayWithConstant(degree, toFloat64(0)), toFloat64(1)),
        arrayMap(t -> toFloat64(0), x), arrayWithConstant(degree + 1, toFloat64(0))
    )
)
"""
_MEAN = (
    "arraySum(arrayMap((a, t) -> t * a * a, s.2, x)) / greatest(arraySum(arrayMap(a -> a * a, s.2)), 1e-300)"
)
_RATIO = """
if(k = 0, 0, arraySum(arrayMap(a -> a * a, s.2)) / greatest(arraySum(arrayMap(a -> a * a, s.1)), 1e-300))
"""
_SHARE = "arraySum(arrayMap((a, v) -> a * v, s.2, y)) / greatest(arraySum(arrayMap(a -> a * a, s.2)), 1e-300)"


def _polynomial(x: Sql, y: Sql, degree: Sql) -> Sql:
    """The fit and the coefficients, lowest power first: elements 5 and 6 of a tuple.

    Forsythe's recurrence: the polynomials p(k+1) = (x - mean) p(k) - ratio p(k-1) are orthogonal over the
    points, so that each one's share of the fit is found alone.

        state    1 p(k-1)   2 p(k)     3, 4 the coefficients of both     5 the fit so far   6 its coefficients
    """
    state = {"s": sql.variable("s"), "k": sql.variable("k")}
    words = {
        word: _with_elements(text, x=x, y=y, **state)
        for word, text in (("mean", _MEAN), ("ratio", _RATIO), ("share", _SHARE))
    }
    return _with_elements(_POLYNOMIAL, x=x, degree=degree, **words)


def _with_elements(text: str, **values: Sql) -> Sql:
    for place in "123456":
        text = text.replace(f"s.{place}", f"tupleElement(s, {place})")
    return formula(text, **{name: value for name, value in values.items() if name in text})


def _fit_poly(arguments: Sequence[Term]) -> Parts:
    """`series_fit_poly(y [, x [, degree]])`; with two arguments, the second may be the degree."""
    given = list(arguments)
    xs = series(given.pop(1)) if len(given) > 1 and given[1].type is DYNAMIC else None
    wanted = accept(given[1], LONG).sql if len(given) > 1 else sql.literal(1)
    degree = formula("greatest(assumeNotNull(wanted), 0)", wanted=wanted)
    ys = series(arguments[0])
    if xs is None:
        xs = formula("arrayMap(i -> toNullable(toFloat64(i)), arrayEnumerate(y))", y=ys)
    same_length = sql.eq(sql.call("length", xs), sql.call("length", ys))
    sound = sql.all_of([complete(ys), complete(xs), same_length, sql.call("isNotNull", wanted)])
    y = formula("if(sound, points, [toFloat64(0)])", sound=sound, points=known(ys))
    x = formula("if(sound, points, [toFloat64(0)])", sound=sound, points=known(xs))
    node = sql.with_value(y, "y", lambda y: sql.with_value(x, "x", lambda x: _told(x, y, degree)))
    parts = [("rsquare", REAL), ("coefficients", DYNAMIC), ("variance", REAL), ("rvariance", REAL)]
    return [
        (name, Term(kind, when(sound, sql.call("tupleElement", node, place))))
        for place, (name, kind) in enumerate([*parts, ("poly_fit", DYNAMIC)], start=1)
    ]


def _told(x: Sql, y: Sql, degree: Sql) -> Sql:
    """What series_fit_poly tells, a tuple."""

    def of(fitted: Sql) -> Sql:
        fit, coefficients = sql.call("tupleElement", fitted, 5), sql.call("tupleElement", fitted, 6)
        highest_first = written(sql.call("arrayReverse", coefficients))
        return sql.tuple_(
            [_rsquare(y, fit), highest_first, _variance(y), _residual_variance(y, fit), written(fit)]
        )

    return sql.with_value(_polynomial(x, y, degree), "fitted", of)


def as_bag(row: SeveralColumns) -> Function:
    """The function `..._dynamic` that makes one bag of what the row makes columns of."""

    def member(name: str, term: Term) -> Sql:
        def text(value: Sql) -> Sql:
            return convert(Term(term.type, value, term.nullable), DYNAMIC).sql

        return json_values.member_text(sql.literal(name), sql.with_value(term.sql, "part", text))

    def build(arguments: Sequence[Term]) -> Term:
        members = [member(name, term) for name, term in row.build(arguments)]
        return Term(DYNAMIC, json_values.bag_text(sql.array(members)), nullable=False)

    return Function(f"{row.name}_dynamic", row.least, row.most, build)


SERIES_FITS: tuple[SeveralColumns, ...] = (
    SeveralColumns("series_fit_line", 1, 1, _fit_line),
    SeveralColumns("series_fit_2lines", 1, 1, _fit_two_lines),
    SeveralColumns("series_fit_poly", 1, 3, _fit_poly),
)
"""The rows of this table."""

SERIES_FIT_BAGS: tuple[Function, ...] = tuple(as_bag(row) for row in SERIES_FITS[:2])
"""The same as bags."""
