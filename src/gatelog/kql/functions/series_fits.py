"""Regression on series: series_fit_line, series_fit_2lines, series_fit_poly.

The points of a series stand at x = 1, 2, 3, ... A series in which a value is missing has no fit: null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_lines import (
    LINE_PARTS,
    SLOPE,
    SQUARES,
    Line,
    PointPart,
    residual_variance,
    rsquare,
    variance,
)
from gatelog.kql.functions.series_values import complete, few, known, series, when, written
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, REAL, LONG = KqlType.DYNAMIC, KqlType.REAL, KqlType.LONG


def _safe(values: Sql) -> Sql:
    """The numbers of a series; of one that has none, a single 0, so that every formula has a point."""
    points = known(values)
    return sql.if_(sql.call("notEmpty", points), points, sql.array([sql.call("toFloat64", 0)]))


def _fit_line(arguments: Sequence[Term]) -> Parts:
    return _over_points(arguments[0], _LINE_COLUMNS)


def _over_points(term: Term, parts: Sequence[PointPart]) -> Parts:
    values = series(term)
    sound, points = complete(values), _safe(values)
    return [(name, Term(kind, when(sound, build(points)))) for name, kind, build in parts]


def _residue(points: Sql) -> Sql:
    """The sum of squares that the best line through some points leaves."""
    squares = sql.with_value(points, "part", _residue_of)
    return sql.call("greatest", squares, 0)


def _residue_of(y: Sql) -> Sql:
    return formula(
        f"{SQUARES} - pow(slope, 2) * length(y) * (pow(length(y), 2) - 1) / 12",
        y=y,
        slope=formula(SLOPE, y=y),
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


class TwoLines(NamedTuple):
    """Some points, how many of them belong to the left line, and those of each line."""

    points: Sql
    split: Sql
    left: Sql
    right: Sql

    @property
    def fit(self) -> Sql:
        """The values of both lines at the points."""
        both = sql.call("arrayConcat", Line(self.left).fit, Line(self.right).fit)
        return sql.call("arraySlice", both, 1, sql.call("length", self.points))


def _in_two(build: Callable[[TwoLines], Sql]) -> Callable[[Sql], Sql]:
    """A formula of some points as one of the lines through them."""

    def of_points(points: Sql) -> Sql:
        def of_split(split: Sql) -> Sql:
            left = formula("arraySlice(points, 1, split)", points=points, split=split)
            right = formula("arraySlice(points, split + 1)", points=points, split=split)
            return _named(left, "left", lambda left: _named(right, "right", lambda right: build(
                TwoLines(points, split, left, right)
            )))  # fmt: skip  # what is within what

        return sql.with_value(_split_place(points), "split", of_split)

    return of_points


def _named(part: Sql, name: str, build: Callable[[Sql], Sql]) -> Sql:
    """A formula of the points of one line; of a single 0 where there are none."""
    zero = sql.array([sql.call("toFloat64", 0)])
    return sql.with_value(sql.if_(sql.call("notEmpty", part), part, zero), name, build)


def _of_side(of: str, build: Callable[[Sql], Sql]) -> Callable[[TwoLines], Sql]:
    return lambda lines: build(lines.left if of == "left" else lines.right)


_FORMULAS = {name: build for name, _, build in LINE_PARTS}

TWO_LINES_PARTS: Sequence[tuple[str, KqlType, Callable[[TwoLines], Sql]]] = (
    ("rsquare", REAL, lambda lines: rsquare(lines.points, lines.fit)),
    ("split_idx", LONG, lambda lines: sql.call("toInt64", lines.split)),
    ("variance", REAL, lambda lines: variance(lines.points)),
    ("rvariance", REAL, lambda lines: residual_variance(lines.points, lines.fit)),
    ("line_fit", DYNAMIC, lambda lines: written(lines.fit)),
    *(
        (f"{of}_{name}", REAL, _of_side(of, _FORMULAS[name]))
        for of in ("right", "left")
        for name in ("rsquare", "slope", "interception", "variance", "rvariance")
    ),
)
"""What series_fit_2lines tells."""


def _column(name: str, kind: KqlType, build: Callable[[Sql], Sql]) -> PointPart:
    """A part as a column of its own, of any points."""
    return name, kind, once("points", build, heavy=True)


_LINE_COLUMNS = [_column(name, kind, build) for name, kind, build in LINE_PARTS]
_TWO_LINES_COLUMNS = [_column(name, kind, _in_two(build)) for name, kind, build in TWO_LINES_PARTS]


def _fit_two_lines(arguments: Sequence[Term]) -> Parts:
    return _over_points(arguments[0], _TWO_LINES_COLUMNS)


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
            [rsquare(y, fit), highest_first, variance(y), residual_variance(y, fit), written(fit)]
        )

    return sql.with_value(_polynomial(x, y, degree), "fitted", of)


def _bag(parts: Parts, sound: Sql) -> Sql:
    """One bag of all parts, each null where the series is not `sound`."""
    return json_values.bag_text(sql.array([_member(name, term, sound) for name, term in parts]))


def _member(name: str, term: Term, sound: Sql) -> Sql:
    def text(value: Sql) -> Sql:
        return convert(Term(term.type, value, term.nullable), DYNAMIC).sql

    return json_values.member_text(sql.literal(name), sql.with_value(when(sound, term.sql), "part", text))


def _in_bag(arguments: Sequence[Term], bag: Callable[[Sql, Sql], Sql]) -> Term:
    """A bag of the points of a series and of whether that is sound, both computed once."""
    values = series(arguments[0])

    def of_sound(sound: Sql) -> Sql:
        return sql.with_value(_safe(values), "points", lambda points: bag(points, sound))

    return Term(DYNAMIC, sql.with_value(complete(values), "sound", of_sound), nullable=False)


def _line_in_bag(arguments: Sequence[Term]) -> Term:
    def bag(points: Sql, sound: Sql) -> Sql:
        return _bag([(name, Term(kind, build(points))) for name, kind, build in LINE_PARTS], sound)

    return _in_bag(arguments, bag)


def _two_lines_in_bag(arguments: Sequence[Term]) -> Term:
    def bag(points: Sql, sound: Sql) -> Sql:
        return _in_two(lambda lines: _bag(
            [(name, Term(kind, build(lines))) for name, kind, build in TWO_LINES_PARTS], sound
        ))(points)  # fmt: skip  # what is within what

    return _in_bag(arguments, bag)


SERIES_FITS: tuple[SeveralColumns, ...] = (
    SeveralColumns("series_fit_line", 1, 1, _fit_line),
    SeveralColumns("series_fit_2lines", 1, 1, _fit_two_lines),
    SeveralColumns("series_fit_poly", 1, 3, _fit_poly),
)
"""The rows of this table."""

SERIES_FIT_BAGS: tuple[Function, ...] = (
    Function("series_fit_line_dynamic", 1, 1, _line_in_bag),
    Function("series_fit_2lines_dynamic", 1, 1, _two_lines_in_bag),
)
"""The same as bags."""
