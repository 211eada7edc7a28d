"""From one type to another: one row for each pair, as `tostring`, `tolong` ... and the binder's own casts
need them.

A conversion that cannot be made gives null (for a string: '').
"""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Term, reference
from gatelog.kql.types import DECIMAL_SCALE, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.datetime_texts import datetime_from_text
from gatelog.kql.values.integers import (
    BLANKS,
    Conversion,
    json_to_integer,
    json_to_long,
    nearest_to_decimal,
    string_to_int,
    string_to_long,
    truncated,
    whole_part,
)
from gatelog.kql.values.known_times import datetime_of
from gatelog.kql.values.literals import as_constant

BOOL, INT, LONG, REAL = KqlType.BOOL, KqlType.INT, KqlType.LONG, KqlType.REAL
DECIMAL, STRING, DATETIME = KqlType.DECIMAL, KqlType.STRING, KqlType.DATETIME
TIMESPAN, GUID, DYNAMIC = KqlType.TIMESPAN, KqlType.GUID, KqlType.DYNAMIC

_BARE_INTEGER = r"^-?\d+$"
_GUID_FIRST = r"(?s)^\{?" + "-?".join(f"([0-9a-fA-F]{{{digits}}})" for digits in (8, 4, 4, 4, 12)) + ".*"


def _to(function: str, *extra: str | int) -> Conversion:
    return lambda value: sql.call(function, value, *extra)


def _bool_json(value: Sql) -> Sql:
    return sql.call("toString", sql.call("toBool", value))


def _bool_text(value: Sql) -> Sql:
    return sql.call("initcap", _bool_json(value))


def _real_text(value: Sql) -> Sql:
    text = sql.call("toString", value)
    exponent = sql.call("replaceRegexpOne", text, r"e(\d)", r"E+\1")
    return sql.call(
        "multiIf",
        sql.call("isNaN", value), "NaN",
        sql.call("isInfinite", value), sql.if_(sql.greater(value, 0), "Infinity", "-Infinity"),
        sql.call("match", text, _BARE_INTEGER), sql.call("concat", text, ".0"),
        sql.call("replaceOne", exponent, "e-", "E-"),
    )  # fmt: skip  # pairs of condition and value


real_text = once("real", _real_text)
"""A real as Kusto prints it: `1.0`, `1E+300`, `NaN`, `Infinity`."""


def _real_json(value: Sql) -> Sql:
    text = real_text(value)
    return sql.if_(sql.call("isFinite", value), text, json_values.quoted(text))


def _string_to_real(text: Sql) -> Sql:
    return sql.call("toFloat64OrNull", sql.call("trimBoth", text, BLANKS))


def _string_to_decimal(text: Sql) -> Sql:
    return sql.call("toDecimal256OrNull", sql.call("trimBoth", text, BLANKS), DECIMAL_SCALE)


def _parsed_bool(text: Sql) -> Sql:
    word = sql.call("lower", sql.call("trimBoth", text, BLANKS))
    number = sql.ne(string_to_long(text), 0)
    return sql.call("multiIf", sql.eq(word, "true"), 1, sql.eq(word, "false"), 0, number)


def _string_to_guid(text: Sql) -> Sql:
    """What begins with 32 hexadecimal digits; hyphens may be where a guid has them."""
    guid = sql.call("replaceRegexpOne", sql.call("trimBoth", text, BLANKS), _GUID_FIRST, r"\1-\2-\3-\4-\5")
    return sql.call("toUUIDOrNull", guid)


_string_to_bool = once("text", _parsed_bool)


def from_json(parse_string: Conversion, otherwise: Conversion) -> Conversion:
    """A dynamic: its string parsed by `parse_string`, anything else by `otherwise`."""

    def convert(json: Sql) -> Sql:
        text = sql.call("JSONExtractString", json)
        return sql.if_(json_values.is_string(json), parse_string(text), otherwise(json))

    return once("json", convert)


def _json_to_real(json: Sql) -> Sql:
    words = sql.call("multiIf", sql.eq(json, "true"), 1, sql.eq(json, "false"), 0, sql.null())
    return sql.call("coalesce", sql.call("toFloat64OrNull", json), sql.call("toFloat64", words))


def _json_to_bool(json: Sql) -> Sql:
    number = sql.ne(sql.call("toFloat64OrNull", json), 0)
    return sql.call("multiIf", sql.eq(json, "true"), 1, sql.eq(json, "false"), 0, number)


def _never(_: Sql) -> Sql:
    return sql.null()


def _json_string(text: Conversion) -> Conversion:
    return lambda value: json_values.quoted(text(value))


def _not_zero(value: Sql) -> Sql:
    return sql.ne(value, 0)


def _same(value: Sql) -> Sql:
    return value


_json_to_int = from_json(string_to_int, json_to_integer(32))

CONVERSIONS: Mapping[tuple[KqlType, KqlType], Conversion] = {
    (BOOL, INT): _to("toInt32"),
    (BOOL, LONG): _to("toInt64"),
    (BOOL, REAL): _to("toFloat64"),
    (BOOL, DECIMAL): _to("toDecimal256", DECIMAL_SCALE),
    (BOOL, STRING): _bool_text,
    (BOOL, TIMESPAN): _to("toInt64"),
    (BOOL, DYNAMIC): _bool_json,
    (INT, BOOL): _not_zero,
    (INT, LONG): _to("toInt64"),
    (INT, REAL): _to("toFloat64"),
    (INT, DECIMAL): _to("toDecimal256", DECIMAL_SCALE),
    (INT, STRING): _to("toString"),
    (INT, TIMESPAN): _to("toInt64"),
    (INT, DATETIME): lambda value: ticks.from_year_1(sql.call("toInt64", value)),
    (INT, DYNAMIC): _to("toString"),
    (LONG, BOOL): _not_zero,
    (LONG, INT): _to("toInt32"),
    (LONG, REAL): _to("toFloat64"),
    (LONG, DECIMAL): _to("toDecimal256", DECIMAL_SCALE),
    (LONG, STRING): _to("toString"),
    (LONG, TIMESPAN): _same,
    (LONG, DATETIME): ticks.from_year_1,
    (LONG, DYNAMIC): _to("toString"),
    (REAL, BOOL): _not_zero,
    (REAL, INT): whole_part(32),
    (REAL, LONG): whole_part(64),
    (REAL, DECIMAL): lambda value: sql.call("toDecimal256OrNull", sql.call("toString", value), DECIMAL_SCALE),
    (REAL, STRING): real_text,
    (REAL, TIMESPAN): truncated("Int64"),
    (REAL, DATETIME): lambda value: ticks.from_year_1(truncated("Int64")(value)),
    (REAL, DYNAMIC): _real_json,
    (DECIMAL, BOOL): _not_zero,
    (DECIMAL, INT): nearest_to_decimal(32),
    (DECIMAL, LONG): nearest_to_decimal(64),
    (DECIMAL, REAL): lambda value: sql.call("toFloat64", sql.call("toString", value)),  # else off by a digit
    (DECIMAL, STRING): _to("toString"),
    (DECIMAL, DYNAMIC): _json_string(_to("toString")),
    (STRING, BOOL): _string_to_bool,
    (STRING, INT): string_to_int,
    (STRING, LONG): string_to_long,
    (STRING, REAL): _string_to_real,
    (STRING, DECIMAL): _string_to_decimal,
    (STRING, DATETIME): datetime_from_text,
    (STRING, TIMESPAN): ticks.timespan_from_text,
    (STRING, GUID): _string_to_guid,
    (STRING, DYNAMIC): json_values.quoted,
    (DATETIME, LONG): ticks.since_year_1,
    (DATETIME, REAL): lambda value: sql.call("toFloat64", ticks.since_year_1(value)),
    (DATETIME, TIMESPAN): ticks.since_year_1,
    (DATETIME, STRING): ticks.datetime_text,
    (DATETIME, DYNAMIC): _json_string(ticks.datetime_text),
    (TIMESPAN, LONG): _same,
    (TIMESPAN, REAL): _to("toFloat64"),
    (TIMESPAN, STRING): ticks.timespan_text,
    (TIMESPAN, DYNAMIC): _json_string(ticks.timespan_text),
    (GUID, STRING): _to("toString"),
    (GUID, DYNAMIC): _json_string(_to("toString")),
    (DYNAMIC, BOOL): from_json(_string_to_bool, _json_to_bool),
    (DYNAMIC, INT): _json_to_int,
    (DYNAMIC, LONG): from_json(string_to_long, json_to_long),
    (DYNAMIC, REAL): from_json(_string_to_real, _json_to_real),
    (DYNAMIC, DECIMAL): from_json(_string_to_decimal, _string_to_decimal),
    (DYNAMIC, STRING): json_values.string_of,
    (DYNAMIC, DATETIME): from_json(datetime_from_text, _never),
    (DYNAMIC, TIMESPAN): from_json(ticks.timespan_from_text, json_to_long),
    (DYNAMIC, GUID): from_json(_string_to_guid, _never),
}
"""The SQL of each conversion; a pair that is not here cannot be converted."""

_FROM_TEXTS = frozenset({DATETIME, GUID})
"""Types that JSON has as texts only: a number there is no datetime, though a long is one in ticks."""

_SAFE = frozenset({BOOL, INT, LONG, TIMESPAN, DATETIME, GUID})
"""Types whose values always convert to a wider type or to text."""


def convertible(source: KqlType, target: KqlType) -> bool:
    """Whether a value of `source` can be converted to `target` at all."""
    return source is target or (source, target) in CONVERSIONS


def convert(term: Term, target: KqlType) -> Term:
    """`term` as a value of `target`; null where its value has no counterpart. The pair must be
    convertible."""
    if term.type is target:
        return term
    if term.native is not None and (term.native.type is STRING or target not in _FROM_TEXTS):
        return _from_typed_column(convert(reference(term.native), target))
    if target is STRING and term.value_text is not None:
        return term.value_text
    constant = datetime_of(term) if target is DATETIME else as_constant(term, target)
    if constant is not None:
        return constant
    converted = CONVERSIONS[term.type, target](term.sql)
    if target is STRING:
        text = sql.if_null(converted, "") if term.nullable and term.type is not DYNAMIC else converted
        return Term(STRING, text, nullable=False)
    nullable = term.nullable or not _total(term.type, target)
    whole = term if target is DECIMAL and term.type in (INT, LONG) else None
    return Term(target, converted, nullable, whole=whole)


def _from_typed_column(value: Term) -> Term:
    """What the column holds; where it holds nothing, a string is empty."""
    if value.type is STRING and value.nullable:
        return Term(STRING, sql.if_null(value.sql, ""), nullable=False)
    return value


def _total(source: KqlType, target: KqlType) -> bool:
    """Whether every value of `source` has a counterpart in `target`."""
    return source in _SAFE and target not in (DATETIME,)
