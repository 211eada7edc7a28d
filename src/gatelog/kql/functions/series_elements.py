"""Series functions that work element by element: arithmetic, comparison, mathematics.

Where series differ in length, and where an element is no number, the result is null. A number beside a series
meets each of its elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gatelog.kql import json_values, sql
from gatelog.kql.conversions import convert
from gatelog.kql.formula import formula
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.functions.series_values import numbers, when, whole, written
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, NUMBERS, KqlType

DYNAMIC, REAL = KqlType.DYNAMIC, KqlType.REAL


class _Operand(NamedTuple):
    """An argument as an array of numbers; `filler` stands behind its end."""

    values: Sql
    filler: Sql
    length: Sql
    is_array: Sql
    integers: Sql


def _operand(term: Term) -> _Operand:
    if term.type in NUMBERS:
        number = sql.call("toNullable", convert(term, REAL).sql)
        return _Operand(
            sql.array([number]),
            number,
            sql.literal(0),
            sql.boolean(False),
            sql.boolean(term.type in INTEGERS),
        )
    json = accept(term, DYNAMIC).sql
    number = formula("toFloat64OrNull(ifNull(json, ''))", json=json)
    is_array = sql.if_null(json_values.is_array(json), sql.boolean(False))
    values = sql.if_(is_array, numbers(json), sql.array([number]))
    length = sql.if_(is_array, sql.call("length", numbers(json)), 0)
    return _Operand(values, sql.if_(is_array, sql.null(), number), length, is_array, whole(json))


def _pairwise(name: str, result: str, *, keeps_integers: bool = False) -> Function:
    """A function of two series; `result` is the formula for the elements x and y."""

    def build(arguments: Sequence[Term]) -> Term:
        left, right = (_operand(argument) for argument in arguments)
        length = sql.call("greatest", left.length, right.length)
        parts = [sql.call("arrayResize", side.values, length, side.filler) for side in (left, right)]
        values = formula(f"arrayMap((x, y) -> {result}, a, b)", a=parts[0], b=parts[1])
        integers = sql.all_of([left.integers, right.integers]) if keeps_integers else None
        node = when(sql.any_of([left.is_array, right.is_array]), written(values, integers=integers))
        return Term(DYNAMIC, node)

    return Function(name, 2, 2, build)


def _comparison(name: str, result: str) -> Function:
    def build(arguments: Sequence[Term]) -> Term:
        left, right = (_operand(argument) for argument in arguments)
        length = sql.call("greatest", left.length, right.length)
        parts = [sql.call("arrayResize", side.values, length, side.filler) for side in (left, right)]
        text = f"multiIf(isNull(x) OR isNull(y), 'null', {result}, 'true', 'false')"
        values = formula(f"arrayMap((x, y) -> {text}, a, b)", a=parts[0], b=parts[1])
        return Term(
            DYNAMIC, when(sql.any_of([left.is_array, right.is_array]), json_values.array_text(values))
        )

    return Function(name, 2, 2, build)


def _each(name: str, result: str, *, keeps_integers: bool = False) -> Function:
    """A function of one series; `result` is the formula for its element x."""

    def build(arguments: Sequence[Term]) -> Term:
        def mapped(json: Sql) -> Sql:
            values = formula(f"arrayMap(x -> {result}, a)", a=numbers(json))
            integers = whole(json) if keeps_integers else None
            return when(json_values.is_array(json), written(values, integers=integers))

        return Term(DYNAMIC, sql.with_value(accept(arguments[0], DYNAMIC).sql, "series", mapped))

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
