"""One of the values: the least, the largest, any, or the one at a share of them."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.aggregates.function import Build, aggregate
from gatelog.kql.aggregates.numbers import nan
from gatelog.kql.clickhouse import sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

REAL, DECIMAL, STRING, DYNAMIC = KqlType.REAL, KqlType.DECIMAL, KqlType.STRING, KqlType.DYNAMIC

_NO_RANK = "a percentile is a constant from 0 to 100"


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
