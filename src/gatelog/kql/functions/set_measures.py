"""Functions that compare arrays as sets, pair them, or change a bag: set_equals, jaccard_index, zip,
bag_set_key; and assert."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, computed_first, constant_string, finished, simple
from gatelog.kql.functions.row_paths import PATH_STARTS, with_key, with_member
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.json_paths import json_path

DYNAMIC, REAL, BOOL, STRING = KqlType.DYNAMIC, KqlType.REAL, KqlType.BOOL, KqlType.STRING


def _distinct(array: Sql) -> Sql:
    return sql.call("arrayDistinct", json_values.elements(array))


def _both_arrays(left: Sql, right: Sql, value: Sql) -> Sql:
    arrays = sql.all_of([json_values.is_array(left), json_values.is_array(right)])
    return sql.if_(arrays, value, sql.null())


def _jaccard(left: Sql, right: Sql) -> Sql:
    """What is common as a share of the whole; NaN for two empty sets."""
    one, other = _distinct(left), _distinct(right)
    common = sql.call("length", sql.call("arrayIntersect", one, other))
    whole = sql.call("length", sql.call("arrayDistinct", sql.call("arrayConcat", one, other)))
    return _both_arrays(left, right, sql.over(common, whole))


def _equals(left: Sql, right: Sql) -> Sql:
    same = sql.eq(sql.call("arraySort", _distinct(left)), sql.call("arraySort", _distinct(right)))
    return _both_arrays(left, right, same)


def _zip(arguments: Sequence[Term]) -> Term:
    """An array of the first elements, one of the second, ...: null where an array is shorter."""
    arrays = [json_values.elements(accept(argument, DYNAMIC).sql) for argument in arguments]
    sizes = [sql.call("length", array) for array in arrays]

    def at_index(array: Sql) -> Sql:
        return sql.if_null(
            sql.null_if(sql.call("arrayElement", array, sql.variable("index")), ""), json_values.NULL_TEXT
        )

    rows = sql.lambda_("index", json_values.array_text(sql.array([at_index(array) for array in arrays])))
    places = sql.call("range", 1, sql.plus(sql.call("greatest", *sizes), 1))
    return finished(DYNAMIC, json_values.array_text(sql.call("arrayMap", rows, places)), [])


def _set_key(arguments: Sequence[Term]) -> Term:
    """The bag with one member set; a key that begins with `$` is a path of names."""
    bag, key, value = accept(arguments[0], DYNAMIC), arguments[1], convert(arguments[2], DYNAMIC)
    json, text = sql.if_null(bag.sql, ""), sql.if_null(value.sql, json_values.NULL_TEXT)
    if key.constant is None:
        changed = with_key(json, accept(key, STRING).sql, text)
    else:
        changed = _with_member(json, _names_to(constant_string(key, "the key of bag_set_key()")), text)
    known = sql.if_null(json_values.is_object(bag.sql), sql.boolean(False))
    return finished(DYNAMIC, sql.if_(known, changed, sql.null()), [], may_fail=True)


def _names_to(key: str) -> list[str]:
    path = json_path(key) if key.startswith(PATH_STARTS) else [key]
    names = [step for step in path if isinstance(step, str)]
    if len(names) < len(path):
        raise Misfit("bag_set_key() does not reach into arrays", "use a path of names")
    return names


def _with_member(bag: Sql, path: Sequence[str], value: Sql) -> Sql:
    """A bag with the value at a path of names; what is no bag on the way gives place to one."""
    key, *deeper = path
    if deeper:
        value = _with_member(json_values.member(bag, sql.literal(key)), deeper, value)
    return with_member(bag, sql.literal(key), value)


def _assert(arguments: Sequence[Term]) -> Term:
    """True; the query fails with the message where the condition is not, rows or no rows."""
    test = condition(arguments[0])
    message = constant_string(arguments[1], "the message of assert()")
    if sql.columns_read(test.sql):
        raise Misfit("the condition of assert() must be constant", "filter rows with where")
    known = sql.if_null(test.sql, sql.boolean(False))
    return Term(BOOL, computed_first("value", known, f"assert() failed: {message}"), nullable=False)


SET_MEASURES: tuple[Function, ...] = (
    simple("jaccard_index", [DYNAMIC, DYNAMIC], REAL, _jaccard, may_fail=True),
    simple("set_equals", [DYNAMIC, DYNAMIC], BOOL, _equals, may_fail=True),
    Function("zip", 2, 16, _zip),
    Function("bag_set_key", 3, 3, _set_key),
    Function("assert", 2, 2, _assert),
)
"""The rows of this table."""
