"""Functions that choose and test: iff, case, coalesce, isnull, isempty, not."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, aliases, finished
from gatelog.kql.misfit import Misfit
from gatelog.kql.terms import Term
from gatelog.kql.types import INTEGERS, KqlType, common_type
from gatelog.kql.values.arithmetic import arithmetic
from gatelog.kql.values.comparisons import between, condition, opposite
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import bool_term

BOOL, STRING, DYNAMIC = KqlType.BOOL, KqlType.STRING, KqlType.DYNAMIC


def _alike(terms: Sequence[Term]) -> list[Term]:
    """The branches of a choice in their common type, dynamic where they have none; a dynamic takes that of
    the others, if they have one."""
    kinds = [term.type for term in terms]
    plain = [kind for kind in kinds if kind is not DYNAMIC]
    target = common_type(plain or kinds) or DYNAMIC
    return [convert(term, target) for term in terms]


def _iff(arguments: Sequence[Term]) -> Term:
    test = condition(arguments[0])
    then, otherwise = _alike(arguments[1:])
    node = sql.if_(test.condition, then.sql, otherwise.sql)
    return _chosen(node, [then, otherwise])


def _chosen(node: Sql, branches: Sequence[Term]) -> Term:
    nullable = any(branch.nullable for branch in branches)
    return Term(branches[0].type, node, nullable)


def _case(arguments: Sequence[Term]) -> Term:
    if len(arguments) % 2 == 0:
        raise Misfit("case() needs pairs of condition and value, and a last value for all else")
    tests = [condition(test) for test in arguments[0:-1:2]]
    values = _alike([*arguments[1::2], arguments[-1]])
    pairs = [node for test, value in zip(tests, values, strict=False) for node in (test.condition, value.sql)]
    return _chosen(sql.call("multiIf", *pairs, values[-1].sql), values)


def _coalesce(arguments: Sequence[Term]) -> Term:
    """The first that is not null. Unlike iff(), it does not mix whole numbers and others."""
    kinds = dict.fromkeys(argument.type for argument in arguments)
    if len(kinds) > 1 and not set(kinds) <= set(INTEGERS):
        raise Misfit(f"the arguments have different types: {', '.join(kinds)}", "convert them to one type")
    terms = _alike(arguments)
    if terms[0].type is STRING:
        node = sql.call("coalesce", *(sql.null_if(term.sql, "") for term in terms), "")
        return finished(STRING, node, terms)
    nullable = all(term.nullable for term in terms)
    return Term(terms[0].type, sql.call("coalesce", *(term.sql for term in terms)), nullable)


def is_null(arguments: Sequence[Term]) -> Term:
    """`isnull(x)`: never of a string."""
    term = arguments[0]
    if not term.nullable:
        return bool_term(False)
    return Term(BOOL, sql.is_null(term.sql), nullable=False)


def _is_not_null(arguments: Sequence[Term]) -> Term:
    term = arguments[0]
    if not term.nullable:
        return bool_term(True)
    return Term(BOOL, sql.call("isNotNull", term.sql), nullable=False)


def _is_empty(arguments: Sequence[Term]) -> Term:
    """`isempty(x)`: an empty string; null of any other type."""
    term = arguments[0]
    if term.type not in (STRING, DYNAMIC):
        return is_null(arguments)
    return Term(BOOL, sql.eq(convert(term, STRING).sql, ""), nullable=False)


def _is_not_empty(arguments: Sequence[Term]) -> Term:
    term = arguments[0]
    if term.type not in (STRING, DYNAMIC):
        return _is_not_null(arguments)
    return Term(BOOL, sql.ne(convert(term, STRING).sql, ""), nullable=False)


def _not(arguments: Sequence[Term]) -> Term:
    return opposite(arguments[0])


def _around(arguments: Sequence[Term]) -> Term:
    """Whether a value is within a distance of another; null when one is null."""
    value, center, delta = arguments
    inside = between(value, arithmetic("-", center, delta), arithmetic("+", center, delta))
    known = sql.all_of([sql.call("isNotNull", argument.sql) for argument in arguments])
    return Term(BOOL, sql.if_(known, inside.sql, sql.null()))


CONDITIONS: tuple[Function, ...] = (
    *aliases(Function("iff", 3, 3, _iff), "iif"),
    Function("case", 3, None, _case),
    Function("coalesce", 2, 64, _coalesce),
    Function("not", 1, 1, _not),
    Function("around", 3, 3, _around),
    *aliases(Function("isnull", 1, 1, is_null)),
    *aliases(Function("isnotnull", 1, 1, _is_not_null), "notnull"),
    Function("isempty", 1, 1, _is_empty),
    *aliases(Function("isnotempty", 1, 1, _is_not_empty), "notempty"),
)
"""The rows of this table."""
