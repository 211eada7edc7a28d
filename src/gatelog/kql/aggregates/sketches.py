"""The aggregates whose result is intermediate: hll, tdigest, and the merging of such; null of no values."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.aggregates.numbers import check_accuracy
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import digests
from gatelog.kql.functions.row import accept
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

DYNAMIC, REAL, STRING = KqlType.DYNAMIC, KqlType.REAL, KqlType.STRING


def sketch(arguments: Sequence[Term], predicate: Term | None) -> Term:
    """`hll(x)`: what dcount_hll counts; of the text of the values, nulls left out."""
    value, *rest = arguments
    check_accuracy(rest)
    known = sql.call("isNotNull", value.sql)
    wanted = known if predicate is None else sql.all_of([known, predicate.condition])
    text = convert(value, STRING).sql
    counted = sql.if_null(wanted, sql.boolean(False))
    made = sql.call("uniqCombined64StateIf", text, counted)
    return _if_any(sql.call("countIf", counted), digests.sketch_of(made))


def merged_sketch(arguments: Sequence[Term], _: Term | None) -> Term:
    """`hll_merge(sketch)`."""
    one = accept(arguments[0], DYNAMIC)
    made = sql.call("uniqCombined64MergeState", digests.state(one.sql))
    return _if_any(sql.call("count", one.sql), digests.sketch_of(made))


def _if_any(count: Sql, made: Sql) -> Term:
    """What is made of so many values; null of none."""
    return Term(DYNAMIC, sql.if_(sql.greater(count, 0), made, sql.null()))


def digest(arguments: Sequence[Term], _: Term | None) -> Term:
    """`tdigest(x [, weight])`."""
    kind, value = digests.measured(arguments[0])
    weight = accept(arguments[1], REAL).sql if len(arguments) > 1 else sql.call("toFloat64", 1)
    known = sql.call("isNotNull", sql.plus(value, weight))
    text = "sumMapIf([assumeNotNull(value)], [assumeNotNull(weight)], known)"
    pair = formula(text, value=value, weight=weight, known=known)
    made = digests.written(sql.literal(kind.value), pair)
    return _if_any(sql.call("countIf", sql.if_null(known, sql.boolean(False))), made)


def merged_digest(arguments: Sequence[Term], _: Term | None) -> Term:
    """`tdigest_merge(digest)`."""
    one = accept(arguments[0], DYNAMIC)
    text = "sumMap(tupleElement(pair, 1), tupleElement(pair, 2))"
    pair = formula(text, pair=digests.counted(one.sql))
    kind = digests.kind_of(sql.if_null(one.sql, ""))
    is_one = sql.ne(kind, "")
    made = digests.written(sql.call("anyIf", kind, is_one), pair)
    return _if_any(sql.call("countIf", is_one), made)
