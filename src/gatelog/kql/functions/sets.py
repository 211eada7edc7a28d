"""Functions that take dynamic arrays together: set_union, array_concat and their relatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC = KqlType.DYNAMIC


def _concat(arguments: Sequence[Term]) -> Term:
    joined = sql.call("arrayConcat", *(json_values.elements(accept(a, DYNAMIC).sql) for a in arguments))
    return finished(DYNAMIC, json_values.array_text(joined), [])


def _set_function(name: str, build: Callable[[Sql, Sequence[Sql]], Sql]) -> Function:
    def build_term(arguments: Sequence[Term]) -> Term:
        first, *others = (json_values.elements(accept(argument, DYNAMIC).sql) for argument in arguments)
        return finished(DYNAMIC, json_values.array_text(build(first, others)), [])

    return Function(name, 2, 64, build_term)


def _union(first: Sql, others: Sequence[Sql]) -> Sql:
    return sql.call("arrayDistinct", sql.call("arrayConcat", first, *others))


def _intersection(first: Sql, others: Sequence[Sql]) -> Sql:
    return sql.call("arrayIntersect", first, *others)


def _difference(first: Sql, others: Sequence[Sql]) -> Sql:
    """By hash: to look for each element in the others takes hours with long arrays, and nothing ends it."""
    return sql.call("arrayExcept", sql.call("arrayDistinct", first), sql.call("arrayConcat", *others))


SETS: tuple[Function, ...] = (
    Function("array_concat", 1, 64, _concat),
    _set_function("set_union", _union),
    _set_function("set_intersect", _intersection),
    _set_function("set_difference", _difference),
)
"""The rows of this table."""
