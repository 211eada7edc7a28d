"""Where a value is in an array, and an array cut at some places."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.arrays import if_known, of_array
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, LONG, REAL = KqlType.DYNAMIC, KqlType.LONG, KqlType.REAL


def _index_of(arguments: Sequence[Term]) -> Term:
    """`array_index_of(array, value [, start [, length [, occurrence]]])`: -1 when it is not there, null where
    length or occurrence is none."""
    array, value = accept(arguments[0], DYNAMIC), convert(arguments[1], DYNAMIC)
    wanted = sql.if_null(value.sql, json_values.NULL_TEXT)
    elements = json_values.elements(array.sql)
    if arguments[1].type in (REAL, KqlType.DECIMAL):
        no_number = sql.call("toFloat64", "nan")  # equals none
        in_texts = arguments[1].type is KqlType.DECIMAL  # which is a text in an array
        elements = _as_numbers(elements, in_texts=in_texts)
        wanted = sql.if_null(convert(arguments[1], REAL).sql, no_number)
    if len(arguments) == 2:
        place = sql.minus(sql.call("toInt64", sql.call("indexOf", elements, wanted)), 1)
        return Term(LONG, place, nullable=False)
    defaults = [sql.literal(0), sql.literal(-1), sql.literal(1)]
    given = [accept(argument, LONG).sql for argument in arguments[2:]]
    start, length, occurrence = given + defaults[len(given) :]
    place = sql.with_value(
        elements, "items", lambda items: _nth_place(items, wanted, start, length, occurrence)
    )
    valid = sql.all_of([sql.at_least(length, -1), sql.at_least(occurrence, 0)])
    return Term(LONG, if_known([start], sql.if_(valid, place, sql.null())))


def _has_element(arguments: Sequence[Term]) -> Term:
    return Term(KqlType.BOOL, sql.at_least(_index_of(arguments).sql, 0), nullable=False)


def _as_numbers(elements: Sql, *, in_texts: bool) -> Sql:
    """The elements as reals, null for any other: 2 and 2.0 are one number, written in two ways."""
    item = sql.variable("item")
    number = sql.call("toFloat64OrNull", json_values.string_of(item) if in_texts else item)
    return sql.call("arrayMap", sql.lambda_("item", number), elements)


def _nth_place(items: Sql, wanted: Sql, start: Sql, length: Sql, occurrence: Sql) -> Sql:
    size = sql.call("toInt64", sql.call("length", items))
    low = sql.if_(sql.less(start, 0), sql.call("greatest", sql.plus(size, start), 0), start)
    high = sql.if_(sql.less(length, 0), size, sql.plus(low, length))
    index = sql.call("toInt64", sql.variable("index"))
    inside = sql.all_of(
        [sql.greater(index, low), sql.at_most(index, high), sql.eq(sql.variable("item"), wanted)]
    )
    places = sql.call(
        "arrayFilter", sql.lambda_pair("index", "item", inside), sql.call("arrayEnumerate", items), items
    )
    return sql.minus(sql.call("toInt64", sql.call("arrayElement", places, occurrence)), 1)


_BORDERS = """
arrayMap(
    place -> if(place < 0, greatest(toInt64(length(items)) + place, 0), least(toInt64(length(items)), place)),
    arrayMap(one -> ifNull(one, 0), places)
)
"""
_CUT = """
if(
    arrayExists(place -> isNull(place), places),
    NULL,
    concat('[', arrayStringConcat(arrayMap(
        (low, high) -> concat(
            '[', arrayStringConcat(arraySlice(items, low + 1, greatest(high - low, 0)), ','), ']'
        ),
        arrayPushFront(borders, toInt64(0)),
        arrayPushBack(borders, toInt64(length(items)))
    ), ','), ']')
)
"""
"""What stands between one border and the next, the first from 0 and the last to the end."""


def _integers(value: Sql) -> Sql:
    """The integers of an array, or the value as the only one; NULL for any other element."""
    alone = sql.array([sql.if_null(value, "")])
    several = sql.if_null(json_values.is_array(value), sql.boolean(False))
    return sql.call(
        "arrayMap",
        sql.lambda_("item", sql.call("toInt64OrNull", sql.variable("item"))),
        sql.if_(several, json_values.elements(value), alone),
    )


def _split(arguments: Sequence[Term]) -> Term:
    """`array_split(array, index)` or with an array of indexes; null where an index is no integer."""
    array, index = arguments
    places = sql.array([accept(index, LONG).sql]) if index.type is not DYNAMIC else _integers(index.sql)

    def cut(elements: Sql) -> Sql:
        return sql.with_value(elements, "items", pieces)

    def pieces(items: Sql) -> Sql:
        borders = formula(_BORDERS, items=items, places=places)
        return sql.with_value(
            borders, "borders", lambda known: formula(_CUT, items=items, places=places, borders=known)
        )

    node = of_array(cut)(accept(array, DYNAMIC).sql)
    return finished(DYNAMIC, node, arguments, may_fail=True)


ARRAY_PLACES: tuple[Function, ...] = (
    Function("array_index_of", 2, 5, _index_of),
    Function("set_has_element", 2, 2, _has_element),
    Function("array_split", 2, 2, _split),
)
"""The rows of this table."""
