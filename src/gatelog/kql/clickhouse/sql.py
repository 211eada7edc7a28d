"""Small words for building ClickHouse SQL as a sqlglot tree.

Function names are ClickHouse's own and are written as given. Text of the query's author only ever becomes a
literal or a quoted identifier. Python strings and integers given as arguments become literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import TypeAlias

from sqlglot import exp

from gatelog.kql.clickhouse import nodes
from gatelog.kql.clickhouse.nodes import columns_read as columns_read

Sql: TypeAlias = exp.Expr
Argument: TypeAlias = "exp.Expr | str | int"

LOOSE = (exp.Binary, exp.In, exp.Not, exp.Is, exp.Between, exp.Lambda)
"""Nodes that need parentheses when they are an operand."""

SHORT = (exp.Column, exp.Literal, exp.Identifier)
"""Nodes that can be said as often as one likes."""

_PYTHON = (str, int)
"""What becomes a literal where an expression is expected."""

LIMIT = "limit: "
"""What the engine's error begins with where a query passes a limit of ours."""


def literal(value: str | int) -> Sql:
    """A string or integer literal."""
    if isinstance(value, str):
        return nodes.literal(value, True)
    magnitude = nodes.literal(str(abs(value)), False)
    return exp.Neg(this=magnitude) if value < 0 else magnitude


def fails_beyond(too_many: Sql, message: str) -> Sql:
    """0, or the end of the query: a limit of ours is passed."""
    return call("throwIf", too_many, LIMIT + message)


def call(function: str, *arguments: Argument) -> Sql:
    """`function(arguments)`."""
    return nodes.Call(function, [literal(one) if isinstance(one, _PYTHON) else one for one in arguments])


def parametric(function: str, parameters: Sequence[Argument], *arguments: Argument) -> Sql:
    """`function(parameters)(arguments)`, as in `quantile(0.5)(x)`."""
    return exp.ParameterizedAgg(
        this=function,
        expressions=[literal(one) if isinstance(one, _PYTHON) else one for one in parameters],
        params=[literal(one) if isinstance(one, _PYTHON) else one for one in arguments],
    )


def identifier(name: str) -> exp.Identifier:
    """A name, always quoted."""
    return nodes.identifier(name)


def column(name: str, table: str | None = None) -> Sql:
    """A reference to a column of the query in hand."""
    if table is None:
        return nodes.column(name)
    return exp.Column(this=identifier(name), table=identifier(table))


def stored(table: str, name: str) -> Sql:
    """The column of a table in FROM, which is none of the query's own: no alias hides it."""
    return nodes.Word(f"{nodes.identifier(table).written}.{nodes.identifier(name).written}")


def alias(node: Sql, name: str) -> Sql:
    """`node AS name`."""
    return nodes.make(exp.Alias, this=node, alias=identifier(name))


def null() -> Sql:
    """`NULL`."""
    return nodes.NULL


def boolean(value: bool) -> Sql:
    """`true` or `false`."""
    return nodes.TRUE if value else nodes.FALSE


def binary(kind: type[exp.Binary], left: Argument, right: Argument) -> Sql:
    """`left operator right`, with parentheses where an operand needs them."""
    return nodes.make(kind, this=_operand(left), expression=_operand(right))


def _operand(value: Argument) -> Sql:
    if isinstance(value, _PYTHON):
        return literal(value)
    return nodes.make(exp.Paren, this=value) if isinstance(value, LOOSE) else value


def eq(left: Argument, right: Argument) -> Sql:
    """`left = right`."""
    return binary(exp.EQ, left, right)


def ne(left: Argument, right: Argument) -> Sql:
    """`left <> right`."""
    return binary(exp.NEQ, left, right)


def plus(left: Argument, right: Argument) -> Sql:
    """`left + right`."""
    return binary(exp.Add, left, right)


def minus(left: Argument, right: Argument) -> Sql:
    """`left - right`."""
    return binary(exp.Sub, left, right)


def times(left: Argument, right: Argument) -> Sql:
    """`left * right`."""
    return binary(exp.Mul, left, right)


def over(left: Argument, right: Argument) -> Sql:
    """`left / right`: a real, whatever the operands."""
    return binary(exp.Div, left, right)


def less(left: Argument, right: Argument) -> Sql:
    """`left < right`."""
    return binary(exp.LT, left, right)


def greater(left: Argument, right: Argument) -> Sql:
    """`left > right`."""
    return binary(exp.GT, left, right)


def at_least(left: Argument, right: Argument) -> Sql:
    """`left >= right`."""
    return binary(exp.GTE, left, right)


def at_most(left: Argument, right: Argument) -> Sql:
    """`left <= right`."""
    return binary(exp.LTE, left, right)


def all_of(conditions: Iterable[Sql]) -> Sql:
    """`a AND b AND ...` of at least one condition."""
    return reduce(_and, (_in_parentheses(node, exp.Or) for node in conditions))


def _and(left: Sql, right: Sql) -> Sql:
    return nodes.make(exp.And, this=left, expression=right)


def _or(left: Sql, right: Sql) -> Sql:
    return nodes.make(exp.Or, this=left, expression=right)


def conjuncts(condition: Sql) -> list[Sql]:
    """The conditions that `condition` is the AND of, in order; itself if it is none."""
    found = []
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.And):
            waiting += [node.args["expression"], node.args["this"]]
        elif isinstance(node, exp.Paren) and isinstance(node.this, exp.And):
            waiting.append(node.this)
        else:
            found.append(node)
    return found


def _in_parentheses(node: Sql, kind: type[Sql]) -> Sql:
    """The node, in parentheses if it is of that kind."""
    return nodes.make(exp.Paren, this=node) if isinstance(node, kind) else node


def any_of(conditions: Iterable[Sql]) -> Sql:
    """`a OR b OR ...` of at least one condition."""
    return reduce(_or, (_in_parentheses(node, exp.And) for node in conditions))


def not_(condition: Sql) -> Sql:
    """`NOT condition`."""
    return nodes.make(exp.Not, this=_operand(condition))


def is_null(value: Sql) -> Sql:
    """`isNull(value)`."""
    return call("isNull", value)


def if_null(value: Sql, default: Argument) -> Sql:
    """`ifNull(value, default)`."""
    return call("ifNull", value, default)


def null_if(value: Sql, absent: Argument) -> Sql:
    """`nullIf(value, absent)`."""
    return call("nullIf", value, absent)


def if_(condition: Sql, then: Argument, otherwise: Argument) -> Sql:
    """`if(condition, then, otherwise)`: a condition that is NULL counts as false."""
    return call("if", condition, then, otherwise)


def divide_decimal(dividend: Sql, divisor: Sql, scale: int) -> Sql:
    """A quotient of decimals; NULL where the divisor is. The engine divides in rows that are NULL too: there,
    by one."""
    present = if_null(divisor, call("toDecimal256", 1, scale))
    return if_(is_null(divisor), null(), call("divideDecimal", dividend, present, scale))


def in_(value: Sql, items: Sequence[Sql]) -> Sql:
    """`value IN (items)`."""
    return nodes.make(exp.In, this=_operand(value), expressions=list(items))


def cast(value: Sql, clickhouse_type: str) -> Sql:
    """`CAST(value, 'type')`."""
    return call("CAST", value, clickhouse_type)


PARAMETER_MARK = "λ"
"""How the parameters of lambdas begin. No column begins so: a parameter would hide a column of its name."""


def lambda_(parameter: str, body: Sql) -> Sql:
    """`parameter -> body`; the body refers to the parameter with `variable`."""
    return nodes.make(exp.Lambda, this=body, expressions=[variable(parameter)])


def lambda_pair(first: str, second: str, body: Sql) -> Sql:
    """`(first, second) -> body`."""
    return nodes.make(exp.Lambda, this=body, expressions=[variable(first), variable(second)])


def lambda_of(parameters: Sequence[str], body: Sql) -> Sql:
    """`(parameter, ...) -> body`."""
    return nodes.make(exp.Lambda, this=body, expressions=[variable(name) for name in parameters])


def variable(name: str) -> Sql:
    """The parameter of a lambda; its name is ours, never the author's."""
    return identifier(PARAMETER_MARK + name)


def array(items: Sequence[Sql]) -> Sql:
    """`[items]`."""
    return call("array", *items)


def tuple_(items: Sequence[Sql]) -> Sql:
    """`tuple(items)`."""
    return call("tuple", *items)


def with_value(value: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of a value that is computed once, however often the body mentions it."""
    if isinstance(value, SHORT):
        return body(value)
    return computed_once(value, name, body)


def computed_once(value: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of a value under a name of its own, even where the value is short."""
    mapped = call("arrayMap", lambda_(name, body(variable(name))), array([value]))
    return call("arrayElement", mapped, 1)


def subquery(select: exp.Query) -> Sql:
    """`(SELECT ...)` as a value."""
    return nodes.make(exp.Subquery, this=select)
