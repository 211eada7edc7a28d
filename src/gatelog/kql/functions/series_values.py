"""Series in SQL: the numbers of a dynamic array as Array(Nullable(Float64)), and back to JSON.

An element that is no number is NULL, as Kusto's series functions take it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import accept
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import CONVERSIONS

DYNAMIC, REAL = KqlType.DYNAMIC, KqlType.REAL

_FRACTION = r'[.eE"]'
"""What tells in an array's text that not all of its elements are integers."""

_NUMBERS = """
arrayResize(
    JSONExtract(ifNull(json, ''), 'Array(Nullable(Float64))'), ifNull(JSONArrayLength(ifNull(json, '')), 0)
)
"""
"""The engine makes an array empty in which nothing is a number."""

MOST_POINTS = 200_000
"""Points of a series that takes time in proportion to their square: that is minutes already."""

_TOO_MANY = f"a series of more than {MOST_POINTS:,} points: make its step larger"

_TICKS = r"""
concat('[', arrayStringConcat(arrayMap(v -> multiIf(
    NOT startsWith(v, '"') OR v IN ('"NaN"', '"Infinity"', '"-Infinity"'), v,
    match(v, '^"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"$'), ifNull(toString(ticks), 'null'),
    'null'
), JSONExtractArrayRaw(ifNull(json, ''))), ','), ']')
"""


def numbers(json: Sql) -> Sql:
    """The numbers of a JSON array, Array(Nullable(Float64)); empty for what is no array."""
    return formula(_NUMBERS, json=json)


def with_ticks(json: Sql) -> Sql:
    """A dynamic; an array that holds texts has ticks in the place of datetimes, and null of other texts."""

    def counted(array: Sql) -> Sql:
        text = formula("substring(v, 2, length(v) - 2)", v=sql.variable("v"))
        moment = sql.call("parseDateTime64BestEffortOrNull", text, 7, "UTC")
        holds_texts = formula("match(ifNull(array, ''), '^\\\\[.*\"')", array=array)
        return sql.if_(holds_texts, formula(_TICKS, json=array, ticks=ticks.since_year_1(moment)), array)

    return bound(json, "times", counted)


def bound(json: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of a value that is computed once. Columns too: what computes them may come to stand in their
    place, and series made of series would double the statement again and again."""
    return body(json) if isinstance(json, exp.Identifier) else sql.computed_once(json, name, body)


def series(term: Term) -> Sql:
    """The numbers of an argument that must be a dynamic array."""
    return numbers(accept(term, DYNAMIC).sql)


def known(values: Sql) -> Sql:
    """The numbers of an Array(Nullable(Float64)) that are not null, Array(Float64)."""
    return formula("arrayMap(v -> assumeNotNull(v), arrayFilter(v -> isNotNull(v), values))", values=values)


def few(points: Sql) -> Sql:
    """The points, or an error if they are too many: the engine begins to fold without looking at its
    clock."""
    too_many = sql.greater(sql.call("length", points), MOST_POINTS)
    return sql.call("arraySlice", points, sql.plus(sql.fails_beyond(too_many, _TOO_MANY), 1))


def complete(values: Sql) -> Sql:
    """Whether a series has points, and a number at each."""
    return formula("notEmpty(values) AND NOT arrayExists(v -> isNull(v), values)", values=values)


def whole(json: Sql) -> Sql:
    """Whether all elements of a JSON array are integers."""
    return sql.not_(sql.call("match", sql.if_null(json, ""), _FRACTION))


def written(values: Sql, *, integers: Sql | None = None) -> Sql:
    """The JSON array of an array of numbers; without fractions where `integers` holds."""
    item = sql.variable("number")
    text = CONVERSIONS[REAL, DYNAMIC](item)
    if integers is not None:
        text = sql.if_(integers, sql.call("toString", sql.call("toInt64", item)), text)
    text = sql.if_null(text, json_values.NULL_TEXT)
    return json_values.array_text(sql.call("arrayMap", sql.lambda_("number", text), values))


def when(test: Sql, value: Sql) -> Sql:
    """The value where the test holds, else NULL."""
    return sql.if_(test, value, sql.null())
