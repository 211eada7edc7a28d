"""basket: the patterns that a good part of the rows has in common; see frequent_patterns.

MaxDimensions does not count items that depend on the others of their pattern: the uncorrelated dimensions.

Source: learn.microsoft.com/kusto/query/basket-plugin; the tables there and in anomaly-diagnosis show that a
pattern has all values that its rows share. Kusto samples the first values and leaves the order open; here all
rows are counted and the most frequent pattern comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from gatelog.kql import ast, sql
from gatelog.kql.expressions import bind
from gatelog.kql.formula import formula
from gatelog.kql.lower import ordered
from gatelog.kql.naming import Names
from gatelog.kql.relations import Compute, Filter, Relation, Sort, SortKey
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages.frequent_patterns import (
    Patterns,
    baskets_of,
    closed,
    column,
    computed,
    extended,
    first_level,
    next_level,
)
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field
from gatelog.kql.types import NUMBERS, KqlType, clickhouse_type

LEAST_SHARE = 0.001
"""Share of the rows that a pattern may be asked to have: with less, nearly any combination is one. Kusto
documents 0.015, published queries ask for 0.01."""

MOST_DIMENSIONS = 12
"""Levels: the statement has a subquery for each, and each may multiply the rows by the number of columns."""

_DEFAULT_SHARE, _DEFAULT_DIMENSIONS = 0.05, 5


def basket(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`basket([threshold, weight column, dimensions, wildcard, ...])`: `SegmentId`, `Count`, `Percent` and
    the columns of the input; '~' stands for a default."""
    for node in call.arguments:
        if isinstance(node, ast.NamedArgument):
            raise scope.context.error(node, "basket takes its arguments in order, without names")
    given = [None if _is_default(node) else node for node in call.arguments]
    share, weight, dimensions = [*given, None, None, None][:3]
    least = sql.call("toFloat64", repr(_share(share, scope)))
    weights = None if weight is None else _weight(weight, call, relation, scope)
    attributes = [field for field in relation.fields if field is not weights]
    rows = relation if weights is None else _weighing(relation, weights)
    patterns = first_level(baskets_of(rows, attributes, weights, least, scope), scope)
    for level in range(2, min(_dimensions(dimensions, scope), len(attributes)) + 1):
        patterns = next_level(patterns, level, least, scope)
    places = {field.name: place for place, field in enumerate(attributes)}
    return _answer(closed(patterns, scope), relation, places, _wildcards(given[3:], scope), scope)


def _is_default(node: ast.Expression) -> bool:
    return isinstance(node, ast.Literal) and node.value == "~"


def _constant(node: ast.Expression, parameter: str, scope: Scope) -> float:
    constant = bind(node, scope).constant
    if constant is None or isinstance(constant.value, bool) or not isinstance(constant.value, int | float):
        raise scope.context.error(node, f"{parameter} must be a constant number")
    return constant.value


def _share(node: ast.Expression | None, scope: Scope) -> float:
    share = _DEFAULT_SHARE if node is None else _constant(node, "Threshold", scope)
    if node is not None and not LEAST_SHARE <= share <= 1:
        raise scope.context.error(node, f"Threshold must be from {LEAST_SHARE} to 1")
    return share


def _dimensions(node: ast.Expression | None, scope: Scope) -> int:
    count = _DEFAULT_DIMENSIONS if node is None else _constant(node, "MaxDimensions", scope)
    if node is not None and not (isinstance(count, int) and 1 <= count <= MOST_DIMENSIONS):
        raise scope.context.error(node, f"MaxDimensions must be an integer from 1 to {MOST_DIMENSIONS}")
    return int(count)


def _weight(node: ast.Expression, call: ast.Call, relation: Relation, scope: Scope) -> Field:
    column = named_column(node, call, relation, scope)
    if column.type not in NUMBERS:
        raise scope.context.error(node, f"WeightColumn must be numeric, '{column.name}' is {column.type}")
    return column


def _weighing(relation: Relation, weight: Field) -> Relation:
    """The rows that count for something."""
    return Filter(relation.fields, relation, sql.greater(column(weight), 0))


def _wildcards(nodes: Sequence[ast.Expression | None], scope: Scope) -> Mapping[KqlType, Sql]:
    """What stands for any value, by the type of the column."""
    found: dict[KqlType, Sql] = {}
    for node in nodes:
        if node is not None:
            term = bind(node, scope)
            if term.type in found:
                raise scope.context.error(node, f"there is a CustomWildcard of type {term.type} already")
            found[term.type] = term.sql
    return found


def _answer(
    patterns: Patterns,
    relation: Relation,
    places: Mapping[str, int],
    wildcards: Mapping[KqlType, Sql],
    scope: Scope,
) -> Relation:
    """The columns of the answer, the most frequent pattern first, then by their items."""
    support, items = column(patterns.support), patterns.pattern
    keys = (SortKey(patterns.support.sql_name, True, False), SortKey(items.sql_name, False, False))
    order = exp.Order(expressions=[ordered(key) for key in keys])
    number = sql.minus(sql.call("toInt64", exp.Window(this=sql.call("row_number"), order=order)), 1)
    percent = formula("100 * support / total", support=support, total=column(patterns.total))
    segment = computed("SegmentId", number, scope, KqlType.LONG)
    count = computed("Count", sql.call("toInt64", sql.call("round", support)), scope, KqlType.LONG)
    share = computed("Percent", percent, scope, KqlType.REAL)
    cells = []
    names = Names(("SegmentId", "Count", "Percent"))
    for field in relation.fields:
        value = wildcards.get(field.type, _empty(field.type))
        if field.name in places:
            place = places[field.name]
            has = formula("arrayExists(item -> item.1 = place, items)", place=place, items=column(items))
            value = sql.if_(has, column(patterns.values[place]), value)
        cells.append(computed(names.add(field.name), value, scope, field.type))
    ranked = extended(patterns.rows, segment, windowed=True)
    shown = (count, share, *cells)
    fields = (segment.field, *(one.field for one in shown))
    return Sort(fields, Compute(fields, ranked, shown), (SortKey(segment.field.sql_name, False, False),))


def _empty(kql_type: KqlType) -> Sql:
    text = kql_type is KqlType.STRING
    return sql.literal("") if text else sql.cast(sql.null(), clickhouse_type(kql_type, nullable=True))
