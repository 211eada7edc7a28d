"""Functions between strings and the numbers of their characters."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, accept, finished, simple
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values import json_values

STRING, DYNAMIC, LONG = KqlType.STRING, KqlType.DYNAMIC, KqlType.LONG

_LAST = 0x10FFFF
"""The last code point of Unicode."""
_SURROGATES = (0xD800, 0xDFFF)
"""From the first to the last code point that is no character but half of one in UTF-16."""


def code_points(text: Sql) -> Sql:
    """The numbers of the characters of a string, Array(UInt32)."""
    each = sql.call("extractAll", text, "(?s).")
    return sql.call("arrayMap", sql.lambda_("char", _code_point(sql.variable("char"))), each)


def _code_point(char: Sql) -> Sql:
    """The number in the bytes of one character (RFC 3629)."""

    def byte(place: int) -> Sql:
        return sql.call("toUInt32", sql.call("ascii", sql.call("substring", char, place, 1)))

    def joined(first_bits: int, size: int) -> Sql:
        value = sql.call("bitAnd", byte(1), first_bits)
        for place in range(2, size + 1):
            value = sql.plus(sql.times(value, 64), sql.call("bitAnd", byte(place), 63))
        return sql.call("toUInt32", value)

    size = sql.call("length", char)
    return sql.call(
        "multiIf",
        sql.eq(size, 1), byte(1),
        sql.eq(size, 2), joined(31, 2),
        sql.eq(size, 3), joined(15, 3),
        joined(7, 4),
    )  # fmt: skip  # pairs of condition and value


def characters(points: Sql) -> Sql:
    """The string of an Array of code points."""
    return sql.call("arrayStringConcat", sql.call("arrayMap", sql.lambda_("point", _character()), points))


def _character() -> Sql:
    point = sql.variable("point")

    def tail(shift: int) -> Sql:
        return sql.plus(128, sql.call("bitAnd", sql.call("bitShiftRight", point, shift), 63))

    def head(base: int, shift: int) -> Sql:
        return sql.plus(base, sql.call("bitShiftRight", point, shift))

    return sql.call(
        "multiIf",
        sql.less(point, 0x80), sql.call("char", point),
        sql.less(point, 0x800), sql.call("char", head(0xC0, 6), tail(0)),
        sql.less(point, 0x10000), sql.call("char", head(0xE0, 12), tail(6), tail(0)),
        sql.call("char", head(0xF0, 18), tail(12), tail(6), tail(0)),
    )  # fmt: skip  # pairs of condition and value


def _from_string(text: Sql) -> Sql:
    points = sql.lambda_("point", sql.call("toString", sql.variable("point")))
    return json_values.array_text(sql.call("arrayMap", points, code_points(text)))


def _to_string(arguments: Sequence[Term]) -> Term:
    """Numbers and arrays of numbers, in any mixture; empty where one is no code point."""
    parts = [_points_of(argument) for argument in arguments]
    points = parts[0] if len(parts) == 1 else sql.call("arrayConcat", *parts)
    point = sql.variable("point")
    half = sql.all_of([sql.at_least(point, _SURROGATES[0]), sql.at_most(point, _SURROGATES[1])])
    valid = sql.all_of([sql.at_least(point, 0), sql.at_most(point, _LAST), sql.not_(half)])

    def text(known: Sql) -> Sql:
        all_valid = sql.call("arrayAll", sql.lambda_("point", valid), known)
        return sql.if_(all_valid, characters(known), "")

    return finished(STRING, sql.with_value(points, "points", text), [])


def _points_of(argument: Term) -> Sql:
    if argument.type is DYNAMIC:
        texts = json_values.elements(argument.sql)
        number = sql.call("toInt64", sql.if_null(sql.call("toInt64OrNull", sql.variable("item")), -1))
        return sql.call("arrayMap", sql.lambda_("item", number), texts)
    if argument.type not in INTEGERS:
        raise Misfit(f"a code point is an integer, this is {argument.type}")
    return sql.array([sql.if_null(accept(argument, LONG).sql, -1)])


UNICODE: tuple[Function, ...] = (
    simple("unicode_codepoints_from_string", [Anything.TEXT], DYNAMIC, _from_string),
    simple("to_utf8", [Anything.TEXT], DYNAMIC, _from_string),
    Function("unicode_codepoints_to_string", 1, None, _to_string),
    Function("make_string", 1, None, _to_string),
)
"""The rows of this table."""
