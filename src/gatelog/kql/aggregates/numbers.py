"""Counts, sums, averages, deviations, bits."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.aggregates.function import Build, aggregate
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import CLICKHOUSE_TYPES, DECIMAL_DIGITS, DECIMAL_SCALE, INTEGERS, NUMBERS, KqlType
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import literal_term

LONG, REAL, DECIMAL = KqlType.LONG, KqlType.REAL, KqlType.DECIMAL
DATETIME, TIMESPAN = KqlType.DATETIME, KqlType.TIMESPAN


def count(_: Sequence[Term], predicate: Term | None) -> Term:
    """The rows."""
    return Term(LONG, sql.call("toInt64", aggregate("count", predicate)), nullable=False)


def distinct_count(function: str) -> Build:
    """The distinct values but null; 0 where there are none, for which the engine's estimate is null."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        check_accuracy(arguments[1:])
        found = sql.if_null(aggregate(function, predicate, _told_apart(arguments[0])), 0)
        return Term(LONG, sql.call("toInt64", found), nullable=False)

    return build


MOST_ACCURATE = 4
"""How near to the count an estimate may be asked to be: Kusto's levels, of which the engine has one."""


def check_accuracy(rest: Sequence[Term]) -> None:
    """Refuses what is no level of accuracy behind the value that is counted."""
    for term in rest:
        level = term.constant.value if term.constant is not None else None
        if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level <= MOST_ACCURATE:
            raise Misfit(f"the accuracy is a constant from 0 to {MOST_ACCURATE}")


def _told_apart(value: Term) -> Sql:
    """The value, in a form that the estimate counts well: of a guid it looks only at one half xor the other,
    which 1111... and 2222... share."""
    if value.type is not KqlType.GUID:
        return value.sql
    return sql.if_(sql.is_null(value.sql), sql.null(), sql.call("sipHash64", value.sql))


def summable(term: Term) -> Term:
    """A value that can be added up, integers as long; refuses any other."""
    if term.type in INTEGERS:
        return convert(term, LONG)
    if term.type not in (*NUMBERS, TIMESPAN, DATETIME):
        raise Misfit(f"a {term.type} cannot be added up", "convert it, for example with tolong()")
    return term


def total(arguments: Sequence[Term], predicate: Term | None) -> Term:
    """The sum; 0 of nothing."""
    term = summable(arguments[0])
    if term.type is DATETIME:
        raise Misfit("datetimes cannot be added up")
    if term.whole is not None:
        return Term(
            DECIMAL,
            sql.call("toDecimal256", _exact_sum(term.whole, predicate), DECIMAL_SCALE),
            nullable=False,
        )
    added = aggregate("sum", predicate, term.sql)
    if term.type is DECIMAL:
        added = _within_decimals(added, term, predicate)
    zero = literal_term(term.type, 0).sql
    return Term(term.type, sql.if_null(added, zero) if term.nullable else added, nullable=False)


_DECIMAL_SUM_MAX = f"5.7e{DECIMAL_DIGITS}"
"""A little less than what 256 bits hold."""


def _within_decimals(added: Sql, term: Term, predicate: Term | None) -> Sql:
    """A sum of decimals, which the engine would let wrap."""
    size = sql.call("abs", aggregate("sum", predicate, sql.call("toFloat64", term.sql)))
    beyond = sql.greater(sql.if_null(size, 0), sql.call("toFloat64", _DECIMAL_SUM_MAX))
    kept = sql.eq(sql.fails_beyond(beyond, f"a sum of decimals is at most {_DECIMAL_SUM_MAX}"), 0)
    return sql.if_(kept, added, added)


def _exact_sum(term: Term, predicate: Term | None) -> Sql:
    """The sum of integers in 128 bits: it cannot wrap."""
    added = aggregate("sum", predicate, sql.call("toInt128", term.sql))
    return sql.if_null(added, 0) if term.nullable else added


def _not_null_count(term: Term, predicate: Term | None) -> Sql:
    return aggregate("count", predicate, term.sql)


def average(arguments: Sequence[Term], predicate: Term | None) -> Term:
    """The mean; NaN of nothing, where the type has one."""
    term = summable(arguments[0])
    if term.type is DECIMAL:
        return _decimal_average(term, predicate)
    if term.type in (TIMESPAN, DATETIME):
        return _time_average(term, predicate)
    exact = sql.call("toInt128", term.sql) if arguments[0].type is LONG else term.sql  # 64 bits would wrap
    mean = aggregate("avg", predicate, exact)
    return Term(REAL, sql.if_null(mean, nan()) if term.nullable else mean, nullable=False)


def _decimal_average(term: Term, predicate: Term | None) -> Term:
    """Of the decimals' digits as one number: the engine divides decimals digit by digit."""
    added = sql.call("reinterpretAsInt256", total([term], predicate).sql)
    known = sql.call("toInt256", _known(term.whole or term, predicate))
    mean = sql.call("intDiv", added, known)
    return Term(DECIMAL, sql.call("reinterpret", mean, CLICKHOUSE_TYPES[DECIMAL]))


def _time_average(term: Term, predicate: Term | None) -> Term:
    value = ticks.since_1970(term.sql) if term.type is DATETIME else term.sql
    added = aggregate("sum", predicate, sql.call("toInt128", value))
    mean = sql.call("intDiv", added, sql.call("toInt128", _known(term, predicate)))
    node = sql.call("toInt64", mean)
    return Term(term.type, ticks.from_1970(node, nullable=True) if term.type is DATETIME else node)


def _known(term: Term, predicate: Term | None) -> Sql:
    """How many values a mean is of; null where there are none."""
    return sql.null_if(_not_null_count(term, predicate), 0)


def nan() -> Sql:
    """The real that is no number."""
    return sql.call("toFloat64", "nan")


def spread(function: str, *, sample: bool) -> Build:
    """Standard deviation or variance; 0 for fewer values than the estimate needs, NaN where one of them is
    NaN or infinite."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = convert(summable(arguments[0]), REAL)
        count = _not_null_count(term, predicate)
        finite = sql.call("isFinite", aggregate("sum", predicate, term.sql))
        found = sql.if_(finite, aggregate(function, predicate, term.sql), nan())
        return _if_enough(count, found, sample=sample)

    return build


def covariance(function: str, *, sample: bool) -> Build:
    """Of two columns, over the rows where both are known; 0 where there are too few."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        one, other = (convert(summable(argument), REAL) for argument in arguments)
        count = aggregate("count", predicate, sql.plus(one.sql, other.sql))
        return _if_enough(count, aggregate(function, predicate, one.sql, other.sql), sample=sample)

    return build


def _if_enough(count: Sql, found: Sql, *, sample: bool) -> Term:
    """What is found of so many values; 0 where the estimate needs more."""
    zero = sql.call("toFloat64", 0)
    enough = sql.greater(count, 1 if sample else 0)
    return Term(REAL, sql.if_null(sql.if_(enough, found, zero), zero), nullable=False)


def bits(function: str) -> Build:
    """The integers, combined bit by bit."""

    def build(arguments: Sequence[Term], predicate: Term | None) -> Term:
        term = arguments[0]
        if term.type not in INTEGERS:
            raise Misfit("bits can be combined of integers only", "convert it with tolong()")
        return Term(term.type, aggregate(function, predicate, term.sql), term.nullable)

    return build
