"""array_sort_asc and array_sort_desc: numbers, strings, then anything else; further arrays in the order of
the first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.arrays import of_array
from gatelog.kql.functions.row import accept, finished
from gatelog.kql.functions.several import Parts, SeveralColumns
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Constant, Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC, BOOL = KqlType.DYNAMIC, KqlType.BOOL


def _sort_key(item: Sql) -> Sql:
    """Numbers by value come before strings by text, and these before anything else."""
    return sql.tuple_([_kind(item), sql.call("toFloat64OrZero", item), json_values.string_of(item)])


def _kind(item: Sql) -> Sql:
    """0 for a number, 1 for a string, 2 for anything else."""
    return sql.call("multiIf", json_values.is_string(item), 1, sql.call("match", item, "^-?[0-9]"), 0, 2)


def _sort(name: str, *, descending: bool) -> SeveralColumns:
    """`array_sort_asc(array [, array ...] [, nulls_last])`: the first array in order, the others in the same
    order as it; null for one of another length. A descending sort, too, has the nulls last unless told
    otherwise."""

    def build(arguments: Sequence[Term]) -> Parts:
        flag = arguments[-1].constant if arguments[-1].type is BOOL else Constant(True)
        if flag is None or not isinstance(flag.value, bool):
            raise Misfit("nulls_last must be a constant bool")
        arrays = [accept(term, DYNAMIC) for term in arguments if term.type is not BOOL]
        if not arrays:
            raise Misfit(f"{name}() takes an array")
        nulls_last = flag.value
        node = of_array(lambda elements: _sorted(elements, descending=descending, nulls_last=nulls_last))
        first = finished(DYNAMIC, node(arrays[0].sql), arrays[:1], may_fail=True)
        others = [
            _reordered(array, arrays[0].sql, descending=descending, nulls_last=nulls_last)
            for array in arrays[1:]
        ]
        return [("sorted", first), *(("sorted", other) for other in others)]

    return SeveralColumns(name, 1, 64, build, by_argument=True)


def _reordered(array: Term, first: Sql, *, descending: bool, nulls_last: bool) -> Term:
    """An array in the order that sorts another."""
    item = sql.variable("item")
    null = sql.eq(item, json_values.NULL_TEXT)
    front = sql.not_(null) if nulls_last == descending else null
    place = sql.call("negate", sql.variable("place")) if descending else sql.variable("place")
    key = sql.tuple_([front, (_descending_key if descending else _sort_key)(item), place])

    def sorted_by(keys: Sql) -> Sql:
        def picked(items: Sql) -> Sql:
            size = sql.call("length", keys)
            texts = sql.call(
                "arrayReverseSort" if descending else "arraySort",
                exp.Lambda(this=key, expressions=[*map(sql.variable, ("other", "item", "place"))]),
                sql.call("arrayResize", items, size),
                keys,
                sql.call("arrayMap", sql.lambda_("place", sql.call("toInt64", sql.variable("place"))),
                         sql.call("arrayEnumerate", keys)),
            )  # fmt: skip  # the lambda and its arrays
            return sql.if_(sql.eq(sql.call("length", items), size), json_values.array_text(texts), sql.null())

        return of_array(picked)(array.sql)

    return Term(DYNAMIC, sql.with_value(json_values.elements(first), "keys", sorted_by))


def _sorted(elements: Sql, *, descending: bool, nulls_last: bool) -> Sql:
    item = sql.variable("item")
    known = sql.call("arrayFilter", sql.lambda_("item", sql.ne(item, json_values.NULL_TEXT)), elements)
    nulls = sql.call("arrayFilter", sql.lambda_("item", sql.eq(item, json_values.NULL_TEXT)), elements)
    key = sql.lambda_("item", _descending_key(item) if descending else _sort_key(item))
    in_order = sql.call("arrayReverseSort" if descending else "arraySort", key, known)
    parts = (in_order, nulls) if nulls_last else (nulls, in_order)
    return json_values.array_text(sql.call("arrayConcat", *parts))


def _descending_key(item: Sql) -> Sql:
    """Read backwards: numbers by value, the largest first, still before strings and anything else."""
    number = sql.call("toFloat64OrZero", item)
    return sql.tuple_([sql.call("negate", _kind(item)), number, json_values.string_of(item)])


ARRAY_SORTS: tuple[SeveralColumns, ...] = (
    _sort("array_sort_asc", descending=False),
    _sort("array_sort_desc", descending=True),
)
"""The functions that sort."""
