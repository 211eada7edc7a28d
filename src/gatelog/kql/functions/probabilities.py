"""The error function and the beta distribution."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql import sql
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.sql import Argument, Sql
from gatelog.kql.types import KqlType

REAL = KqlType.REAL

_TERMS = 300
"""Terms of the continued fraction: enough for parameters up to some ten thousand."""
_TINY = "1e-300"


def _real(value: Argument) -> Sql:
    return sql.call("toFloat64", value)


def _log_beta(alpha: Sql, beta: Sql) -> Sql:
    together = sql.call("lgamma", sql.plus(alpha, beta))
    return sql.minus(sql.plus(sql.call("lgamma", alpha), sql.call("lgamma", beta)), together)


def _valid(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    return sql.all_of([sql.at_least(x, 0), sql.at_most(x, 1), sql.greater(alpha, 0), sql.greater(beta, 0)])


def _density(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    powers = sql.plus(
        sql.times(sql.minus(alpha, 1), sql.call("log", x)),
        sql.times(sql.minus(beta, 1), sql.call("log", sql.minus(1, x))),
    )
    return sql.if_(
        _valid(x, alpha, beta), sql.call("exp", sql.minus(powers, _log_beta(alpha, beta))), _real("nan")
    )


def _where_known(build: Callable[[Sql, Sql, Sql], Sql]) -> Callable[..., Sql]:
    """NULL where an argument is. The engine folds those rows too: there, over numbers."""

    def apply(*arguments: Sql) -> Sql:
        known = sql.all_of([sql.call("isNotNull", argument) for argument in arguments])
        x, alpha, beta = (sql.call("assumeNotNull", argument) for argument in arguments)
        return sql.if_(known, build(x, alpha, beta), sql.null())

    return apply


def _share(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    """The regularised incomplete beta function: by its continued fraction on the side where that is quick,
    else as the rest of the other side (Numerical Recipes, 6.4)."""
    turning = sql.over(sql.plus(alpha, 1), sql.plus(sql.plus(alpha, beta), 2))
    rest = sql.minus(1, x)
    whole = sql.if_(sql.less(x, turning), _tail(x, alpha, beta), sql.minus(1, _tail(rest, beta, alpha)))
    inside = sql.call("multiIf", sql.eq(x, 0), _real(0), sql.eq(x, 1), _real(1), whole)
    return sql.if_(_valid(x, alpha, beta), inside, _real("nan"))


def _tail(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    powers = sql.plus(sql.times(alpha, sql.call("log", x)), sql.times(beta, sql.call("log", sql.minus(1, x))))
    front = sql.over(sql.call("exp", sql.minus(powers, _log_beta(alpha, beta))), alpha)
    return sql.over(front, _continued_fraction(x, alpha, beta))


def _not_zero(value: Sql) -> Sql:
    return sql.if_(sql.less(sql.call("abs", value), _real(_TINY)), _real(_TINY), value)


def _continued_fraction(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    """Lentz's method: the state is (c, d, value)."""
    state, term = sql.variable("state"), sql.variable("term")
    half = sql.call("intDiv", term, 2)
    double = sql.times(half, 2)
    even = sql.over(
        sql.times(sql.times(half, sql.minus(beta, half)), x),
        sql.times(sql.minus(sql.plus(alpha, double), 1), sql.plus(alpha, double)),
    )
    odd = sql.over(
        sql.times(
            sql.times(sql.plus(alpha, half), sql.plus(sql.plus(alpha, beta), half)), sql.call("negate", x)
        ),
        sql.times(sql.plus(alpha, double), sql.plus(sql.plus(alpha, double), 1)),
    )
    factor = sql.if_(sql.eq(sql.call("modulo", term, 2), 0), even, odd)
    c, d, value = (sql.call("tupleElement", state, place) for place in (1, 2, 3))
    next_c = _not_zero(sql.plus(1, sql.over(factor, c)))
    next_d = sql.over(1, _not_zero(sql.plus(1, sql.times(factor, d))))
    moved = sql.tuple_([next_c, next_d, sql.times(value, sql.times(next_c, next_d))])
    terms = sql.call("range", 1, _TERMS)
    start = sql.tuple_([_real(1), _real(0), _real(1)])
    folded = sql.call("arrayFold", sql.lambda_pair("state", "term", moved), terms, start)
    return sql.call("tupleElement", folded, 3)


PROBABILITIES: tuple[Function, ...] = (
    simple("erf", [REAL], REAL, lambda value: sql.call("erf", value)),
    simple("erfc", [REAL], REAL, lambda value: sql.call("erfc", value)),
    simple("beta_pdf", [REAL, REAL, REAL], REAL, _where_known(_density), may_fail=True),
    simple("beta_cdf", [REAL, REAL, REAL], REAL, _where_known(_share), may_fail=True),
)
"""The rows of this table."""
