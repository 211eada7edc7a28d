"""punycode_*: international strings in ASCII (RFC 3492), alone or as the labels of a domain (`xn--...`).

The characters above ASCII are inserted in the order of their numbers; each is told by the distance from the
insertion before it, written as a number of variable length. Where it goes is the count of characters before
it that are no greater, so that the distances follow without the RFC's inner loop.

Kusto's names go two ways: `punycode_from_string` encodes, while `punycode_domain_from_string` decodes.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Argument, Sql
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.functions.unicode import characters, code_points
from gatelog.kql.types import KqlType

STRING = KqlType.STRING

_BASE, _LEAST, _MOST, _SKEW, _DAMP = 36, 1, 26, 38, 700
_FIRST_BIAS, _FIRST_POINT = 72, 128
_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
_LONGEST_NUMBER = 7
"""Digits of the largest distance."""
_DOTS = "[.\u3002\uff0e\uff61]"
_DECODED = """
if(
    arrayExists((label, original) -> label = '' AND original <> '', labels, originals),
    '',
    arrayStringConcat(labels, '.')
)
"""


def _long(value: Argument) -> Sql:
    return sql.call("toInt64", value)


def _part(value: Sql, place: int) -> Sql:
    return sql.call("tupleElement", value, place)


def _threshold(step: Sql, bias: Sql) -> Sql:
    return sql.call("greatest", sql.call("least", sql.minus(step, bias), _MOST), _LEAST)


def _adapted(distance: Sql, size: Sql, first: Sql) -> Sql:
    """The bias for the next number (RFC 3492, 6.1)."""
    halved = sql.if_(first, sql.call("intDiv", distance, _DAMP), sql.call("intDiv", distance, 2))
    scaled = sql.with_value(halved, "halved", lambda delta: sql.plus(delta, sql.call("intDiv", delta, size)))
    state = sql.variable("scale")
    large = sql.greater(_part(state, 1), (_BASE - _LEAST) * _MOST // 2)
    smaller = sql.tuple_(
        [_long(sql.call("intDiv", _part(state, 1), _BASE - _LEAST)), _long(sql.plus(_part(state, 2), _BASE))]
    )
    folded = sql.call(
        "arrayFold",
        sql.lambda_pair("scale", "round", sql.if_(large, smaller, state)),
        sql.call("range", _LONGEST_NUMBER),
        sql.tuple_([_long(scaled), _long(0)]),
    )

    def bias(pair: Sql) -> Sql:
        share = sql.call(
            "intDiv", sql.times(_part(pair, 1), _BASE - _LEAST + 1), sql.plus(_part(pair, 1), _SKEW)
        )
        return _long(sql.plus(_part(pair, 2), share))

    return sql.with_value(folded, "scaled", bias)


def _written(distance: Sql, bias: Sql) -> Sql:
    """A distance as digits, the lowest first; the last one is below its threshold."""
    state, step = sql.variable("rest"), sql.variable("step")

    def moved(threshold: Sql) -> Sql:
        quotient = _part(state, 1)
        above = sql.minus(quotient, threshold)
        width = sql.minus(_BASE, threshold)
        digit = sql.plus(threshold, sql.call("modulo", above, width))
        last = sql.tuple_([quotient, _appended(_part(state, 2), quotient), sql.boolean(True)])
        more = sql.tuple_(
            [_long(sql.call("intDiv", above, width)), _appended(_part(state, 2), digit), sql.boolean(False)]
        )
        ended = sql.if_(sql.less(quotient, threshold), last, more)
        return sql.if_(_part(state, 3), state, ended)

    return _part(
        sql.call(
            "arrayFold",
            sql.lambda_pair(
                "rest",
                "step",
                sql.with_value(_long(_threshold(sql.times(step, _BASE), bias)), "threshold", moved),
            ),
            sql.call("range", 1, _LONGEST_NUMBER + 1),
            sql.tuple_([_long(distance), sql.literal(""), sql.boolean(False)]),
        ),
        2,
    )


def _appended(text: Sql, digit: Sql) -> Sql:
    return sql.call("concat", text, sql.call("substring", _DIGITS, sql.plus(digit, 1), 1))


def _encoded(text: Sql) -> Sql:
    return sql.with_value(code_points(text), "points", _encoded_points)


def _encoded_points(points: Sql) -> Sql:
    basic = sql.call(
        "arrayFilter", sql.lambda_("point", sql.less(sql.variable("point"), _FIRST_POINT)), points
    )
    prefix = sql.call("concat", characters(basic), sql.if_(sql.call("empty", basic), "", "-"))
    place, point = sql.variable("place"), sql.variable("point")
    before = sql.call("arraySlice", points, 1, sql.minus(place, 1))
    no_greater = sql.call(
        "arrayCount", sql.lambda_("other", sql.at_most(sql.variable("other"), point)), before
    )
    told = sql.tuple_([_long(point), _long(place), _long(no_greater)])
    all_told = sql.call(
        "arrayMap", sql.lambda_pair("point", "place", told), points, sql.call("arrayEnumerate", points)
    )
    above = sql.call(
        "arrayFilter",
        sql.lambda_("item", sql.at_least(_part(sql.variable("item"), 1), _FIRST_POINT)),
        all_told,
    )
    start = sql.tuple_(
        [_long(_FIRST_POINT), _long(0), _long(sql.call("length", basic)), _long(_FIRST_BIAS), prefix]
    )
    first_size = sql.call("length", basic)
    folded = sql.call(
        "arrayFold",
        sql.lambda_pair("state", "item", _inserted(first_size)),
        sql.call("arraySort", above),
        start,
    )
    return _part(folded, 5)


def _inserted(first_size: Sql) -> Sql:
    """The state (last point, next place, size, bias, text) after one more character."""
    state, item = sql.variable("state"), sql.variable("item")
    size = _part(state, 3)
    rounds = sql.times(sql.minus(_part(item, 1), _part(state, 1)), sql.plus(size, 1))
    distance = sql.plus(rounds, sql.minus(_part(item, 3), _part(state, 2)))

    def moved(delta: Sql) -> Sql:
        bias = _adapted(delta, sql.plus(size, 1), sql.eq(size, first_size))
        text = sql.call("concat", _part(state, 5), _written(delta, _part(state, 4)))
        return sql.tuple_(
            [_part(item, 1), _long(sql.plus(_part(item, 3), 1)), _long(sql.plus(size, 1)), bias, text]
        )

    return sql.with_value(distance, "distance", moved)


def _decoded(text: Sql) -> Sql:
    """The text; '' for what is no Punycode."""
    valid = sql.call("match", text, r"^(?:[\x00-\x7f]*-)?[A-Za-z0-9]*$")
    basic = sql.call("replaceRegexpOne", text, r"^(?:(.*)-)?[^-]*$", r"\1")
    digits = sql.call("extractAll", sql.call("lower", sql.call("extract", text, "([^-]*)$")), ".")
    start = sql.tuple_([code_points(basic), *(_long(n) for n in (_FIRST_POINT, 0, _FIRST_BIAS, 1, _BASE, 0))])
    folded = sql.call("arrayFold", sql.lambda_pair("state", "char", _read()), digits, start)
    return sql.if_(valid, characters(_part(folded, 1)), "")


def _read() -> Sql:
    """The state (points, point, place, bias, weight, step, place before) after one more digit."""
    state = sql.variable("state")
    points, point, place, bias, weight, step, before = (_part(state, number) for number in range(1, 8))
    digit = sql.minus(sql.call("position", _DIGITS, sql.variable("char")), 1)

    def moved(pair: Sql) -> Sql:
        reached, threshold = _part(pair, 1), _part(pair, 2)
        wider = _long(sql.times(weight, sql.minus(_BASE, threshold)))
        more = sql.tuple_([points, point, reached, bias, wider, _long(sql.plus(step, _BASE)), before])
        return sql.if_(sql.less(digit, threshold), ended(reached), more)

    def ended(reached: Sql) -> Sql:
        size = sql.plus(sql.call("length", points), 1)
        found = _long(sql.plus(point, sql.call("intDiv", reached, size)))
        index = _long(sql.call("modulo", reached, size))
        whole = sql.call(
            "arrayConcat",
            sql.call("arraySlice", points, 1, index),
            sql.array([sql.call("toUInt32", found)]),
            sql.call("arraySlice", points, sql.plus(index, 1)),
        )
        after = _long(sql.plus(index, 1))
        next_bias = _adapted(sql.minus(reached, before), size, sql.eq(before, 0))
        return sql.tuple_([whole, found, after, next_bias, _long(1), _long(_BASE), after])

    reached = sql.tuple_([_long(sql.plus(place, sql.times(digit, weight))), _long(_threshold(step, bias))])
    return sql.with_value(reached, "reached", moved)


def _labels(text: Sql) -> Sql:
    return sql.call("splitByRegexp", _DOTS, text)


def _domain_encoded(text: Sql) -> Sql:
    label = sql.variable("label")
    ascii_only = sql.eq(sql.call("length", label), sql.call("lengthUTF8", label))
    encoded = sql.if_(ascii_only, label, sql.call("concat", "xn--", _encoded(label)))
    return sql.call(
        "arrayStringConcat", sql.call("arrayMap", sql.lambda_("label", encoded), _labels(text)), "."
    )


def _domain_decoded(text: Sql) -> Sql:
    """The domain with its labels decoded; '' where one cannot be."""
    label = sql.variable("label")
    is_encoded = sql.call("startsWith", sql.call("lower", label), "xn--")
    decoded = sql.if_(is_encoded, _decoded(sql.call("substring", label, 5)), label)
    labels = sql.call("arrayMap", sql.lambda_("label", decoded), _labels(text))
    return sql.with_value(
        labels, "labels", lambda known: formula(_DECODED, labels=known, originals=_labels(text))
    )


PUNYCODE: tuple[Function, ...] = (
    simple("punycode_from_string", [STRING], STRING, _encoded),
    simple("punycode_to_string", [STRING], STRING, _decoded),
    simple("punycode_domain_from_string", [STRING], STRING, _domain_decoded),
    simple("punycode_domain_to_string", [STRING], STRING, _domain_encoded),
)
"""The rows of this table."""
