"""What becomes an int or a long: of a real the part before its point, of a text its decimal or hexadecimal
digits, of JSON what a column of the value's type would give.
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql

Conversion = Callable[[Sql], Sql]

BLANKS = " \t\r\n"
"""What may stand around the text of a value."""

_HEX = r"^\s*0[xX][0-9a-fA-F]{1,16}\s*$"


def truncated(clickhouse_type: str) -> Conversion:
    """A number without its fraction; NULL beyond the range of the type."""
    return lambda value: sql.call("accurateCastOrNull", sql.call("trunc", value), clickhouse_type)


def whole_part(bits: int) -> Conversion:
    """A real without its fraction; of one beyond the range of the integers the least of them, as in Kusto.
    NaN is none."""
    cut = truncated(f"Int{bits}")
    least = sql.call(f"toInt{bits}", -(2 ** (bits - 1)))

    def convert(value: Sql) -> Sql:
        is_number = sql.not_(sql.call("isNaN", value))
        return sql.if_(is_number, sql.if_null(cut(value), least), sql.null())

    return once("real", convert)


def nearest_to_decimal(bits: int) -> Conversion:
    """A decimal without its fraction, by way of an integer that has room for all of them; beyond the range
    the nearest."""
    least, most = (sql.call("toInt256", str(end)) for end in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))

    def convert(value: Sql) -> Sql:
        whole = sql.call("toInt256", value)
        bounded = sql.call("multiIf", sql.less(whole, least), least, sql.greater(whole, most), most, whole)
        return sql.call(f"toInt{bits}", bounded)

    return once("decimal", convert)


def _hex_integer(text: Sql) -> Sql:
    digits = sql.call("leftPad", sql.call("substring", sql.call("trimBoth", text), 3), 16, "0")
    return sql.call("reinterpretAsInt64", sql.call("reverse", sql.call("unhex", digits)))


def _integer_parser(parse: str, narrow: Conversion) -> Conversion:
    def parse_text(text: Sql) -> Sql:
        plain = sql.call(parse, sql.call("trimBoth", text, BLANKS))
        return sql.if_(sql.call("match", text, _HEX), narrow(_hex_integer(text)), plain)

    return once("text", parse_text)


def _unsigned(bits: Sql) -> Sql:
    return sql.call("accurateCastOrNull", bits, "UInt32")


string_to_long = _integer_parser("toInt64OrNull", lambda value: value)
string_to_int = _integer_parser("toInt32OrNull", lambda bits: sql.call("toInt32", _unsigned(bits)))
"""Digits, or 0x and the bits of the integer in hexadecimal ones."""


def json_to_integer(bits: int) -> Conversion:
    """An integer wraps, a real and a bool are as those of a column."""
    whole = whole_part(bits)

    def convert(json: Sql) -> Sql:
        integer = sql.call("toInt64OrNull", json)
        words = sql.call("multiIf", sql.eq(json, "true"), 1, sql.eq(json, "false"), 0, sql.null())
        return sql.call(
            "coalesce",
            integer if bits == 64 else sql.call(f"toInt{bits}", integer),
            whole(sql.call("toFloat64OrNull", json)),
            sql.call(f"toInt{bits}", words),
        )

    return convert


json_to_long = json_to_integer(64)
"""A long as JSON has it."""
