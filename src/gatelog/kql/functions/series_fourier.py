"""series_fft and series_ifft: the discrete Fourier transform of a series of complex numbers.

Computed by its definition, in time quadratic in the length: SQL has no fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.series_values import complete, few, known, series, when, written
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

DYNAMIC = KqlType.DYNAMIC

_TRANSFORM = """
arrayFold(
    (found, k) -> arrayPushBack(found, arraySum(arrayMap(
        (a, b, n) -> a * cos(turn * ((k * n) % length(re))) + b * sin(turn * ((k * n) % length(re))),
        re, im, range(length(re))
    )) / divisor),
    range(length(re)),
    emptyArrayFloat64()
)
"""
"""The real part of the sum of (re + i im) e^(-i turn k n). Of (im - i re) it is the imaginary part."""


def _transform(name: str, turn: str, *, normalized: bool) -> SeveralColumns:
    """A transform that turns by `turn` / length at each step."""

    def build(arguments: Sequence[Term]) -> Parts:
        real = series(arguments[0])
        zeros = formula("arrayMap(v -> toNullable(toFloat64(0)), values)", values=real)
        imaginary = series(arguments[1]) if len(arguments) > 1 else zeros
        same = sql.eq(sql.call("length", real), sql.call("length", imaginary))
        sound = sql.all_of([complete(real), complete(imaginary), same])
        return [
            (
                "real",
                Term(
                    DYNAMIC, when(sound, written(_bound(real, imaginary, _sum(turn, normalized, swap=False))))
                ),
            ),
            (
                "imag",
                Term(
                    DYNAMIC, when(sound, written(_bound(real, imaginary, _sum(turn, normalized, swap=True))))
                ),
            ),
        ]

    return SeveralColumns(name, 1, 2, build)


def _sum(turn: str, normalized: bool, *, swap: bool) -> Callable[[Sql, Sql], Sql]:
    def of(re: Sql, im: Sql) -> Sql:
        length = sql.call("length", re)
        parts = (im, formula("arrayMap(v -> negate(v), re)", re=re)) if swap else (re, im)
        return formula(
            _TRANSFORM, re=parts[0], im=parts[1], divisor=length if normalized else sql.literal(1),
            turn=formula(f"{turn} * pi() / length", length=length),
        )  # fmt: skip  # the formula's names

    return of


def _bound(real: Sql, imaginary: Sql, body: Callable[[Sql, Sql], Sql]) -> Sql:
    """`body` of both parts, cut to one length: where they differ there is no result, and no failure."""
    text = "arraySlice(one, 1, least(length(one), length(other)))"
    re = formula(text, one=known(real), other=known(imaginary))
    im = formula(text, one=known(imaginary), other=known(real))
    return sql.with_value(few(re), "re", lambda a: sql.with_value(im, "im", lambda b: body(a, b)))


SERIES_TRANSFORMS: tuple[SeveralColumns, ...] = (
    _transform("series_fft", "2", normalized=False),
    _transform("series_ifft", "-2", normalized=True),
)
"""The rows of this table."""
