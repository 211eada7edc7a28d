"""treepath: the ways that lead to the values inside a dynamic.

    {"a": 1, "b": [{"c": 2}, 3]}    to    ['a']   ['b']   ['b'][0]   ['b'][0]['c']

A value is walked level by level. Each item carries its places on the way, which put the items in the order of
the text again; all elements of an array share the step [0].
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, Naming, simple
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC = KqlType.DYNAMIC

_DEEPEST = 32
"""Levels that are looked into."""

_WALKED = r"""
arrayFold(
    (items, level) -> arrayConcat(items, arrayFlatten(arrayMap(item -> multiIf(
        startsWith(item.3, '{'), arrayMap(
            (pair, place) -> (arrayPushBack(item.1, place), concat(item.2, step), pair.2),
            JSONExtractKeysAndValuesRaw(item.3), arrayEnumerate(JSONExtractKeysAndValuesRaw(item.3))
        ),
        startsWith(item.3, '['), arrayMap(
            (element, place) -> (arrayPushBack(item.1, place), concat(item.2, '[0]'), element),
            JSONExtractArrayRaw(item.3), arrayEnumerate(JSONExtractArrayRaw(item.3))
        ),
        []
    ), arrayFilter(item -> length(item.1) = level, items)))),
    range(deepest),
    CAST([([], '', json)] AS Array(Tuple(Array(UInt32), String, String)))
)
"""
_STEP = r"""concat('[''', replaceAll(replaceAll(pair.1, '\\', '\\\\'), '''', '\\'''), ''']')"""
_PATHS = "arrayDistinct(arrayMap(item -> item.2, arrayPopFront(arraySort(item -> item.1, items))))"


def _tree_paths(value: Sql) -> Sql:
    walked = formula(_WALKED.replace("step", _STEP), json=sql.if_null(value, ""), deepest=_DEEPEST)
    path = sql.variable("path")
    texts = sql.call("arrayMap", sql.lambda_("path", json_values.quoted(path)), formula(_PATHS, items=walked))
    return sql.if_(sql.is_null(value), sql.null(), json_values.array_text(texts))


TREE_PATHS: tuple[Function, ...] = (
    simple("treepath", [DYNAMIC], DYNAMIC, _tree_paths, may_fail=True, naming=Naming.PREFIXED, prefix="tree"),
)
"""The rows of this table."""
