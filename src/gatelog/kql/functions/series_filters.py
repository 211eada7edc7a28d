"""series_fir and series_iir: digital filters. Before its first point a series is 0."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, accept, aliases
from gatelog.kql.functions.series_values import complete, few, known, series, when, written
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.literals import bool_term

DYNAMIC, BOOL = KqlType.DYNAMIC, KqlType.BOOL

_FIR = """
arrayMap(v -> v / divisor, arrayFold(
    (y, c, k) -> arrayMap(
        (sum, v) -> sum + c * v, y, arraySlice(padded, length(coefficients) + shift - k + 1, size)
    ),
    coefficients, range(length(coefficients)),
    arrayWithConstant(size, toFloat64(0))
))
"""

_IIR = """
arraySlice(arrayFold(
    (y, i) -> arrayPushBack(y, (
        arrayDotProduct(b, arrayReverse(arraySlice(padded, i + 1, length(b))))
        - arrayDotProduct(arrayPopFront(a), arrayReverse(arraySlice(y, i + 1, length(a) - 1)))
    ) / a[1]),
    range(size),
    arrayWithConstant(length(a) - 1, toFloat64(0))
), length(a))
"""
"""Both filters and the series begin with zeros, as many as the filter looks back."""


def _fir(arguments: Sequence[Term]) -> Term:
    """`series_fir(series, filter [, normalize [, center]])`: y[i] = sum of filter[k] * x[i - k].

    Without `normalize` a filter that has no negative coefficient is divided by its sum; one that has must not
    be: null.
    """
    values, coefficients = series(arguments[0]), few(known(series(arguments[1])))
    center = accept(arguments[3], BOOL) if len(arguments) > 3 else bool_term(False)
    normalize = accept(arguments[2], BOOL).sql if len(arguments) > 2 else None

    def filtered(x: Sql, filter_: Sql) -> Sql:
        positive = formula("NOT arrayExists(c -> c < 0, filter)", filter=filter_)
        divisor = sql.if_(normalize or positive, sql.call("arraySum", filter_), 1)
        allowed = sql.boolean(True) if normalize is None else sql.any_of([positive, sql.not_(normalize)])
        middle = formula("intDiv(toInt64(length(filter)) - 1, 2)", filter=filter_)
        zeros = formula("arrayWithConstant(length(filter), toFloat64(0))", filter=filter_)
        node = formula(
            _FIR, coefficients=filter_, divisor=divisor, shift=sql.if_(center.sql, middle, 0),
            padded=formula("arrayConcat(zeros, x, zeros)", zeros=zeros, x=known(x)),
            size=sql.call("length", x),
        )  # fmt: skip  # the formula's names
        return when(sql.all_of([complete(x), allowed]), written(node))

    node = sql.with_value(
        values, "x", lambda x: sql.with_value(coefficients, "filter", lambda filter_: filtered(x, filter_))
    )
    return Term(DYNAMIC, _of_array(arguments[0], node))


def _iir(arguments: Sequence[Term]) -> Term:
    """`series_iir(series, b, a)`: y[i] = (sum of b[k] * x[i - k] - sum of a[k] * y[i - k], k > 0) / a[0]."""
    numerators, denominators = (known(series(argument)) for argument in arguments[1:])
    zero = sql.call("toFloat64", 0)
    a = formula("arrayResize(a, greatest(length(a), 2), zero)", a=denominators, zero=zero)
    b = formula("arrayResize(b, greatest(length(b), 1), zero)", b=numerators, zero=zero)

    def filtered(x: Sql) -> Sql:
        padded = formula("arrayConcat(arrayWithConstant(length(b) - 1, toFloat64(0)), x)", b=b, x=known(x))
        node = formula(_IIR, padded=padded, b=b, a=a, size=sql.call("length", few(known(x))))
        return when(complete(x), written(node))

    return Term(DYNAMIC, _of_array(arguments[0], sql.with_value(series(arguments[0]), "x", filtered)))


def _of_array(term: Term, node: Sql) -> Sql:
    """An empty series stays one; what is no series is null."""
    json = accept(term, DYNAMIC).sql
    return sql.if_(sql.eq(sql.if_null(json, ""), "[]"), "[]", when(json_values.is_array(json), node))


SERIES_FILTERS: tuple[Function, ...] = (
    *aliases(Function("series_fir", 2, 4, _fir, Naming.FIRST), "fir"),
    Function("series_iir", 3, 3, _iir, Naming.FIRST),
)
"""The rows of this table."""
