"""graph-shortest-paths: of all matches between the same two nodes the shortest.

A walk back to where it began is longer than none at all: it is no shortest path, unless the pattern itself
begins and ends in one node.
"""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Filter, Relation
from gatelog.kql.stages.graphs.graph import Graph
from gatelog.kql.stages.graphs.match import Walk, parameter
from gatelog.kql.types import KqlType


def bind_graph_shortest_paths(stage: ast.GraphShortestPaths, graph: Graph, scope: Scope) -> Relation:
    """A row for each pair of ends that a path joins, or with output=all one for each path of that length."""
    output = parameter(stage.hints, "output", "any")
    if output not in {"any", "all"}:
        raise scope.context.error(stage, f"output is any or all, not '{output}'")
    if len(stage.patterns) != 1:
        raise scope.context.error(stage, "graph-shortest-paths takes one pattern")
    walk = Walk(stage, graph, scope)
    ends = walk.along(stage.patterns[0])
    if not any(isinstance(part, ast.PatternEdge) and part.low for part in stage.patterns[0].elements):
        raise scope.context.error(stage, "the pattern has no edge of variable length", "write -[e*1..5]->")
    length = Computed(scope.context.field("length", KqlType.LONG), reduce(sql.plus, walk.length))
    measured: Relation = Compute(walk.relation.fields, walk.relation, (length,))
    if not _is_circle(stage.patterns[0]):
        test = formula(
            "start <> end OR length = 0",
            start=sql.column(ends[0].sql_name),
            end=sql.column(ends[1].sql_name),
            length=sql.column(length.field.sql_name),
        )
        measured = Filter(measured.fields, measured, test)
    place = exp.Window(
        this=sql.call("rank" if output == "all" else "row_number"),
        partition_by=[sql.column(end.sql_name) for end in ends],
        order=exp.Order(expressions=[exp.Ordered(this=sql.column(length.field.sql_name))]),
    )
    ranked = Computed(scope.context.field("place", KqlType.LONG), place)
    rows = Compute(measured.fields, measured, (ranked,), windowed=True)
    walk.relation = Filter(rows.fields, rows, sql.eq(sql.column(ranked.field.sql_name), 1))
    return walk.projected(stage)


def _is_circle(pattern: ast.GraphPattern) -> bool:
    first, last = pattern.elements[0], pattern.elements[-1]
    return first.name is not None and first.name == last.name
