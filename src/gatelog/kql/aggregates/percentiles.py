"""Percentiles: the value at a share of all, with and without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from gatelog.kql.aggregates.function import Build
from gatelog.kql.aggregates.numbers import summable
from gatelog.kql.ast import LiteralValue
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import computed_first
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

REAL, DECIMAL, DYNAMIC = KqlType.REAL, KqlType.DECIMAL, KqlType.DYNAMIC

MOST_PERCENTAGES = 64
"""Percentages of one call: as many as other functions take arguments."""

_NO_RANK = "a percentile is a constant from 0 to 100"


def percentile_of(arguments: Sequence[Term], _: Term | None) -> Term:
    """`percentile(x, rank)`, `percentilew(x, weight, rank)`."""
    *values, rank = arguments
    shares = [share for _, share in percentages([rank])]
    if len(shares) != 1:
        raise Misfit(_NO_RANK)
    return percentile(values[0], shares[0], *values[1:])


def percentile_array(*, weighted: bool) -> Build:
    """`percentiles_array(x, rank, ...)`, `percentilesw_array(x, weight, rank, ...)`."""

    def build(arguments: Sequence[Term], _: Term | None) -> Term:
        values, ranks = arguments[: 1 + weighted], arguments[1 + weighted :]

        def text(share: Sql) -> Sql:
            found = percentile(values[0], share, *values[1:])
            return sql.if_null(convert(found, DYNAMIC).sql, json_values.NULL_TEXT)

        texts = [_texts(rank, text) for rank in ranks]
        return Term(DYNAMIC, json_values.array_text(sql.call("arrayConcat", *texts)), nullable=False)

    return build


def _texts(rank: Term, text: Callable[[Sql], Sql]) -> Sql:
    """The JSON texts of a percentage, or of all in an array, one that is computed included."""
    if rank.constant is not None or rank.type is not DYNAMIC:
        shares = [share for _, share in percentages([rank])]
        if not shares:
            raise Misfit("a list of percentages has at least one")
        return sql.array([text(share) for share in shares])
    if sql.columns_read(rank.sql):
        raise Misfit(_NO_RANK)
    numbers = formula("arrayMap(item -> toFloat64OrNull(item), items)", items=json_values.elements(rank.sql))
    known = computed_first("arrayAll(item -> ifNull(item >= 0 AND item <= 100, 0), value)", numbers, _NO_RANK)
    found = sql.lambda_("share", text(sql.call("assumeNotNull", sql.variable("share"))))
    return sql.call("arrayMap", found, known)


def percentages(ranks: Sequence[Term]) -> Iterator[tuple[str, Sql]]:
    """Each percentage as a part of a column's name, and as it is; of one that is computed the name has
    nothing. An array has several."""
    for rank in ranks:
        if rank.constant is None:
            yield "", _computed(rank)
            continue
        value = rank.constant.value
        for number in value if isinstance(value, list) else [value]:
            yield str(number).removesuffix(".0").replace(".", "_"), _constant(number)


def _constant(number: LiteralValue) -> Sql:
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal) or not 0 <= number <= 100:
        raise Misfit(_NO_RANK)
    return sql.call("toFloat64", repr(float(number)))


def _computed(rank: Term) -> Sql:
    """What the engine computes before there are rows."""
    if rank.type not in NUMBERS or sql.columns_read(rank.sql):
        raise Misfit(_NO_RANK)
    number = sql.if_null(convert(rank, REAL).sql, -1)
    return computed_first("value >= 0 AND value <= 100", number, _NO_RANK)


def percentile(value: Term, rank: Sql, weight: Term | None = None) -> Term:
    """The smallest value that at least `rank` percent of the values do not exceed; null over no rows.

    With a weight a value counts that many times.
    """
    term = summable(convert(value, REAL) if value.type is DYNAMIC else value)
    if term.type is DECIMAL:
        term = convert(term, REAL)
    if weight is not None:
        return Term(term.type, _weighted_percentile(term, rank, convert(summable(weight), REAL)))

    def pick(values: Sql) -> Sql:
        count = sql.call("length", values)
        share = sql.call("ceil", sql.over(sql.times(count, rank), 100))
        place = sql.call("greatest", sql.call("toInt64", share), 1)
        found = sql.call("arrayElement", values, place)
        return sql.if_(sql.eq(count, 0), sql.null(), found)

    values = sql.call("arraySort", sql.call("groupArray", term.sql))
    return Term(term.type, sql.with_value(values, "values", pick))


def _weighted_percentile(term: Term, rank: Sql, weight: Term) -> Sql:
    known = [sql.call("isNotNull", part.sql) for part in (term, weight)]
    counted = sql.all_of([*known, sql.greater(weight.sql, 0)])
    pair = sql.tuple_([sql.call("assumeNotNull", part.sql) for part in (term, weight)])
    pairs = sql.call("arraySort", sql.call("groupArrayIf", pair, counted))

    def pick(in_order: Sql) -> Sql:
        reached = sql.call(
            "arrayCumSum", sql.lambda_("pair", sql.call("tupleElement", sql.variable("pair"), 2)), in_order
        )
        return sql.with_value(reached, "reached", lambda sums: at_share(in_order, sums))

    def at_share(in_order: Sql, sums: Sql) -> Sql:
        share = sql.over(sql.times(sql.call("arrayElement", sums, -1), rank), 100)
        enough = sql.lambda_("sum", sql.at_least(sql.variable("sum"), share))
        found = sql.call("arrayElement", in_order, sql.call("arrayFirstIndex", enough, sums))
        value = sql.call("tupleElement", found, 1)
        return sql.if_(sql.call("empty", in_order), sql.null(), value)

    return sql.with_value(pairs, "in_order", pick)
