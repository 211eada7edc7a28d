"""Dynamic values in SQL: JSON text, with SQL NULL for null."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlglot import exp

from gatelog.kql.ast import DynamicValue, Literal
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.shapes import Shape, once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.types import KqlType
from gatelog.kql.values.results import datetime_to_text, timespan_to_text

NULL_TEXT = "null"


def literal_text(value: DynamicValue) -> str | None:
    """The JSON text of a literal, None for null."""
    return None if value is None else json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def scalar_text(value: DynamicValue) -> str:
    """A literal as `tostring` shows it: a text bare, anything else as JSON."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else literal_text(value) or ""


def sorted_text(value: DynamicValue) -> str:
    """The JSON text of a literal, the members of its bags in the order of their names."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: object) -> object:
    """JSON's own values; a typed literal becomes the text that Kusto shows."""
    if isinstance(value, Literal):
        return _plain_literal(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def _plain_literal(literal: Literal) -> object:
    value = literal.value
    if literal.type == KqlType.DATETIME and isinstance(value, int):
        return datetime_to_text(value - ticks.EPOCH)
    if literal.type == KqlType.TIMESPAN and isinstance(value, int):
        return timespan_to_text(value)
    return str(value) if isinstance(value, Decimal | UUID) else _plain(value)


present = Shape(lambda text: sql.null_if(sql.null_if(text, ""), NULL_TEXT))
"""JSON text as a dynamic value: absent (empty) and JSON's null become NULL."""


def member(document: Sql, key: Sql) -> Sql:
    """The JSON text below `key` (a string) of an object, empty when there is none."""
    if isinstance(document, exp.Anonymous) and document.name == "JSONExtractRaw":
        return sql.call("JSONExtractRaw", *document.expressions, key)
    return sql.call("JSONExtractRaw", document, key)


def elements(document: Sql) -> Sql:
    """The elements of an array as Array(String) of JSON texts; empty for anything that is not an array."""
    return sql.call("JSONExtractArrayRaw", sql.if_null(document, ""))


def pairs(document: Sql) -> Sql:
    """The members of an object as Array(Tuple(String, String)) of names and JSON texts."""
    return sql.call("JSONExtractKeysAndValuesRaw", sql.if_null(document, ""))


def element(document: Sql, index: Sql) -> Sql:
    """The JSON text of an element, empty when there is none; the index counts from 0, below 0 from the
    end."""
    position = sql.if_(sql.less(index, 0), index, sql.plus(index, 1))
    if isinstance(index, exp.Literal):
        place = int(index.name)
        position = sql.literal(place if place < 0 else place + 1)
    return sql.call("arrayElement", elements(document), position)


def is_array(json_text: Sql) -> Sql:
    """Whether a dynamic value is an array; NULL for null."""
    return sql.call("startsWith", json_text, "[")


def is_object(json_text: Sql) -> Sql:
    """Whether a dynamic value is a property bag; NULL for null."""
    return sql.call("startsWith", json_text, "{")


def is_string(json_text: Sql) -> Sql:
    """Whether a dynamic value is a string; NULL for null."""
    return sql.call("startsWith", json_text, '"')


def array_text(texts: Sql) -> Sql:
    """The JSON array of an Array(String) of JSON texts."""
    return sql.call("concat", "[", sql.call("arrayStringConcat", texts, ","), "]")


def bag_text(members: Sql) -> Sql:
    """The JSON object of an Array(String) of `"name":value` texts."""
    return sql.call("concat", "{", sql.call("arrayStringConcat", members, ","), "}")


def member_text(name: Sql, value: Sql) -> Sql:
    """`"name":value`; null is written out."""
    return sql.call("concat", quoted(name), ":", sql.if_null(value, NULL_TEXT))


def written_array(values: Iterable[Sql]) -> Sql:
    """The JSON array of some dynamic values; null is written out."""
    return array_text(sql.array([sql.if_null(value, NULL_TEXT) for value in values]))


quoted = Shape(lambda text: sql.call("replaceAll", sql.call("toJSONString", text), "\\/", "/"))
"""A string as JSON text."""


def _parsed(text: Sql) -> Sql:
    raw = sql.call("JSONExtractRaw", text)
    itself = sql.if_(sql.eq(text, ""), sql.null(), quoted(text))
    return sql.null_if(sql.if_(sql.ne(raw, ""), raw, itself), NULL_TEXT)


parsed = once("text", _parsed)
"""A text as a dynamic value: its JSON, or the text itself when it is not JSON; null for an empty text."""


def _string_of(json_text: Sql) -> Sql:
    unquoted = sql.call("JSONExtractString", json_text)
    return sql.if_null(sql.if_(is_string(json_text), unquoted, json_text), "")


string_of = once("json", _string_of)
"""The text of a dynamic value: a string without its quotes, '' for null, JSON for the rest."""


def strings(json_array: Sql) -> Sql:
    """The elements of an array as Array(String) of their texts."""
    item = string_of(present(sql.variable("item")))
    return sql.call("arrayMap", sql.lambda_("item", item), elements(json_array))


def present_strings(items: Sql) -> Sql:
    """The texts of JSON texts, an Array(String), without those of null."""
    item = sql.variable("item")
    known = sql.call("arrayFilter", sql.lambda_("item", sql.ne(item, NULL_TEXT)), items)
    return sql.call("arrayMap", sql.lambda_("item", string_of(item)), known)
