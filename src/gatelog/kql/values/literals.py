"""Constants of the query as terms."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from gatelog.kql.ast import Literal, LiteralValue
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.nodes import LEAF_CHARACTERS_MAX, LEAVES_MAX
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Constant, Term, null_of
from gatelog.kql.types import DECIMAL_SCALE, INTEGERS, KqlType
from gatelog.kql.values import json_values

_TYPES = {kind.value: kind for kind in KqlType}


def literal_term(kql_type: KqlType, value: LiteralValue) -> Term:
    """A constant; `value` as in `ast.Literal`."""
    if value is None:
        return null_of(kql_type)
    if isinstance(value, int) or (isinstance(value, str) and len(value) <= LEAF_CHARACTERS_MAX):
        return _recurring(kql_type, value)
    return _constant(kql_type, value)


def _constant(kql_type: KqlType, value: LiteralValue) -> Term:
    return Term(kql_type, _literal_sql(kql_type, value), nullable=False, constant=Constant(value))


_recurring = lru_cache(LEAVES_MAX, typed=True)(_constant)
"""The terms of short texts and of whole numbers: most literals come again, in the query or in the next."""


def term_of(literal: Literal) -> Term:
    """A literal of the query's text."""
    return literal_term(_TYPES[literal.type], literal.value)


def string_term(text: str) -> Term:
    """A constant string."""
    return literal_term(KqlType.STRING, text)


def long_term(number: int) -> Term:
    """A constant long."""
    return literal_term(KqlType.LONG, number)


def bool_term(value: bool) -> Term:
    """A constant bool."""
    return literal_term(KqlType.BOOL, value)


def _literal_sql(kql_type: KqlType, value: LiteralValue) -> Sql:
    if kql_type is KqlType.STRING and isinstance(value, str):  # most of all
        return sql.literal(value)
    match kql_type, value:
        case KqlType.BOOL, bool():
            return sql.boolean(value)
        case KqlType.INT, int():
            return sql.call("toInt32", value)
        case ((KqlType.LONG | KqlType.TIMESPAN), int()):
            return sql.call("toInt64", value)
        case KqlType.REAL, (int() | float()):
            return _real_sql(float(value))
        case KqlType.DECIMAL, (Decimal() | int()):
            return sql.call(
                "toDecimal256", f"{value:f}" if isinstance(value, Decimal) else str(value), DECIMAL_SCALE
            )
        case KqlType.DATETIME, int():
            return ticks.datetime_literal(value)
        case KqlType.GUID, UUID():
            return sql.call("toUUID", str(value))
        case KqlType.DYNAMIC, (bool() | int() | float() | str() | list() | dict() | Literal()):
            return sql.literal(json_values.literal_text(value) or json_values.NULL_TEXT)
        case _:
            raise TypeError(f"{value!r} is no {kql_type}")


def _real_sql(value: float) -> Sql:
    return sql.call("toFloat64", repr(value) if math.isfinite(value) else str(value))


def bare(term: Term) -> Sql:
    """The SQL of a term beside a comparison: a plain number where it is a constant integer."""
    if term.constant is not None and term.type in INTEGERS and isinstance(term.constant.value, int):
        return sql.literal(term.constant.value)
    return term.sql


_INTS = range(-(2**31), 2**31)


def as_constant(term: Term, target: KqlType) -> Term | None:
    """A constant integer as a constant of another numeric type that holds it; None for anything else."""
    value = term.constant.value if term.constant is not None else None
    if term.type not in INTEGERS or not isinstance(value, int):
        return None
    if target is KqlType.LONG or (target is KqlType.INT and value in _INTS):
        return literal_term(target, value)
    if target is KqlType.REAL:
        return literal_term(target, float(value))
    if target is KqlType.DECIMAL:
        return literal_term(target, Decimal(value))
    return None
