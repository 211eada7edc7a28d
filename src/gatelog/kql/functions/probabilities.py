"""The error function and the beta distribution."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Argument, Sql
from gatelog.kql.functions.row import Function, Naming, simple
from gatelog.kql.types import KqlType

REAL = KqlType.REAL

_TERMS = 300
"""Terms of the continued fraction: enough for parameters up to some ten thousand."""
_TINY = "1e-300"
_HALVINGS = 60
"""Steps from 0..1 to a width below that of a real."""


_PARAMETER_MOST = 10_000
"""Beyond it Kusto has no share of the beta distribution; nor would the continued fraction end in time."""


def _real(value: Argument) -> Sql:
    return sql.call("toFloat64", value)


def _log_beta(alpha: Sql, beta: Sql) -> Sql:
    together = sql.call("lgamma", sql.plus(alpha, beta))
    return sql.minus(sql.plus(sql.call("lgamma", alpha), sql.call("lgamma", beta)), together)


def _valid(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    return sql.all_of([sql.at_least(x, 0), sql.at_most(x, 1), sql.greater(alpha, 0), sql.greater(beta, 0)])


def _density(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    """NaN also at 0 and 1, the borders."""
    powers = sql.plus(
        sql.times(sql.minus(alpha, 1), sql.call("log", x)),
        sql.times(sql.minus(beta, 1), sql.call("log", sql.minus(1, x))),
    )
    inside = sql.all_of([sql.greater(x, 0), sql.less(x, 1), sql.greater(alpha, 0), sql.greater(beta, 0)])
    return sql.if_(inside, sql.call("exp", sql.minus(powers, _log_beta(alpha, beta))), _real("nan"))


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


def _known_share(x: Sql, alpha: Sql, beta: Sql) -> Sql:
    known = sql.all_of([sql.at_most(alpha, _PARAMETER_MOST), sql.at_most(beta, _PARAMETER_MOST)])
    return sql.if_(known, _share(x, alpha, beta), _real("nan"))


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


def _inverse(probability: Sql, alpha: Sql, beta: Sql) -> Sql:
    """The x whose share is the probability, by halving 0 to 1."""
    state = sql.variable("bounds")
    low, high = (sql.call("tupleElement", state, place) for place in (1, 2))

    def halved(middle: Sql) -> Sql:
        below = sql.less(_share(middle, alpha, beta), probability)
        return sql.if_(below, sql.tuple_([middle, high]), sql.tuple_([low, middle]))

    step = sql.with_value(sql.over(sql.plus(low, high), 2), "middle", halved)
    start = sql.tuple_([_real(0), _real(1)])
    folded = sql.call(
        "arrayFold", sql.lambda_pair("bounds", "turn", step), sql.call("range", _HALVINGS), start
    )
    found = sql.call("tupleElement", folded, 1)
    shaped = sql.all_of([sql.greater(alpha, 0), sql.greater(beta, 0)])
    inside = sql.all_of([sql.greater(probability, 0), sql.at_most(probability, 1)])
    return sql.call(
        "multiIf",
        sql.not_(shaped),
        _real("nan"),
        sql.not_(inside),
        sql.null(),
        sql.eq(probability, 1),
        _real(1),
        found,
    )


_WELCH_T2 = "pow(mean1 - mean2, 2) / (variance1 / count1 + variance2 / count2)"
_WELCH_FREEDOM = """
pow(variance1 / count1 + variance2 / count2, 2) / (
    pow(variance1 / count1, 2) / (count1 - 1) + pow(variance2 / count2, 2) / (count2 - 1)
)
"""


def _welch(*arguments: Sql) -> Sql:
    """The two-sided p-value of Welch's t-test: the share of the beta distribution beyond t."""
    names = ("mean1", "variance1", "count1", "mean2", "variance2", "count2")
    known = sql.all_of([sql.call("isNotNull", argument) for argument in arguments])
    values = {
        name: sql.call("assumeNotNull", argument) for name, argument in zip(names, arguments, strict=True)
    }
    square, freedom = formula(_WELCH_T2, **values), formula(_WELCH_FREEDOM, **values)

    def beyond(free: Sql) -> Sql:
        x = sql.over(free, sql.plus(free, square))
        return _share(x, sql.over(free, 2), _real("0.5"))

    return sql.if_(known, sql.with_value(freedom, "freedom", beyond), sql.null())


PROBABILITIES: tuple[Function, ...] = (
    simple("erf", [REAL], REAL, lambda value: sql.call("erf", value), naming=Naming.FIRST),
    simple("erfc", [REAL], REAL, lambda value: sql.call("erfc", value), naming=Naming.FIRST),
    simple("beta_pdf", [REAL, REAL, REAL], REAL, _where_known(_density), may_fail=True),
    simple("beta_inv", [REAL, REAL, REAL], REAL, _where_known(_inverse), may_fail=True),
    simple("welch_test", [REAL] * 6, REAL, _welch, may_fail=True),
    simple("beta_cdf", [REAL, REAL, REAL], REAL, _where_known(_known_share), may_fail=True),
)
"""The rows of this table."""
