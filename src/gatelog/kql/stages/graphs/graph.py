"""A graph between make-graph and the operator that makes a table of it again, and how it is kept in SQL.

make-graph                            two tables: nodes (a row for each id), edges (from, to: ids as text)
graph-where-nodes, -where-edges       fewer rows of them
graph-mark-components                 one more property of the nodes
graph-to-table                        one of the two tables
graph-match, graph-shortest-paths     the graph as arrays, on one row, that the matches are read from:

    nodes   [(id, property, ...), ...]              counted from 1
    edges   [(from, to, property, ...), ...]        from and to are places of nodes
    leaving, entering   for each node [(edge, node), ...]: the edges out of it and in, and where they lead
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation, Single
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

MOST_ELEMENTS = 1_000_000
"""Nodes, and edges, of a graph that is matched: they are held in memory."""

_TOO_LARGE = f"the graph has more than {MOST_ELEMENTS} nodes or edges: filter them before make-graph"

_LEAVING = """
arrayMap(
    group -> arrayMap(way -> (way.2, way.3), arrayPopFront(group)),
    arraySplit(way -> way.2 = 0, arraySort(arrayConcat(
        arrayMap((edge, place) -> (edge.1, toUInt64(place), edge.2), edges, arrayEnumerate(edges)),
        arrayMap(node -> (node, toUInt64(0), toUInt64(0)), range(toUInt64(1), length(nodes) + 1))
    )))
)
"""
"""Every node begins a group of its own with an edge 0, which stands before its others."""
_ENTERING = _LEAVING.replace("(edge.1, toUInt64(place), edge.2)", "(edge.2, toUInt64(place), edge.1)")


class Graph(Relation, frozen=True, eq=False):
    """Nodes and edges. `node_id`, `source` and `target` are string columns beside the properties, which are
    the `fields` of the two tables; the graph itself has no columns."""

    nodes: Relation
    node_id: Field
    edges: Relation
    source: Field
    target: Field


class Stored(NamedTuple):
    """A graph as arrays on one row. Properties stand in the tuples of the arrays behind id, and from and
    to."""

    row: Relation
    nodes: Sql
    edges: Sql
    leaving: Sql
    entering: Sql
    node_properties: tuple[Field, ...]
    edge_properties: tuple[Field, ...]


def stored(graph: Graph, scope: Scope, used: Collection[str]) -> Stored:
    """The arrays of a graph, with the properties of the names in `used` only."""
    node_properties, edge_properties = (
        tuple(field for field in table.fields if field.name in used) for table in (graph.nodes, graph.edges)
    )
    columns = [graph.node_id, *node_properties]
    nodes = _rows(sql.tuple_([sql.column(field.sql_name) for field in columns]), graph.nodes, scope)
    ids = _rows(sql.column(graph.node_id.sql_name), graph.nodes, scope)
    ends = [
        formula(
            "transform(id, ids, range(toUInt64(1), length(ids) + 1), toUInt64(0))",
            id=sql.column(end.sql_name),
            ids=ids,
        )
        for end in (graph.source, graph.target)
    ]
    properties = [sql.column(field.sql_name) for field in edge_properties]
    edges = _rows(sql.tuple_([*ends, *properties]), graph.edges, scope)
    row, arrays = _computed(Single(()), {"nodes": nodes, "edges": edges}, scope)
    row, ways = _computed(
        row, {"leaving": formula(_LEAVING, **arrays), "entering": formula(_ENTERING, **arrays)}, scope
    )
    return Stored(row, **arrays, **ways, node_properties=node_properties, edge_properties=edge_properties)


def _computed(row: Relation, values: dict[str, Sql], scope: Scope) -> tuple[Relation, dict[str, Sql]]:
    """The row with some columns more, and these."""
    made = [Computed(scope.context.field(name, KqlType.DYNAMIC), value) for name, value in values.items()]
    columns = {one.field.name: sql.column(one.field.sql_name) for one in made}
    return Compute((), row, tuple(made)), columns


def _rows(value: Sql, relation: Relation, scope: Scope) -> Sql:
    """The sorted array of a value over all rows: sorted, so that it is the same wherever it is asked for."""
    collected = sql.call("arraySort", sql.parametric("groupArray", [MOST_ELEMENTS + 1], value))
    checked = sql.with_value(collected, "rows", _checked)
    rows = Computed(scope.context.field("rows", KqlType.DYNAMIC), checked)
    whole = Aggregate((rows.field,), relation, (), (rows,))
    return sql.subquery(select_of(whole, [rows.field.sql_name]))


def _checked(rows: Sql) -> Sql:
    too_many = sql.greater(sql.call("length", rows), MOST_ELEMENTS)
    kept = sql.eq(sql.fails_beyond(too_many, _TOO_LARGE), 0)
    return sql.call("arrayFilter", sql.lambda_("row", kept), rows)
