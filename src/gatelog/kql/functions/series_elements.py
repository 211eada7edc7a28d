"""Series functions that work element by element: arithmetic, comparison, mathematics.

Where series differ in length, and where an element is no number, the result is null. A number beside a series
meets each of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_values import bound, numbers, when, whole, with_ticks, written
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, REAL = KqlType.DYNAMIC, KqlType.REAL


class _Operand(NamedTuple):
    """An argument as an array of numbers; `filler` stands behind its end."""

    values: Sql
    filler: Sql
    length: Sql
    is_array: Sql
    integers: Sql


def _operand(term: Term, json: Sql) -> _Operand:
    """An argument; `json` is its value where it is a dynamic."""
    if term.type in NUMBERS:
        number = sql.call("toNullable", convert(term, REAL).sql)
        return _Operand(
            sql.array([number]),
            number,
            sql.literal(0),
            sql.boolean(False),
            sql.boolean(term.type in INTEGERS),
        )
    number = formula("toFloat64OrNull(ifNull(json, ''))", json=json)
    is_array = sql.if_null(json_values.is_array(json), sql.boolean(False))
    values = sql.if_(is_array, numbers(json), sql.array([number]))
    length = sql.if_(is_array, sql.call("length", numbers(json)), 0)
    return _Operand(values, sql.if_(is_array, sql.null(), number), length, is_array, whole(json))


def _value(term: Term) -> Sql:
    """A number as it is, of a series the datetimes as ticks."""
    return term.sql if term.type in NUMBERS else with_ticks(term.sql)


def _of_two(name: str, texts: Callable[[Sql, Sql, _Operand, _Operand], Sql]) -> Function:
    """A function of two series; `texts` makes its JSON of both, filled up to the same length."""

    def build(arguments: Sequence[Term]) -> Term:
        one, other = (term if term.type in NUMBERS else accept(term, DYNAMIC) for term in arguments)

        def of(left: _Operand, right: _Operand) -> Sql:
            size = sql.call("greatest", left.length, right.length)
            a, b = (sql.call("arrayResize", side.values, size, side.filler) for side in (left, right))
            return when(sql.any_of([left.is_array, right.is_array]), texts(a, b, left, right))

        def with_left(left: Sql) -> Sql:
            return bound(
                _value(other), "right", lambda right: of(_operand(one, left), _operand(other, right))
            )

        return Term(DYNAMIC, bound(_value(one), "left", with_left))

    return Function(name, 2, 2, build)


def _pairwise(name: str, result: str, *, keeps_integers: bool = False) -> Function:
    """`result` is the formula for the elements x and y."""

    def texts(a: Sql, b: Sql, left: _Operand, right: _Operand) -> Sql:
        values = formula(f"arrayMap((x, y) -> {result}, a, b)", a=a, b=b)
        integers = sql.all_of([left.integers, right.integers]) if keeps_integers else None
        return written(values, integers=integers)

    return _of_two(name, texts)


def _comparison(name: str, result: str) -> Function:
    text = f"multiIf(isNull(x) OR isNull(y), 'null', {result}, 'true', 'false')"

    def texts(a: Sql, b: Sql, _left: _Operand, _right: _Operand) -> Sql:
        return json_values.array_text(formula(f"arrayMap((x, y) -> {text}, a, b)", a=a, b=b))

    return _of_two(name, texts)


def _each(name: str, result: str, *, keeps_integers: bool = False) -> Function:
    """A function of one series; `result` is the formula for its element x."""

    def build(arguments: Sequence[Term]) -> Term:
        def mapped(json: Sql) -> Sql:
            values = formula(f"arrayMap(x -> {result}, a)", a=numbers(json))
            integers = whole(json) if keeps_integers else None
            return when(json_values.is_array(json), written(values, integers=integers))

        return Term(DYNAMIC, bound(accept(arguments[0], DYNAMIC).sql, "series", mapped))

    return Function(name, 1, 1, build)


SERIES_ELEMENTS: tuple[Function, ...] = (
    _pairwise("series_add", "x + y", keeps_integers=True),
    _pairwise("series_subtract", "x - y", keeps_integers=True),
    _pairwise("series_multiply", "x * y", keeps_integers=True),
    _pairwise("series_divide", "x / y"),
    _pairwise("series_pow", "pow(x, y)"),
    _comparison("series_equals", "x = y"),
    _comparison("series_not_equals", "x != y"),
    _comparison("series_less", "x < y"),
    _comparison("series_less_equals", "x <= y"),
    _comparison("series_greater", "x > y"),
    _comparison("series_greater_equals", "x >= y"),
    _each("series_abs", "abs(x)", keeps_integers=True),
    _each("series_sign", "sign(x)", keeps_integers=True),
    _each("series_ceiling", "ceiling(x)"),
    _each("series_floor", "floor(x)"),
    _each("series_exp", "exp(x)"),
    _each("series_log", "log(x)"),
    _each("series_sin", "sin(x)"),
    _each("series_cos", "cos(x)"),
    _each("series_tan", "tan(x)"),
    _each("series_asin", "asin(x)"),
    _each("series_acos", "acos(x)"),
    _each("series_atan", "atan(x)"),
)
"""The rows of this table."""
