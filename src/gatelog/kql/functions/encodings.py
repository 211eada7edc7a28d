"""Functions between values and their bytes in Base64, and hashes of values."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Anything, Function, accept, aliases, finished, simple
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

STRING, DYNAMIC, GUID, LONG = KqlType.STRING, KqlType.DYNAMIC, KqlType.GUID, KqlType.LONG

_DOTNET_ORDER = (3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)
"""Where the bytes of a guid stand in .NET: its first three groups are little-endian numbers."""


def _reordered(digits: Sql) -> Sql:
    """The 32 hexadecimal digits of a guid in .NET's order; the same way back."""
    pairs = [sql.call("substring", digits, 2 * place + 1, 2) for place in _DOTNET_ORDER]
    return sql.call("concat", *pairs)


def _from_guid(guid: Sql) -> Sql:
    digits = sql.call("replaceAll", sql.call("toString", guid), "-", "")
    return sql.call("base64Encode", sql.call("unhex", _reordered(digits)))


def _to_guid(text: Sql) -> Sql:
    digits = sql.call("hex", sql.call("tryBase64Decode", text))

    def guid(found: Sql) -> Sql:
        dashed = sql.call("replaceRegexpOne", _reordered(found), "^(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-")
        return sql.if_(sql.eq(sql.call("length", found), 32), sql.call("toUUIDOrNull", dashed), sql.null())

    return sql.with_value(digits, "digits", guid)


def _from_array(array: Sql) -> Sql:
    """Numbers from 0 to 255; NULL when one is none."""

    def encoded(numbers: Sql) -> Sql:
        number = sql.variable("number")
        inside = sql.if_null(
            sql.all_of([sql.at_least(number, 0), sql.at_most(number, 255)]), sql.boolean(False)
        )
        valid = sql.call("arrayAll", sql.lambda_("number", inside), numbers)
        bytes_ = sql.call(
            "arrayMap", sql.lambda_("number", sql.call("char", sql.if_null(number, 0))), numbers
        )
        text = sql.call("base64Encode", sql.call("arrayStringConcat", bytes_))
        return sql.if_(sql.all_of([json_values.is_array(array), valid]), text, "")

    item = sql.call("toInt64OrNull", sql.variable("item"))
    numbers = sql.call("arrayMap", sql.lambda_("item", item), json_values.elements(array))
    return sql.with_value(numbers, "numbers", encoded)


def _to_array(text: Sql) -> Sql:
    """The bytes as numbers; NULL for what is no Base64."""

    def numbers(decoded: Sql) -> Sql:
        places = sql.call("range", 1, sql.plus(sql.call("length", decoded), 1))
        byte = sql.call("ascii", sql.call("substring", decoded, sql.variable("place"), 1))
        positive = sql.call("bitAnd", byte, 255)
        texts = sql.call("arrayMap", sql.lambda_("place", sql.call("toString", positive)), places)
        failed = sql.all_of([sql.eq(decoded, ""), sql.ne(text, "")])
        return sql.if_(failed, sql.null(), json_values.array_text(texts))

    return sql.with_value(sql.call("tryBase64Decode", text), "decoded", numbers)


_HASHED_AS_BYTES = (KqlType.BOOL, KqlType.INT, LONG, KqlType.REAL, KqlType.TIMESPAN)


def _hashed(value: Term) -> Sql:
    """What a hash is of: the bytes of a number, the ticks of a time, the text of anything else."""
    if value.type is KqlType.DATETIME:
        return sql.plus(ticks.since_1970(value.sql), sql.call("toInt64", ticks.EPOCH))
    if value.type in _HASHED_AS_BYTES:
        return value.sql
    text = accept(value, Anything.TEXT).sql
    return sql.if_(sql.is_null(value.sql), sql.null(), text) if value.nullable else text


def _hash(arguments: Sequence[Term]) -> Term:
    """xxHash64 of a value; with a modulus the unsigned rest."""
    value, *modulus = arguments
    if value.type is DYNAMIC:
        raise Misfit("a dynamic has no hash", "convert it, for example with tostring()")
    digest = sql.call("xxHash64", _hashed(value))
    if not modulus:
        return finished(LONG, sql.call("reinterpretAsInt64", digest), [value])
    rest = sql.call("toInt64", sql.call("modulo", digest, sql.null_if(accept(modulus[0], LONG).sql, 0)))
    return finished(LONG, rest, arguments, may_fail=True)


ENCODINGS: tuple[Function, ...] = (
    simple("base64_encode_fromguid", [GUID], STRING, _from_guid),
    simple("base64_decode_toguid", [STRING], GUID, _to_guid, may_fail=True),
    simple("base64_encode_fromarray", [DYNAMIC], STRING, _from_array, may_fail=True),
    simple("base64_decode_toarray", [STRING], DYNAMIC, _to_array, may_fail=True),
    *aliases(Function("hash", 1, 2, _hash), "hash_xxhash64"),
)
"""The rows of this table."""
