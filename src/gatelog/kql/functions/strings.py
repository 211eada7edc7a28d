"""Functions on strings."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.pieces import joined, pieces_of
from gatelog.kql.functions.row import (
    Anything,
    Function,
    Naming,
    ParameterKind,
    accept,
    aliases,
    finished,
    simple,
)
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.literals import string_term

STRING, LONG, DYNAMIC, BOOL = KqlType.STRING, KqlType.LONG, KqlType.DYNAMIC, KqlType.BOOL
TEXT = Anything.TEXT

_PIECE: Sequence[ParameterKind] = (TEXT, LONG, LONG)
_SEARCHED: Sequence[ParameterKind] = (TEXT, TEXT, LONG, LONG, LONG)


def _length(text: Sql) -> Sql:
    return sql.call("toInt64", sql.call("lengthUTF8", text))


MOST_REPETITIONS = 67_108_864
"""Times that strrep() repeats a text at most, Kusto's own limit."""

_LONGEST_CONSTANT = 4_096
"""Characters of a constant that is put together here, as a pattern or the name of a column must be. A longer
text, which names made of each other could be, is put together by the engine."""


def _constant_text(term: Term) -> str | None:
    """The text of a constant string or integer; None for anything else."""
    value = term.constant.value if term.constant is not None else None
    readable = term.type is STRING or term.type in INTEGERS
    return str(value) if readable and isinstance(value, str | int) else None


def _joined_constant(terms: Sequence[Term], delimiter: Term) -> Term | None:
    """The texts of constants with a constant between them; None when one is none, or they are too long."""
    between, known = _constant_text(delimiter), [_constant_text(term) for term in terms]
    parts = [text for text in known if text is not None]
    if between is None or len(parts) < len(terms):
        return None
    size = sum(map(len, parts)) + len(between) * len(parts)
    return string_term(between.join(parts)) if size <= _LONGEST_CONSTANT else None


def _concat(arguments: Sequence[Term]) -> Term:
    known = _joined_constant(arguments, string_term(""))
    if known is not None:
        return known
    texts = [accept(argument, TEXT) for argument in arguments]
    return finished(STRING, sql.call("concat", *(text.sql for text in texts)), texts)


def _concat_with(arguments: Sequence[Term]) -> Term:
    known = _joined_constant(arguments[1:], arguments[0])
    if known is not None:
        return known
    delimiter, *texts = (accept(argument, TEXT) for argument in arguments)
    return finished(STRING, joined(sql.array([text.sql for text in texts]), delimiter.sql), texts)


def _repeat(text: Sql, times: Sql, delimiter: Sql | None = None) -> Sql:
    bounded = sql.call("least", sql.call("greatest", sql.if_null(times, 0), 0), MOST_REPETITIONS)
    count = sql.call("toUInt64", bounded)
    return joined(sql.call("arrayWithConstant", count, text), delimiter or sql.literal(""))


def _substring(text: Sql, start: Sql, length: Sql | None = None) -> Sql:
    """A start below 0 counts from the end; nothing begins before the text does."""
    sizes = [] if length is None else [sql.call("greatest", length, 0)]

    def cut(offset: Sql) -> Sql:
        return sql.if_(sql.less(offset, 0), "", sql.call("substringUTF8", text, sql.plus(offset, 1), *sizes))

    return sql.with_value(sql.if_(sql.less(start, 0), sql.plus(_length(text), start), start), "offset", cut)


def _substring_term(arguments: Sequence[Term]) -> Term:
    text, start, *length = (accept(a, kind) for a, kind in zip(arguments, _PIECE, strict=False))
    if start.constant is not None and isinstance(start.constant.value, int) and start.constant.value >= 0:
        sizes = [sql.call("greatest", size.sql, 0) for size in length]
        node = sql.call("substringUTF8", text.sql, start.constant.value + 1, *sizes)
    else:
        node = sql.with_value(
            text.sql, "text", lambda value: _substring(value, start.sql, *(n.sql for n in length))
        )
    return finished(STRING, node, [text, start, *length])


def _index_of(arguments: Sequence[Term]) -> Term:
    """Where a text begins in another; -1 when it is not there, and null for an empty one."""
    wanted = accept(arguments[1], TEXT)
    if wanted.constant is None:
        found = _place_of(arguments)
        return Term(LONG, sql.if_(sql.eq(wanted.sql, ""), sql.null(), found.sql))
    return null_of(LONG) if wanted.constant.value == "" else _place_of(arguments)


def _place_of(arguments: Sequence[Term]) -> Term:
    text, wanted, *rest = (accept(a, kind) for a, kind in zip(arguments, _SEARCHED, strict=False))
    if not rest:
        position = sql.minus(sql.call("toInt64", sql.call("positionUTF8", text.sql, wanted.sql)), 1)
        return finished(LONG, position, [text, wanted])
    defaults = [sql.literal(0), sql.literal(-1), sql.literal(1)]
    given, length, occurrence = [term.sql for term in rest] + defaults[len(rest) :]
    start = sql.call("greatest", sql.if_(sql.less(given, 0), sql.plus(_length(text.sql), given), given), 0)
    find = _index_after_index if len(rest) == 3 and not _is_plain(wanted, rest[1]) else _index_in_window
    node = find(text.sql, wanted.sql, start, length, occurrence)
    if rest[0].nullable:
        node = sql.if_(sql.is_null(given), sql.null(), node)
    return finished(LONG, node, [text, wanted, *rest], may_fail=True)


def _is_plain(wanted: Term, length: Term) -> bool:
    """Whether the whole text is looked through, for a constant of which no two places can overlap."""
    text = wanted.constant.value if wanted.constant is not None else None
    unlimited = length.constant is not None and length.constant.value == -1
    if not unlimited or not isinstance(text, str):
        return False
    return not any(text.startswith(text[place:]) for place in range(1, len(text)))


def _index_in_window(text: Sql, wanted: Sql, start: Sql, length: Sql, occurrence: Sql) -> Sql:
    """The place of the n-th occurrence: what stands before it, cut at the earlier ones, with those in
    between."""
    size = sql.if_(sql.less(length, 0), _length(text), length)
    window = sql.call("substringUTF8", text, sql.plus(start, 1), size)

    def place(pieces: Sql) -> Sql:
        before = sql.call(
            "arrayMap", sql.lambda_("piece", _length(sql.variable("piece"))), _first(pieces, occurrence)
        )
        skipped = sql.times(sql.minus(occurrence, 1), _length(wanted))
        found = sql.plus(sql.plus(start, sql.call("toInt64", sql.call("arraySum", before))), skipped)
        return sql.if_(sql.greater(sql.call("length", pieces), occurrence), found, -1)

    valid = sql.all_of([sql.at_least(length, -1), sql.greater(occurrence, 0)])
    found = sql.with_value(pieces_of(wanted, window), "pieces", place)
    return sql.if_(valid, sql.call("toInt64", found), sql.null())


def _index_after_index(text: Sql, wanted: Sql, start: Sql, length: Sql, occurrence: Sql) -> Sql:
    """The n-th occurrence, each looked for in `length` characters behind the beginning of the one before."""
    size = sql.if_(sql.less(length, 0), _length(text), length)
    window = "substringUTF8(text, begin + 1, size)"
    found = f"if(begin < 0 OR positionUTF8({window}, wanted) = 0, -1, begin + positionUTF8({window}, wanted))"
    step = formula(f"toInt64({found})", text=text, wanted=wanted, size=size, begin=sql.variable("begin"))
    times = sql.call("range", sql.call("toUInt64", sql.call("least", occurrence, sql.plus(_length(text), 1))))
    last = sql.call("arrayFold", sql.lambda_pair("begin", "turn", step), times, sql.call("toInt64", start))
    valid = sql.all_of([sql.at_least(length, -1), sql.greater(occurrence, 0)])
    place = sql.with_value(last, "last", lambda end: sql.if_(sql.less(end, 0), -1, sql.minus(end, 1)))
    return sql.if_(valid, sql.call("toInt64", place), sql.null())


def _first(array: Sql, count: Sql) -> Sql:
    return sql.call("arraySlice", array, 1, sql.call("greatest", count, 0))


def _split(arguments: Sequence[Term]) -> Term:
    text, delimiter = accept(arguments[0], TEXT), accept(arguments[1], STRING)
    pieces = pieces_of(delimiter.sql, text.sql)
    if len(arguments) > 2:
        wanted = sql.if_null(accept(arguments[2], LONG).sql, -1)
        count = sql.if_(sql.less(wanted, 0), 0, 1)
        pieces = sql.call("arraySlice", pieces, sql.plus(wanted, 1), count)
    return Term(DYNAMIC, string_array(pieces), nullable=False)


def string_array(texts: Sql) -> Sql:
    """The JSON array of an Array(String)."""
    return json_values.array_text(
        sql.call("arrayMap", sql.lambda_("item", json_values.quoted(sql.variable("item"))), texts)
    )


def _strcat_array(array: Sql, delimiter: Sql) -> Sql:
    """The texts of the elements; what is no array is one itself."""
    present = json_values.present(sql.variable("item"))

    def joined_elements(json: Sql) -> Sql:
        texts = sql.call(
            "arrayMap", sql.lambda_("item", json_values.string_of(present)), json_values.elements(json)
        )
        return sql.if_(json_values.is_array(json), joined(texts, delimiter), json_values.string_of(json))

    return sql.with_value(array, "json", joined_elements)


def _compare(left: Sql, right: Sql) -> Sql:
    return sql.call("toInt64", sql.call("multiIf", sql.less(left, right), -1, sql.greater(left, right), 1, 0))


def _replace_string(text: Sql, wanted: Sql, replacement: Sql) -> Sql:
    if isinstance(wanted, exp.Literal) and wanted.name:
        return sql.call("replaceAll", text, wanted, replacement)
    return sql.if_(sql.eq(wanted, ""), text, sql.call("replaceAll", text, wanted, replacement))


def _hex_digest(function: str) -> Function:
    names = {"SHA256": "hash_sha256", "MD5": "hash_md5", "SHA1": "hash_sha1"}

    def digest(text: Sql) -> Sql:
        """Nothing has no digest, as Kusto has it."""
        return sql.if_(sql.eq(text, ""), "", sql.call("lower", sql.call("hex", sql.call(function, text))))

    return simple(names[function], [TEXT], STRING, digest)


def _type_name(arguments: Sequence[Term]) -> Term:
    term = arguments[0]
    if term.type is not DYNAMIC:
        return Term(STRING, sql.literal(term.type.value), nullable=False)
    return Term(STRING, sql.with_value(term.sql, "json", _dynamic_type_name), nullable=False)


def _dynamic_type_name(json: Sql) -> Sql:
    return sql.call(
        "multiIf",
        sql.is_null(json), "null",
        json_values.is_array(json), "array",
        json_values.is_object(json), "dictionary",
        json_values.is_string(json), "string",
        sql.in_(json, [sql.literal("true"), sql.literal("false")]), "bool",
        sql.call("isNotNull", sql.call("toInt64OrNull", json)), "long",
        "double",
    )  # fmt: skip  # pairs of condition and value


def _base64_decoded(text: Sql) -> Sql:
    """Empty for what is not base64, or not of a text in UTF-8."""
    return sql.with_value(
        sql.call("tryBase64Decode", text),
        "decoded",
        lambda decoded: sql.if_(sql.call("isValidUTF8", decoded), decoded, ""),
    )


STRINGS: tuple[Function, ...] = (
    simple("strlen", [STRING], LONG, _length, naming=Naming.PREFIXED, prefix="strlen"),
    simple(
        "string_size",
        [STRING],
        LONG,
        lambda text: sql.call("toInt64", sql.call("length", text)),
        naming=Naming.PREFIXED,
        prefix="string_size",
    ),
    simple("tolower", [TEXT], STRING, lambda text: sql.call("lowerUTF8", text)),
    simple("toupper", [TEXT], STRING, lambda text: sql.call("upperUTF8", text)),
    simple("reverse", [TEXT], STRING, lambda text: sql.call("reverseUTF8", text)),
    Function("strcat", 1, 64, _concat),
    Function("strcat_delim", 3, 65, _concat_with),
    simple("strrep", [TEXT, LONG, TEXT], STRING, _repeat, optional=1),
    *aliases(simple("strcat_array", [DYNAMIC, TEXT], STRING, _strcat_array), "array_strcat"),
    Function("substring", 2, 3, _substring_term),
    Function("indexof", 2, 5, _index_of),
    Function("split", 2, 3, _split, Naming.FIRST),
    simple("strcmp", [TEXT, TEXT], LONG, _compare),
    simple("replace_string", [STRING, STRING, STRING], STRING, _replace_string),
    *aliases(
        simple("base64_encode_tostring", [STRING], STRING, lambda text: sql.call("base64Encode", text)),
        "base64_encodestring",
    ),
    *aliases(
        simple("base64_decode_tostring", [STRING], STRING, _base64_decoded),
        "base64_decodestring",
    ),
    _hex_digest("SHA256"),
    _hex_digest("MD5"),
    _hex_digest("SHA1"),
    simple(
        "isascii", [TEXT], BOOL, lambda text: sql.eq(sql.call("length", text), sql.call("lengthUTF8", text))
    ),
    simple("isutf8", [TEXT], BOOL, lambda text: sql.call("isValidUTF8", text)),
    Function("gettype", 1, 1, _type_name, Naming.PREFIXED, "type"),
)
"""The rows of this table."""
