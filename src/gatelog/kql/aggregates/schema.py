"""buildschema: the smallest schema that all dynamic values of a group fit.

Each value is walked down to its leaves, [(path, type), ...]; a step into an array is called `indexer`. The
distinct leaves of all values are put together again from the deepest up:

    (x) "long", (x) "string", (y, w) "string"    to    {"x": ["long", "string"], "y": {"w": "string"}}

Nulls and empty arrays say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

DYNAMIC = KqlType.DYNAMIC

_DEEPEST = 12
"""Levels of a value that are looked into; what lies deeper is text."""
_STEP_INTO_ARRAY = "`indexer`"

_WALKED = r"""
arrayFold(
    (items, level) -> arrayFlatten(arrayMap(item -> multiIf(
        startsWith(item.2, '{'), arrayMap(
            pair -> (arrayPushBack(item.1, pair.1), pair.2), JSONExtractKeysAndValuesRaw(item.2)
        ),
        startsWith(item.2, '['), arrayMap(
            element -> (arrayPushBack(item.1, into_array), element), JSONExtractArrayRaw(item.2)
        ),
        [item]
    ), items)),
    range(deepest),
    CAST([([], json)] AS Array(Tuple(Array(String), String)))
)
"""
_LEAVES = r"""
arrayMap(item -> (item.1, multiIf(
    startsWith(item.2, '"'), '"string"',
    item.2 IN ('true', 'false'), '"bool"',
    match(item.2, '^-?[0-9]+$'), '"long"',
    startsWith(item.2, '{') OR startsWith(item.2, '['), '"string"',
    '"double"'
)), arrayFilter(item -> item.2 NOT IN ('null', ''), items))
"""

_TYPES = "arrayDistinct(arrayMap(item -> item.2, arrayFilter(item -> item.1 = path, items)))"
_ONE_TYPE = """
arrayMap(
    types -> if(length(types) = 1, types[1], concat('[', arrayStringConcat(types, ','), ']')), [types]
)[1]
"""
_MEMBERS = """
arrayStringConcat(arrayMap(
    path -> concat(replaceAll(toJSONString(path[-1]), '\\\\/', '/'), ':', one_type),
    arrayDistinct(arrayMap(item -> item.1, arrayFilter(
        item -> length(item.1) = depth AND arrayPopBack(item.1) = parent, items
    )))
), ',')
"""
_ROUND = """
arrayConcat(
    arrayFilter(item -> length(item.1) < depth, items),
    arrayMap(
        parent -> (parent, concat('{', members, '}')),
        arrayDistinct(arrayMap(
            item -> arrayPopBack(item.1), arrayFilter(item -> length(item.1) = depth, items)
        ))
    )
)
"""


def _leaves(json: Sql) -> Sql:
    """[(path, type as JSON), ...] of a value."""
    walked = formula(_WALKED, json=sql.if_null(json, "null"), into_array=_STEP_INTO_ARRAY, deepest=_DEEPEST)
    return sql.with_value(walked, "items", lambda items: formula(_LEAVES, items=items))


def _one_type(items: Sql, path: Sql) -> Sql:
    return formula(_ONE_TYPE, types=formula(_TYPES, items=items, path=path))


def _together(leaves: Sql) -> Sql:
    """The schema of all leaves; null when there are none."""
    items, depth = sql.variable("items"), sql.variable("depth")
    one = _one_type(items, sql.variable("path"))
    members = formula(_MEMBERS, one_type=one, items=items, depth=depth, parent=sql.variable("parent"))
    step = formula(_ROUND, items=items, depth=depth, members=members)
    levels = sql.call("arrayReverse", sql.call("range", 1, _DEEPEST + 1))
    folded = sql.call("arrayFold", sql.lambda_pair("items", "depth", step), levels, leaves)

    def whole(rest: Sql) -> Sql:
        empty = formula("CAST([] AS Array(String))")
        return sql.if_(sql.call("empty", rest), sql.null(), _one_type(rest, empty))

    return sql.with_value(folded, "rest", whole)


def build_schema(arguments: Sequence[Term], _: Term | None) -> Term:
    """`buildschema(value)`."""
    value = convert(arguments[0], DYNAMIC)
    leaves = sql.call("groupUniqArrayArray", _leaves(value.sql))
    return Term(DYNAMIC, _together(sql.call("arraySort", leaves)))
