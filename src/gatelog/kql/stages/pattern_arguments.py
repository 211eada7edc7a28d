"""What basket, autocluster and diffpatterns share: their arguments, and the columns of their patterns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Computed, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.frequent_patterns import computed
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field
from gatelog.kql.types import NUMBERS, KqlType, clickhouse_type

MOST_DIMENSIONS = 12
"""Levels: the statement has a subquery for each, and each may multiply the rows by the number of columns."""

DEFAULT_DIMENSIONS = 5


def in_order(call: ast.Call, scope: Scope) -> list[ast.Expression | None]:
    """The arguments, which have no names; None for '~', which stands for a default."""
    for node in call.arguments:
        if isinstance(node, ast.NamedArgument):
            raise scope.context.error(node, f"{call.function} takes its arguments in order, without names")
    return [None if _is_default(node) else node for node in call.arguments]


def _is_default(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and node.value == "~"


def number_of(
    node: ast.Expression | None, parameter: str, default: float, least: float, most: float, scope: Scope
) -> float:
    """The value of an argument that must be a constant number in these bounds."""
    if node is None:
        return default
    number = _constant(node, parameter, scope)
    if not least <= number <= most:
        raise scope.context.error(node, f"{parameter} must be from {least} to {most}")
    return number


def integer_of(node: ast.Expression | None, parameter: str, default: int, most: int, scope: Scope) -> int:
    """The value of an argument that must be a constant integer from 1 to `most`."""
    number = default if node is None else _constant(node, parameter, scope)
    if node is not None and not (isinstance(number, int) and 1 <= number <= most):
        raise scope.context.error(node, f"{parameter} must be an integer from 1 to {most}")
    return int(number)


def _constant(node: ast.Expression, parameter: str, scope: Scope) -> float:
    constant = bind(node, scope).constant
    if constant is None or isinstance(constant.value, bool) or not isinstance(constant.value, int | float):
        raise scope.context.error(node, f"{parameter} must be a constant number")
    return constant.value


def weight_of(node: ast.Expression | None, call: ast.Call, relation: Relation, scope: Scope) -> Field | None:
    """The column that says how often a row counts."""
    if node is None:
        return None
    column = named_column(node, call, relation, scope)
    if column.type not in NUMBERS:
        raise scope.context.error(node, f"WeightColumn must be numeric, '{column.name}' is {column.type}")
    return column


def wildcards_of(nodes: Sequence[ast.Expression | None], scope: Scope) -> Mapping[KqlType, Sql]:
    """What stands for any value, by the type of the column."""
    found: dict[KqlType, Sql] = {}
    for node in nodes:
        if node is not None:
            term = bind(node, scope)
            if term.type in found:
                raise scope.context.error(node, f"there is a CustomWildcard of type {term.type} already")
            found[term.type] = term.sql
    return found


def cells_of(
    fields: Sequence[Field],
    value: Callable[[Field], tuple[Sql, Sql] | None],
    wildcards: Mapping[KqlType, Sql],
    names: Names,
    scope: Scope,
) -> list[Computed]:
    """The columns of an answer that are those of the input: where a pattern has a value of one, that value,
    else a wildcard. `value` gives the condition and the value, None for a column that no pattern has."""
    cells = []
    for field in fields:
        cell = wildcards.get(field.type, _empty(field.type))
        found = value(field)
        if found is not None:
            cell = sql.if_(*found, cell)
        cells.append(computed(names.add(field.name), cell, scope, field.type))
    return cells


def _empty(kql_type: KqlType) -> Sql:
    text = kql_type is KqlType.STRING
    return sql.literal("") if text else sql.cast(sql.null(), clickhouse_type(kql_type, nullable=True))
