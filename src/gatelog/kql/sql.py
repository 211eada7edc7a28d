"""Small words for building ClickHouse SQL as a sqlglot tree.

Function names are ClickHouse's own and are written as given. Text of the query's author only ever becomes a
literal or a quoted identifier. Python strings and integers given as arguments become literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from sqlglot import exp

from gatelog.kql import nodes

Sql: TypeAlias = exp.Expr
Argument: TypeAlias = "exp.Expr | str | int"

_LOOSE = (exp.Binary, exp.Not, exp.Is, exp.Between, exp.Lambda)
"""Nodes that need parentheses when they are an operand."""

_PYTHON = (str, int)
"""What becomes a literal where an expression is expected."""


def literal(value: str | int) -> Sql:
    """A string or integer literal."""
    if isinstance(value, str):
        return nodes.literal(value, True)
    magnitude = nodes.literal(str(abs(value)), False)
    return exp.Neg(this=magnitude) if value < 0 else magnitude


def _node(value: Argument) -> Sql:
    return literal(value) if isinstance(value, _PYTHON) else value


def call(function: str, *arguments: Argument) -> Sql:
    """`function(arguments)`."""
    return nodes.Call(function, [_node(argument) for argument in arguments])


def parametric(function: str, parameters: Sequence[Argument], *arguments: Argument) -> Sql:
    """`function(parameters)(arguments)`, as in `quantile(0.5)(x)`."""
    return exp.ParameterizedAgg(
        this=function, expressions=[_node(p) for p in parameters], params=[_node(a) for a in arguments]
    )


def identifier(name: str) -> exp.Identifier:
    """A name, always quoted."""
    return nodes.identifier(name)


def column(name: str, table: str | None = None) -> Sql:
    """A reference to a column of the query in hand."""
    if table is None:
        return nodes.column(name)
    return exp.Column(this=identifier(name), table=identifier(table))


def alias(node: Sql, name: str) -> Sql:
    """`node AS name`."""
    return exp.Alias(this=node, alias=identifier(name))


def null() -> Sql:
    """`NULL`."""
    return exp.Null()


def boolean(value: bool) -> Sql:
    """`true` or `false`."""
    return exp.Boolean(this=value)


def binary(kind: type[exp.Binary], left: Argument, right: Argument) -> Sql:
    """`left operator right`, with parentheses where an operand needs them."""
    return kind(this=_operand(left), expression=_operand(right))


def _operand(value: Argument) -> Sql:
    node = _node(value)
    return exp.Paren(this=node) if isinstance(node, _LOOSE) else node


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
    operands = (exp.Paren(this=node) if isinstance(node, exp.Or) else node for node in conditions)
    return reduce(lambda left, right: exp.And(this=left, expression=right), operands)


def any_of(conditions: Iterable[Sql]) -> Sql:
    """`a OR b OR ...` of at least one condition."""
    operands = (exp.Paren(this=node) if isinstance(node, exp.And) else node for node in conditions)
    return reduce(lambda left, right: exp.Or(this=left, expression=right), operands)


def not_(condition: Sql) -> Sql:
    """`NOT condition`."""
    return exp.Not(this=_operand(condition))


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


def divide_decimal(dividend: Sql, divisor: Sql, scale: int, *, divisor_scale: int) -> Sql:
    """A quotient; NULL where the divisor is. The engine divides in rows that are NULL too: there, by one."""
    present = if_null(divisor, call("toDecimal256", 1, divisor_scale))
    return if_(is_null(divisor), null(), call("divideDecimal", dividend, present, scale))


def in_(value: Sql, items: Sequence[Sql]) -> Sql:
    """`value IN (items)`."""
    return exp.In(this=_operand(value), expressions=list(items))


def cast(value: Sql, clickhouse_type: str) -> Sql:
    """`CAST(value, 'type')`."""
    return call("CAST", value, clickhouse_type)


PARAMETER_MARK = "λ"
"""How the parameters of lambdas begin. No column begins so: a parameter would hide a column of its name."""


def lambda_(parameter: str, body: Sql) -> Sql:
    """`parameter -> body`; the body refers to the parameter with `variable`."""
    return exp.Lambda(this=body, expressions=[variable(parameter)])


def lambda_pair(first: str, second: str, body: Sql) -> Sql:
    """`(first, second) -> body`."""
    return exp.Lambda(this=body, expressions=[variable(first), variable(second)])


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
    if isinstance(value, exp.Column | exp.Literal | exp.Identifier):
        return body(value)
    mapped = call("arrayMap", lambda_(name, body(variable(name))), array([value]))
    return call("arrayElement", mapped, 1)


def subquery(select: exp.Query) -> Sql:
    """`(SELECT ...)` as a value."""
    return exp.Subquery(this=select)


_CLOSED = (exp.Literal, exp.Identifier, exp.Query)
"""Nodes that read no column of the query in hand."""

_SILENT = frozenset((nodes.Literal, nodes.Identifier, exp.Null, str, bool, type(None)))
"""Kinds of parts without columns, most parts of all."""


def columns_read(node: Sql) -> frozenset[str]:
    """The names of all columns that an expression reads; a subquery in it reads its own.

    Expressions share parts: each part is visited once, and a call remembers what it was asked.
    """
    if isinstance(node, nodes.READERS):
        if node.reads is None:
            node.reads = _columns_below(node.args["expressions"])
        return node.reads
    return _columns_below([node])


def _columns_below(parts: Sequence[object]) -> frozenset[str]:
    names: set[str] = set()
    seen: set[int] = set()
    waiting = [*parts]
    while waiting:
        part = waiting.pop()
        if part.__class__ in _SILENT:
            continue
        if isinstance(part, nodes.READERS):
            if part.reads is not None:
                names |= part.reads
            elif id(part) not in seen:
                seen.add(id(part))
                waiting += part.args["expressions"]
        elif isinstance(part, exp.Column):
            names.add(part.name)
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, exp.Expr) and not isinstance(part, _CLOSED) and id(part) not in seen:
            seen.add(id(part))
            waiting += part.args.values()
    return frozenset(names)


def replaced(node: Sql, values: Mapping[str, Sql]) -> Sql:
    """The expression with columns replaced by their values."""
    if isinstance(node, exp.Column):
        return values.get(node.name, node)
    if isinstance(node, nodes.Call | nodes.Filled):
        return node.__class__(node.args["this"], [replaced(one, values) for one in node.args["expressions"]])
    if isinstance(node, _CLOSED):
        return node
    return node.__class__(**{key: _part_replaced(part, values) for key, part in node.args.items()})


def _part_replaced(part: object, values: Mapping[str, Sql]) -> object:
    if isinstance(part, list):
        return [_part_replaced(one, values) for one in part]
    return replaced(part, values) if isinstance(part, exp.Expr) else part
