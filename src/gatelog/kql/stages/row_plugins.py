"""rows_near: the rows around those that fulfil a condition. dcount_intersect: what sketches of distinct
values have in common, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.digests import size_of, state, union_of
from gatelog.kql.functions.row import accept
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import with_columns, with_windows
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import condition

LONG, DYNAMIC = KqlType.LONG, KqlType.DYNAMIC

MOST_SKETCHES = 8
"""Sketches that are intersected: the sizes of 255 unions are computed for that."""


def rows_near(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`rows_near(condition, rows [, rows_after])`: with every match the rows before and after it."""
    if not 2 <= len(call.arguments) <= 3:
        raise scope.context.error(stage, "rows_near takes a condition and one or two numbers of rows")
    if not relation.serialized:
        raise scope.context.error(stage, "rows_near needs rows in order", "put '| sort by ...' before it")
    row_scope = scope.over(relation)
    with scope.context.at(call):
        test = condition(bind(call.arguments[0], row_scope)).condition
    before, *rest = (_row_count(node, scope) for node in call.arguments[1:])
    after = rest[0] if rest else before
    match = sql.if_null(sql.call("toUInt8", test), 0)
    spec = exp.WindowSpec(
        kind="ROWS",
        start=sql.literal(after),
        start_side="PRECEDING",
        end=sql.literal(before),
        end_side="FOLLOWING",
    )
    rows = with_windows(relation, row_scope)
    order = exp.Order(expressions=[key.sql for key in rows.order]) if rows.order else None
    near = exp.Window(this=sql.call("max", match), order=order, spec=spec)
    made = Computed(scope.context.field("near", KqlType.BOOL), near)
    seen = Compute(relation.fields, rows, (made,), windowed=True)
    return Filter(relation.fields, seen, sql.eq(sql.column(made.field.sql_name), 1))


def _row_count(node: ast.Expression, scope: Scope) -> int:
    constant = bind(node, scope).constant
    if constant is None or not isinstance(constant.value, int) or constant.value < 0:
        raise scope.context.error(node, "the number of rows is a constant from 0")
    return constant.value


def dcount_intersect(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`dcount_intersect(h0, h1, ...)`: s0 counts h0, s1 what h0 and h1 share, s2 what all three."""
    if not 2 <= len(call.arguments) <= MOST_SKETCHES:
        raise scope.context.error(stage, f"dcount_intersect takes 2 to {MOST_SKETCHES} results of hll()")
    row_scope = scope.over(relation)
    with scope.context.at(call):
        sketches = [accept(bind(node, row_scope), DYNAMIC).sql for node in call.arguments]
    names = Names(field.name for field in relation.fields)
    made = [
        Computed(scope.context.field(names.add(f"s{place}"), LONG), _shared(sketches[: place + 1]))
        for place in range(len(sketches))
    ]
    return with_columns(relation, (*relation.fields, *(one.field for one in made)), made, row_scope)


def _shared(sketches: Sequence[Sql]) -> Sql:
    """The size of an intersection, from the sizes of unions (inclusion and exclusion)."""
    total = size_of(state(sketches[0])) if len(sketches) == 1 else sql.literal(0)
    if len(sketches) == 1:
        return total
    for count in range(1, len(sketches) + 1):
        for some in combinations(sketches, count):
            add = sql.plus if count % 2 else sql.minus
            total = add(total, size_of(union_of(some)))
    return sql.call("toInt64", sql.call("greatest", total, 0))
