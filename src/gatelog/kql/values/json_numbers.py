"""Dynamic values beside integers: compared by what they are worth, so that 1.5 is no 1 and lies above it.

tolong() would take the fraction away first, and wrap or bound what is beyond the integers. A text in a
dynamic still counts as tolong() reads it.
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType
from gatelog.kql.values.conversions import convert, from_json
from gatelog.kql.values.integers import string_to_long
from gatelog.kql.values.literals import bare


def _integer_or_bool(json: Sql) -> Sql:
    words = sql.call("multiIf", sql.eq(json, "true"), 1, sql.eq(json, "false"), 0, sql.null())
    return sql.call("coalesce", sql.call("toInt64OrNull", json), words)


def _real(json: Sql) -> Sql:
    return sql.call("toFloat64OrNull", json)


def _whole_number(json: Sql) -> Sql:
    return sql.call("coalesce", _integer_or_bool(json), sql.call("accurateCastOrNull", _real(json), "Int64"))


_integer = from_json(string_to_long, _integer_or_bool)
whole_number = from_json(string_to_long, _whole_number)
"""The long that a dynamic is worth; NULL where it has a fraction or is beyond the longs."""


def subject_among(operand: Term, target: KqlType) -> Term:
    """What is looked for among values of a type: of a dynamic among integers the integer that it is worth."""
    if _is_json_beside(target, operand):
        return Term(KqlType.LONG, whole_number(operand.sql))
    return convert(operand, target)


def _is_json_beside(other: KqlType, term: Term) -> bool:
    """Whether a dynamic, read from its JSON, stands beside an integer."""
    return term.type is KqlType.DYNAMIC and term.native is None and other in INTEGERS


def compared_as_numbers(operation: Callable[[Sql, Sql], Sql], left: Term, right: Term) -> Sql | None:
    """The comparison of a dynamic with an integer, NULL where it is no number; None for any other pair."""
    if _is_json_beside(right.type, left):
        return _with_number(left.sql, lambda number: operation(number, bare(right)))
    if _is_json_beside(left.type, right):
        return _with_number(right.sql, lambda number: operation(bare(left), number))
    return None


def _with_number(json: Sql, test: Callable[[Sql], Sql]) -> Sql:
    """`test` of the number that a dynamic is, an integer or else a real."""
    return sql.with_value(json, "json", lambda one: sql.if_null(test(_integer(one)), test(_real(one))))
