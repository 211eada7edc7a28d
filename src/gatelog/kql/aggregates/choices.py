"""One of the values: the least, the largest, any, or the one at a share of them."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql import sql
from gatelog.kql.aggregates.function import Build, aggregate
from gatelog.kql.aggregates.numbers import nan, summable
from gatelog.kql.conversions import convert
from gatelog.kql.misfit import Misfit
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

REAL, DECIMAL, STRING, DYNAMIC = KqlType.REAL, KqlType.DECIMAL, KqlType.STRING, KqlType.DYNAMIC


def check_ordered(term: Term) -> None:
    """Refuses a value of which none is the largest."""
    if term.type is DYNAMIC:
        raise Misfit("a dynamic has no order", "convert it, for example with tolong()")
    if term.type is KqlType.GUID:
        raise Misfit("a guid has no order", "convert it with tostring()")


def extreme(function: str) -> Build:
    """The least or the largest; of reals NaN where one of them is."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = arguments[0]
        check_ordered(term)
        if term.type is STRING:
            return Term(STRING, aggregate(function, predicate, term.sql), nullable=False)
        found = aggregate(f"{function}OrNull", predicate, term.sql)
        if term.type is REAL:
            found = sql.if_(
                sql.greater(aggregate("sum", predicate, sql.call("isNaN", term.sql)), 0), nan(), found
            )
        return Term(term.type, found)

    return build


def any_value(arguments: Sequence[Term], predicate: Term | None) -> Term:
    """Some value, not null or empty where there is one that is neither."""
    term = arguments[0]
    if term.type is STRING:
        known = sql.ne(term.sql, "")
        wanted = known if predicate is None else sql.all_of([known, predicate.condition])
        return Term(STRING, sql.call("anyIf", term.sql, wanted), nullable=False)
    return Term(term.type, aggregate("anyOrNull", predicate, term.sql))


def percentile_of(arguments: Sequence[Term], _: Term | None) -> Term:
    """`percentile(x, rank)`, `percentilew(x, weight, rank)`."""
    *values, rank = arguments
    number = rank.constant.value if rank.constant is not None else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 100:
        raise Misfit("a percentile is a constant from 0 to 100")
    return percentile(values[0], float(number), *values[1:])


def percentile(value: Term, rank: float, weight: Term | None = None) -> Term:
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
        share = sql.call("ceil", sql.over(sql.times(count, sql.call("toFloat64", repr(rank))), 100))
        place = sql.call("greatest", sql.call("toInt64", share), 1)
        found = sql.call("arrayElement", values, place)
        return sql.if_(sql.eq(count, 0), sql.null(), found)

    values = sql.call("arraySort", sql.call("groupArray", term.sql))
    return Term(term.type, sql.with_value(values, "values", pick))


def _weighted_percentile(term: Term, rank: float, weight: Term) -> Sql:
    known = [sql.call("isNotNull", part.sql) for part in (term, weight)]
    pair = sql.tuple_([sql.call("assumeNotNull", part.sql) for part in (term, weight)])
    pairs = sql.call("arraySort", sql.call("groupArrayIf", pair, sql.all_of(known)))

    def pick(in_order: Sql) -> Sql:
        reached = sql.call(
            "arrayCumSum", sql.lambda_("pair", sql.call("tupleElement", sql.variable("pair"), 2)), in_order
        )
        return sql.with_value(reached, "reached", lambda sums: at_share(in_order, sums))

    def at_share(in_order: Sql, sums: Sql) -> Sql:
        share = sql.over(
            sql.times(sql.call("arrayElement", sums, -1), sql.call("toFloat64", repr(rank))), 100
        )
        enough = sql.lambda_("sum", sql.at_least(sql.variable("sum"), share))
        found = sql.call("arrayElement", in_order, sql.call("arrayFirstIndex", enough, sums))
        value = sql.call("tupleElement", found, 1)
        return sql.if_(sql.call("empty", in_order), sql.null(), value)

    return sql.with_value(pairs, "in_order", pick)
