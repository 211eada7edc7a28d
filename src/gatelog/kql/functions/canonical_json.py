"""dynamic_to_json: a dynamic as text, the members of its bags in the order of their names.

A value is walked down to its leaves, [(path, JSON), ...], and put together again from the deepest up. A step
of a path is k and the name of a member, or i and the index in an array, padded so that it sorts.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import literal_term

DYNAMIC, STRING = KqlType.DYNAMIC, KqlType.STRING

_DEEPEST = 32
"""Levels that are put in order; what lies deeper stays as it is."""

_WALKED = r"""
arrayFold(
    (items, level) -> arrayFlatten(arrayMap(item -> multiIf(
        match(item.2, '(?s)^\\{.*[^\\s{}]'), arrayMap(
            pair -> (arrayPushBack(item.1, concat('k', pair.1)), pair.2), JSONExtractKeysAndValuesRaw(item.2)
        ),
        match(item.2, '(?s)^\\[.*[^\\s\\]]'), arrayMap(
            (element, place) -> (
                arrayPushBack(item.1, concat('i', leftPad(toString(place), 9, '0'))), element
            ),
            JSONExtractArrayRaw(item.2), arrayEnumerate(JSONExtractArrayRaw(item.2))
        ),
        [item]
    ), items)),
    range(deepest),
    CAST([([], json)] AS Array(Tuple(Array(String), String)))
)
"""
_INSIDE = r"""
arrayStringConcat(arrayMap(
    item -> if(
        startsWith(item.1[-1], 'i'),
        item.2,
        concat(replaceAll(toJSONString(substring(item.1[-1], 2)), '\\/', '/'), ':', item.2)
    ),
    arraySort(arrayFilter(item -> length(item.1) = depth AND arrayPopBack(item.1) = parent, items))
), ',')
"""
_ROUND = """
arrayConcat(
    arrayFilter(item -> length(item.1) < depth, items),
    arrayMap(
        parent -> (parent, if(is_array, concat('[', inside, ']'), concat('{', inside, '}'))),
        arrayDistinct(arrayMap(
            item -> arrayPopBack(item.1), arrayFilter(item -> length(item.1) = depth, items)
        ))
    )
)
"""
_IS_ARRAY = "arrayExists(item -> arrayPopBack(item.1) = parent AND startsWith(item.1[-1], 'i'), items)"


def _in_order(json: Sql) -> Sql:
    items, depth, parent = (sql.variable(name) for name in ("items", "depth", "parent"))
    inside = formula(_INSIDE, items=items, depth=depth, parent=parent)
    is_array = formula(_IS_ARRAY, items=items, parent=parent)
    step = formula(_ROUND, items=items, depth=depth, inside=inside, is_array=is_array)
    levels = sql.call("arrayReverse", sql.call("range", 1, _DEEPEST + 1))
    leaves = formula(_WALKED, json=json, deepest=_DEEPEST)
    whole = sql.call("arrayFold", sql.lambda_pair("items", "depth", step), levels, leaves)
    return formula("tupleElement(whole[1], 2)", whole=whole)


def _as_text(arguments: Sequence[Term]) -> Term:
    """`dynamic_to_json(x)`: what is no dynamic is as `tostring` has it."""
    if arguments[0].type is not DYNAMIC:
        return convert(arguments[0], STRING)
    constant = arguments[0].constant
    if constant is not None and isinstance(constant.value, list | dict):
        return literal_term(STRING, json_values.sorted_text(constant.value))
    text = sql.if_null(arguments[0].sql, json_values.NULL_TEXT)
    return finished(STRING, sql.with_value(text, "json", _in_order), [])


CANONICAL_JSON: tuple[Function, ...] = (Function("dynamic_to_json", 1, 1, _as_text),)
"""The rows of this table."""
