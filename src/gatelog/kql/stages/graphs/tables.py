"""graph-to-table: the nodes or the edges of a graph as a table."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.functions import FUNCTIONS
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.stages.graphs.graph import Graph
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType


def bind_graph_to_table(stage: ast.GraphToTable, graph: Graph, scope: Scope) -> Relation:
    """The nodes or the edges, with the hashes of their ids where the author names columns for them."""
    part, *others = stage.tables
    if others:
        raise scope.context.error(
            stage, "two tables need names", "write nodes as N, edges as E, and end there"
        )
    ids = {"with_node_id": graph.node_id, "with_source_id": graph.source, "with_target_id": graph.target}
    given = {hint.name: hint.value for hint in part.parameters}
    table = graph.nodes if part.part == "nodes" else graph.edges
    for name in given:
        if (name == "with_node_id") is not (part.part == "nodes"):
            raise scope.context.error(part, f"{part.part} have no {name}")
    made = [_hashed(name, ids[key], scope) for key, name in given.items()]
    return Compute((*(one.field for one in made), *table.fields), table, tuple(made))


def _hashed(name: str, identity: Field, scope: Scope) -> Computed:
    value = FUNCTIONS["hash"].build([reference(identity)])
    return Computed(scope.context.field(name, KqlType.LONG, nullable=False), value.sql)
