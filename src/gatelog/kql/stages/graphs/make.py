"""make-graph, and the operators that make another graph of one: graph-where-nodes, graph-where-edges."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Branch, Compute, Computed, Join, Relation, Union, Unnest
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.graphs.graph import Graph
from gatelog.kql.stages.rows import bind_where
from gatelog.kql.terms import Field, Term, null_of, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

STRING = KqlType.STRING


def bind_one_graph(stage: ast.MakeGraph, relation: Relation, scope: Scope) -> Graph:
    """The graph whose edges are the rows; nodes that no table describes have their id and no more."""
    if not stage.directed:
        hint = "write -->; graph-match finds edges of any direction with (a)-[e]-(b)"
        raise scope.context.unsupported(stage, "make-graph with edges that have no direction (--)", hint)
    ends = [_identity(name, relation, scope) for name in (stage.source, stage.target)]
    made = [
        Computed(scope.context.field(name, STRING), convert(end, STRING).sql)
        for name, end in zip(("from", "to"), ends, strict=True)
    ]
    edges = Compute(relation.fields, relation, tuple(made))
    source, target = (computed.field for computed in made)
    tables = [_described(node, scope) for node in stage.nodes]
    nodes, node_id = _nodes(stage, tables, edges, (source, target), ends[0].type, scope)
    return Graph((), nodes, node_id, edges, source, target)


def _identity(name: ast.Name, table: Relation, scope: Scope) -> Term:
    """A column that tells nodes apart."""
    found = scope.over(table).resolve(name)
    if found.type is KqlType.DYNAMIC:
        hint = f"convert it, for example with tostring({name.value})"
        raise scope.context.error(name, "nodes are not told apart by dynamic values", hint)
    return found


def _described(node: ast.NodeTable, scope: Scope) -> tuple[Relation, Field]:
    """A table of nodes and its key."""
    table = scope.bind_table(node.table, scope)
    _identity(node.key, table, scope)
    return table, next(field for field in table.fields if field.name == node.key.value)


def _nodes(
    stage: ast.MakeGraph,
    tables: list[tuple[Relation, Field]],
    edges: Relation,
    ends: tuple[Field, Field],
    id_type: KqlType,
    scope: Scope,
) -> tuple[Relation, Field]:
    """One row for each id of a node table or an end of an edge; of several rows for an id any values."""
    types = _property_types(stage, tables, scope)
    gathered = [scope.context.field(name, kind) for name, kind in types.items()]
    given_id, known = scope.context.field("id", STRING), scope.context.field("known", KqlType.BOOL)
    branches = [_branch(table, key, gathered) for table, key in tables]
    branches.append(_ends(edges, ends, gathered, scope))
    together = Union((given_id, known, *gathered), tuple(branches))
    node_id = scope.context.field("id", STRING)
    is_known = scope.context.field("known", KqlType.BOOL)
    aggregates = [Computed(scope.context.field(field.name, field.type), _any(field)) for field in gathered]
    grouped = Aggregate(
        (node_id,),
        together,
        (Computed(node_id, sql.column(given_id.sql_name)),),
        (Computed(is_known, sql.call("max", sql.column(known.sql_name))), *aggregates),
    )
    keys = {key.name for _, key in tables}
    if stage.node_id is not None:
        types = {**types, stage.node_id: id_type}
        keys.add(stage.node_id)
    values = {computed.field.name: reference(computed.field) for computed in aggregates}
    made = []
    for name, kind in types.items():
        value = values.get(name, null_of(kind))
        if name in keys:
            own = convert(reference(node_id), kind)
            chosen = value.sql if name in values else own.sql
            value = Term(kind, sql.if_(sql.column(is_known.sql_name), chosen, own.sql))
        made.append(Computed(scope.context.field(name, kind), value.sql))
    return Compute(tuple(computed.field for computed in made), grouped, tuple(made)), node_id


def _property_types(
    stage: ast.MakeGraph, tables: list[tuple[Relation, Field]], scope: Scope
) -> dict[str, KqlType]:
    types: dict[str, KqlType] = {}
    for table, _ in tables:
        for field in table.fields:
            if types.setdefault(field.name, field.type) is not field.type:
                raise scope.context.error(
                    stage, f"the nodes have '{field.name}' as {types[field.name]} and as {field.type}"
                )
    return types


def _any(field: Field) -> Sql:
    """Some value of a property, not null and not empty where there is one."""
    value = sql.column(field.sql_name)
    return sql.call("anyIf", value, sql.ne(value, "")) if field.type is STRING else sql.call("any", value)


def _branch(table: Relation, key: Field, gathered: list[Field]) -> Branch:
    by_name = {field.name: reference(field) for field in table.fields}
    values = [by_name.get(field.name, null_of(field.type)).sql for field in gathered]
    return Branch(table, (convert(reference(key), STRING).sql, sql.boolean(True), *values))


def _ends(edges: Relation, ends: tuple[Field, Field], gathered: list[Field], scope: Scope) -> Branch:
    both = Computed(
        scope.context.field("ends", KqlType.DYNAMIC), sql.array([sql.column(end.sql_name) for end in ends])
    )
    end = scope.context.field("end", STRING)
    rows = Unnest((end,), Compute((), edges, (both,)), (end,), (both.field.sql_name,))
    values = [null_of(field.type).sql for field in gathered]
    return Branch(rows, (sql.column(end.sql_name), sql.boolean(False), *values))


def bind_where_edges(stage: ast.GraphWhereEdges, graph: Graph, scope: Scope) -> Graph:
    """The graph with only some edges; all nodes stay."""
    edges = bind_where(ast.Where(stage.span, stage.predicate), graph.edges, scope)
    return Graph((), graph.nodes, graph.node_id, edges, graph.source, graph.target)


def bind_where_nodes(stage: ast.GraphWhereNodes, graph: Graph, scope: Scope) -> Graph:
    """The graph with only some nodes, and the edges between them."""
    nodes = bind_where(ast.Where(stage.span, stage.predicate), graph.nodes, scope)
    edges = graph.edges
    for end in (graph.source, graph.target):
        own = Compute((graph.node_id,), nodes, ())
        kept = copied(own, scope.context)
        on = (sql.column(end.sql_name), sql.column(kept.fields[0].sql_name))
        edges = Join(edges.fields, edges, kept, "LEFT SEMI", (on,))
    return Graph((), nodes, graph.node_id, edges, graph.source, graph.target)
