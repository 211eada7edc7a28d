"""The operators on graphs: make-graph, and what may follow it.

graph        a graph between its operators, and how it is kept in SQL
make         make-graph, graph-where-nodes, graph-where-edges
partitioned  make-graph partitioned-by
match        graph-match
paths        all paths of some lengths from a node
elements     what the variables of a pattern mean in an expression
spread       expressions on edges of variable length, said of each edge
whole        nodes and edges that stand for themselves
shortest     graph-shortest-paths
components   graph-mark-components
tables       graph-to-table
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages.graphs.components import bind_graph_mark_components
from gatelog.kql.stages.graphs.graph import Graph
from gatelog.kql.stages.graphs.make import bind_one_graph, bind_where_edges, bind_where_nodes
from gatelog.kql.stages.graphs.match import bind_graph_match
from gatelog.kql.stages.graphs.partitioned import bind_partitioned_graph
from gatelog.kql.stages.graphs.shortest import bind_graph_shortest_paths
from gatelog.kql.stages.graphs.tables import bind_graph_to_table

GraphStage: TypeAlias = Callable[[Any, Graph, Scope], Relation]

_OF_GRAPHS: Mapping[type[ast.Operator], GraphStage] = {
    ast.GraphMatch: bind_graph_match,
    ast.GraphShortestPaths: bind_graph_shortest_paths,
    ast.GraphToTable: bind_graph_to_table,
    ast.GraphMarkComponents: bind_graph_mark_components,
    ast.GraphWhereNodes: bind_where_nodes,
    ast.GraphWhereEdges: bind_where_edges,
}


def bind_make_graph(stage: ast.MakeGraph, relation: Relation, scope: Scope) -> Relation:
    """A graph; with partitioned-by the table that its sub-query makes of many."""
    if stage.partitioned_by is not None and stage.subquery is not None:
        return bind_partitioned_graph(stage, stage.partitioned_by, stage.subquery, relation, scope)
    return bind_one_graph(stage, relation, scope)


def bind_of_graph(stage: ast.Operator, relation: Relation, scope: Scope) -> Relation:
    """An operator that takes a graph."""
    if not isinstance(relation, Graph):
        raise scope.context.error(stage, "this operator takes a graph", "put make-graph before it")
    return _OF_GRAPHS[type(stage)](stage, relation, scope)


GRAPH_OPERATORS = frozenset(_OF_GRAPHS)
"""The operators that take a graph."""

__all__ = ["GRAPH_OPERATORS", "Graph", "bind_make_graph", "bind_of_graph"]
