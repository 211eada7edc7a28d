"""make-graph partitioned-by: a graph of its own for each value of a column that edges and nodes have.

The sub-query is bound once for each value, as that of `partition` by values, and the answers are united.
"""

from __future__ import annotations

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages.partition_values import PART, answers_by_value, part_of
from gatelog.kql.terms import Term


def bind_partitioned_graph(
    stage: ast.MakeGraph, by: ast.Name, query: ast.Pipeline, relation: Relation, scope: Scope
) -> Relation:
    """The rows that the sub-query makes of the graph of each value of `by`, all together."""

    def answer(value: Term) -> Relation:
        inner = scope.with_name(PART, part_of(relation, by, value, scope))
        nodes = []
        for place, node in enumerate(stage.nodes):
            name = own_name("nodes", str(place))
            inner = inner.with_name(name, part_of(scope.bind_table(node.table, scope), by, value, scope))
            nodes.append(replace(node, table=ast.Name(node.span, name)))
        graph = replace(stage, nodes=tuple(nodes), partitioned_by=None, subquery=None)
        pipeline = ast.Pipeline(stage.span, ast.Name(stage.span, PART), (graph, *query.operators))
        return scope.bind_table(pipeline, inner)

    return answers_by_value(by, relation, scope, answer)
