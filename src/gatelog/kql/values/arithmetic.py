"""The operators + - * / % and unary minus: one row for each pair of operand types.

Integers wrap as Kusto's do, divide towards zero, and have a remainder that is never negative; division by
zero is null for integers and decimals and infinity for reals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import add, mul, sub

from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import DECIMAL_SCALE, INTEGERS, NUMBERS, KqlType, wider
from gatelog.kql.values.comparisons import conversion_hint
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.known_times import time_term
from gatelog.kql.values.literals import literal_term

DATETIME, TIMESPAN, LONG = KqlType.DATETIME, KqlType.TIMESPAN, KqlType.LONG
REAL, DECIMAL, DYNAMIC = KqlType.REAL, KqlType.DECIMAL, KqlType.DYNAMIC

Rule = Callable[[Term, Term], Term]


def arithmetic(operator: str, left: Term, right: Term) -> Term:
    """`left operator right`; raises Misfit when the types have no such operation."""
    if left.type is DYNAMIC and right.type is DYNAMIC and left.native is None and right.native is None:
        raise Misfit(
            f"'{operator}' has no meaning between two dynamics", "convert one, for example with tolong()"
        )
    left, right = _without_dynamic(operator, left, right), _without_dynamic(operator, right, left)
    if left.type in NUMBERS and right.type in NUMBERS:
        return _numeric(operator, left, right)
    rule = _TIME_RULES.get((operator, _family(left.type), _family(right.type)))
    if rule is None:
        raise Misfit(
            f"'{operator}' has no meaning between {left.type} and {right.type}", _hint(operator, left, right)
        )
    return _known_time(operator, left, right) or rule(left, right)


def _known_time(operator: str, left: Term, right: Term) -> Term | None:
    """What constant times make, so that it can stand where only a constant may."""
    made = _known(operator, left, right)
    if made is None or not {left.type, right.type} <= _COUNTED:
        return None
    kind = DATETIME if (left.type is DATETIME) is not (right.type is DATETIME) else TIMESPAN
    return time_term(kind, made)


def _hint(operator: str, left: Term, right: Term) -> str:
    if operator == "+" and KqlType.STRING in (left.type, right.type):
        return "join strings with strcat()"
    if operator in "+-" and left.type in (DATETIME, TIMESPAN):
        return "a length of time is written 2d, 3h or 10s"
    return conversion_hint(left.type, right.type)


def _without_dynamic(operator: str, term: Term, other: Term) -> Term:
    """A dynamic operand takes the type that the other operand asks for: real beside a number or a dynamic.

    Beside times only + and - do so: what is added to a datetime is a timespan, else it is the same as there.
    """
    if term.type is not DYNAMIC:
        return term
    if other.type in (DATETIME, TIMESPAN) and operator in ("+", "-"):
        return convert(term, TIMESPAN if operator == "+" else other.type)
    if term.native is not None and term.native.type in NUMBERS:
        return convert(term, term.native.type)
    if other.type in (DATETIME, TIMESPAN):
        return term
    return convert(term, LONG if other.type in INTEGERS else REAL)


def _family(kql_type: KqlType) -> str:
    return "number" if kql_type in NUMBERS else kql_type.value


def positive(term: Term) -> Term:
    """`+term`, which is the term where it can have a sign."""
    if term.type not in (*NUMBERS, TIMESPAN, DATETIME, DYNAMIC):
        raise Misfit(f"'+' has no meaning before a {term.type}")
    return term


def negated(term: Term) -> Term:
    """`-term`."""
    term = convert(term, REAL) if term.type is DYNAMIC else term
    if term.type not in (*NUMBERS, TIMESPAN):
        raise Misfit(f"'-' has no meaning before a {term.type}")
    target = LONG if term.type in INTEGERS else term.type
    if term.constant is not None and isinstance(term.constant.value, int | float):
        return literal_term(target, -term.constant.value)
    return _term(target, sql.call("negate", convert(term, target).sql), term)


def _term(kql_type: KqlType, node: Sql, *operands: Term, nullable: bool = False) -> Term:
    return Term(kql_type, node, nullable or any(operand.nullable for operand in operands))


def _numeric(operator: str, left: Term, right: Term) -> Term:
    kind = wider(wider(left.type, right.type), LONG)
    known = _known(operator, left, right) if kind is LONG else None
    if known is not None:
        return literal_term(LONG, known)
    return _NUMBER_RULES[kind][operator](convert(left, kind), convert(right, kind))


_FOLDED: Mapping[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}
_LONGS = range(-(2**63), 2**63)
_COUNTED = frozenset({DATETIME, TIMESPAN, *INTEGERS})
"""Types whose constants are integers."""


def _known(operator: str, left: Term, right: Term) -> int | None:
    """What two constant integers make, where that is a long: so it can stand where only a constant may."""
    fold = _FOLDED.get(operator)
    if fold is None or left.constant is None or right.constant is None:
        return None
    one, other = left.constant.value, right.constant.value
    if not isinstance(one, int) or not isinstance(other, int):
        return None
    made = fold(one, other)
    return made if made in _LONGS else None


def _infix(kind: KqlType, build: Callable[[Sql, Sql], Sql]) -> Rule:
    return lambda left, right: _term(kind, build(left.sql, right.sql), left, right)


def _divisor(right: Term) -> tuple[Sql, bool]:
    """A divisor that is never 0, and whether it may be NULL instead."""
    if right.constant is not None and right.constant.value not in (0, -1):
        return right.sql, False
    return sql.null_if(right.sql, _zero(right.type)), True


def _zero(kind: KqlType) -> Sql:
    return literal_term(kind, 0).sql


def _long_quotient(left: Term, right: Term) -> Term:
    constant = right.constant is not None and right.constant.value not in (0, -1)
    function = "intDiv" if constant else "intDivOrNull"
    return _term(LONG, sql.call(function, left.sql, right.sql), left, right, nullable=not constant)


def _long_remainder(left: Term, right: Term) -> Term:
    """Never below 0. ClickHouse does not divide by -1 and the least long: the one leaves nothing, the other
    all bits but the sign."""
    if right.constant is not None and right.constant.value not in (0, -1, -(2**63)):
        remainder = sql.call("toInt64", sql.call("positiveModulo", left.sql, right.sql))
        return _term(LONG, remainder, left, right)
    least = sql.call("toInt64", -(2**63))
    usable = sql.call(
        "multiIf",
        sql.in_(right.sql, [sql.literal(0), least]),
        sql.null(),
        sql.eq(right.sql, -1),
        1,
        right.sql,
    )
    remainder = sql.call("toInt64", sql.call("positiveModulo", left.sql, usable))
    bits = sql.call("bitAnd", left.sql, 2**63 - 1)
    return _term(LONG, sql.if_(sql.eq(right.sql, least), bits, remainder), left, right, nullable=True)


def _real_remainder(left: Term, right: Term) -> Term:
    return _term(REAL, sql.call("positiveModulo", left.sql, right.sql), left, right)


def _decimal_product(left: Term, right: Term) -> Term:
    return _term(DECIMAL, sql.call("multiplyDecimal", left.sql, right.sql, DECIMAL_SCALE), left, right)


def _decimal_quotient(left: Term, right: Term) -> Term:
    divisor, absent = _divisor(right)
    quotient = sql.divide_decimal(left.sql, divisor, DECIMAL_SCALE)
    return _term(DECIMAL, quotient, left, right, nullable=absent)


def _decimal_remainder(left: Term, right: Term) -> Term:
    divisor, absent = _divisor(right)
    remainder = sql.call("positiveModulo", left.sql, divisor)
    return _term(DECIMAL, sql.call("toDecimal256", remainder, DECIMAL_SCALE), left, right, nullable=absent)


_NUMBER_RULES: Mapping[KqlType, Mapping[str, Rule]] = {
    LONG: {
        "+": _infix(LONG, sql.plus),
        "-": _infix(LONG, sql.minus),
        "*": _infix(LONG, sql.times),
        "/": _long_quotient,
        "%": _long_remainder,
    },
    REAL: {
        "+": _infix(REAL, sql.plus),
        "-": _infix(REAL, sql.minus),
        "*": _infix(REAL, sql.times),
        "/": _infix(REAL, sql.over),
        "%": _real_remainder,
    },
    DECIMAL: {
        "+": _infix(DECIMAL, sql.plus),
        "-": _infix(DECIMAL, sql.minus),
        "*": _decimal_product,
        "/": _decimal_quotient,
        "%": _decimal_remainder,
    },
}


def _shift(build: Callable[[Sql, Sql], Sql]) -> Rule:
    """A datetime moved by a timespan."""

    def rule(left: Term, right: Term) -> Term:
        moment, span = (left, right) if left.type is DATETIME else (right, left)
        shifted = ticks.in_range(build(ticks.since_1970(moment.sql), span.sql))
        return _term(DATETIME, ticks.from_1970(shifted, nullable=True), left, right, nullable=True)

    return rule


def _distance(left: Term, right: Term) -> Term:
    return _term(TIMESPAN, sql.minus(ticks.since_1970(left.sql), ticks.since_1970(right.sql)), left, right)


def _scaled(left: Term, right: Term) -> Term:
    span, factor = (left, right) if left.type is TIMESPAN else (right, left)
    if factor.type in INTEGERS:
        return _term(TIMESPAN, sql.times(span.sql, convert(factor, LONG).sql), left, right)
    product = sql.times(sql.call("toFloat64", span.sql), convert(factor, REAL).sql)
    return _term(
        TIMESPAN,
        sql.call("accurateCastOrNull", sql.call("trunc", product), "Int64"),
        left,
        right,
        nullable=True,
    )


def _shrunk(left: Term, right: Term) -> Term:
    if right.type in INTEGERS:
        quotient = _long_quotient(left, convert(right, LONG))
        return Term(TIMESPAN, quotient.sql, quotient.nullable)
    quotient_sql = sql.over(sql.call("toFloat64", left.sql), convert(right, REAL).sql)
    whole = sql.call("accurateCastOrNull", sql.call("trunc", quotient_sql), "Int64")
    return _term(TIMESPAN, whole, left, right, nullable=True)


def _ratio(left: Term, right: Term) -> Term:
    return _term(
        REAL, sql.over(sql.call("toFloat64", left.sql), sql.call("toFloat64", right.sql)), left, right
    )


def _timespan_remainder(left: Term, right: Term) -> Term:
    remainder = _long_remainder(left, right)
    return Term(TIMESPAN, remainder.sql, remainder.nullable)


def _timespan_of_day(left: Term, right: Term) -> Term:
    ticks_left = Term(LONG, ticks.since_year_1(left.sql), left.nullable)
    return _timespan_remainder(ticks_left, right)


_TIME_RULES: Mapping[tuple[str, str, str], Rule] = {
    ("+", "datetime", "timespan"): _shift(sql.plus),
    ("+", "timespan", "datetime"): _shift(sql.plus),
    ("-", "datetime", "timespan"): _shift(sql.minus),
    ("-", "datetime", "datetime"): _distance,
    ("+", "timespan", "timespan"): _infix(TIMESPAN, sql.plus),
    ("-", "timespan", "timespan"): _infix(TIMESPAN, sql.minus),
    ("*", "timespan", "number"): _scaled,
    ("*", "number", "timespan"): _scaled,
    ("/", "timespan", "number"): _shrunk,
    ("/", "timespan", "timespan"): _ratio,
    ("%", "timespan", "timespan"): _timespan_remainder,
    ("%", "datetime", "timespan"): _timespan_of_day,
}
