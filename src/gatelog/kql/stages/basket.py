"""basket: the patterns that a good part of the rows has in common; see frequent_patterns.

MaxDimensions does not count items that depend on the others of their pattern: the uncorrelated dimensions.

Source: learn.microsoft.com/kusto/query/basket-plugin; the tables there and in anomaly-diagnosis show that a
pattern has all values that its rows share. Kusto samples the first values and leaves the order open; here all
rows are counted and the most frequent pattern comes first.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Filter, Relation, Sort, SortKey
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
from gatelog.kql.stages.pattern_arguments import (
    DEFAULT_DIMENSIONS,
    MOST_DIMENSIONS,
    cells_of,
    in_order,
    integer_of,
    number_of,
    weight_of,
    wildcards_of,
)
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

LEAST_SHARE = 0.001
"""Share of the rows that a pattern may be asked to have: with less, nearly any combination is one. Kusto
documents 0.015, published queries ask for 0.01."""

_DEFAULT_SHARE = 0.05


def basket(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:  # noqa: ARG001 # every plugin gets the stage
    """`basket([threshold, weight column, dimensions, wildcard, ...])`: `SegmentId`, `Count`, `Percent` and
    the columns of the input; '~' stands for a default."""
    given = in_order(call, scope)
    threshold, weight, dimensions = [*given, None, None, None][:3]
    share = number_of(threshold, "Threshold", _DEFAULT_SHARE, LEAST_SHARE, 1, scope)
    least = sql.call("toFloat64", repr(share))
    weights = weight_of(weight, call, relation, scope)
    attributes = [field for field in relation.fields if field is not weights]
    rows = relation if weights is None else _weighing(relation, weights)
    patterns = first_level(baskets_of(rows, attributes, weights, least, scope), scope)
    levels = integer_of(dimensions, "MaxDimensions", DEFAULT_DIMENSIONS, MOST_DIMENSIONS, scope)
    for level in range(2, min(levels, len(attributes)) + 1):
        patterns = next_level(patterns, level, least, scope)
    places = {field.name: place for place, field in enumerate(attributes)}
    return _answer(closed(patterns, scope), relation, places, wildcards_of(given[3:], scope), scope)


def _weighing(relation: Relation, weight: Field) -> Relation:
    """The rows that count for something."""
    return Filter(relation.fields, relation, sql.greater(column(weight), 0))


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
    order = exp.Order(expressions=[key.sql for key in keys])
    number = sql.minus(sql.call("toInt64", exp.Window(this=sql.call("row_number"), order=order)), 1)
    percent = formula("100 * support / total", support=support, total=column(patterns.total))
    segment = computed("SegmentId", number, scope, KqlType.LONG)
    count = computed("Count", sql.call("toInt64", sql.call("round", support)), scope, KqlType.LONG)
    share = computed("Percent", percent, scope, KqlType.REAL)

    def value(field: Field) -> tuple[Sql, Sql] | None:
        if field.name not in places:
            return None
        place = places[field.name]
        has = formula("arrayExists(item -> item.1 = place, items)", place=place, items=column(items))
        return has, column(patterns.values[place])

    names = Names(("SegmentId", "Count", "Percent"))
    cells = cells_of(relation.fields, value, wildcards, names, scope)
    ranked = extended(patterns.rows, segment, windowed=True)
    shown = (count, share, *cells)
    fields = (segment.field, *(one.field for one in shown))
    return Sort(fields, Compute(fields, ranked, shown), (SortKey(segment.field.sql_name, False, False),))
