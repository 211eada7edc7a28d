"""graph-to-table and graph-mark-components: the tables of a graph, and which nodes hang together."""

from __future__ import annotations

from gatelog.kql import ast, sql
from gatelog.kql.formula import formula
from gatelog.kql.functions import FUNCTIONS
from gatelog.kql.relations import Compute, Computed, Join, Relation, Unnest
from gatelog.kql.scope import Scope
from gatelog.kql.stages.graphs.graph import Graph, stored
from gatelog.kql.stages.graphs.match import parameter
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType

LONG, DYNAMIC = KqlType.LONG, KqlType.DYNAMIC

_ROUNDS = 64
"""Every round at least doubles how far the smallest place of a component has come."""

_UNFINISHED = "the components of this graph are too long for graph-mark-components"
_NEIGHBOURS = """
arrayMap(
    (out, in_, own) -> arrayConcat([own], arrayMap(way -> way.2, out), arrayMap(way -> way.2, in_)),
    leaving, entering, range(toUInt64(1), length(leaving) + 1)
)
"""
_SMALLEST = "arrayMap(near -> arrayMin(arrayMap(place -> labels[place], near)), neighbours)"
_JUMPED = "arrayMap(label -> smallest[label], smallest)"


def bind_graph_to_table(stage: ast.GraphToTable, graph: Graph, scope: Scope) -> Relation:
    """The nodes or the edges, with the hashes of their ids where the author names columns for them."""
    if len(stage.tables) != 1 or stage.tables[0].name is not None:
        raise scope.context.unsupported(stage, "graph-to-table with 'as'", "ask for nodes or edges alone")
    (part,) = stage.tables
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
    return Computed(scope.context.field(name, LONG, nullable=False), value.sql)


def bind_graph_mark_components(stage: ast.GraphMarkComponents, graph: Graph, scope: Scope) -> Graph:
    """The graph whose nodes have the number of their component, from 0."""
    kind = parameter(stage.hints, "kind", "weak")
    if kind != "weak":
        raise scope.context.unsupported(stage, f"graph-mark-components kind={kind}")
    name = parameter(stage.hints, "with_component_id", "ComponentId")
    store = stored(graph, scope, ())
    neighbours = scope.context.field("neighbours", DYNAMIC)
    components = scope.context.field("components", DYNAMIC)
    places = scope.context.field("places", DYNAMIC)
    near = formula(_NEIGHBOURS, leaving=store.leaving, entering=store.entering)
    row = Compute((), store.row, (Computed(neighbours, near),))
    computed = (
        Computed(components, _components(neighbours)),
        Computed(places, formula("arrayEnumerate(nodes)", nodes=store.nodes)),
    )
    row = Compute((), row, computed)
    place = scope.context.field("place", DYNAMIC)
    unnested = Unnest((), row, (place,), (places.sql_name,))
    return _with_component(name, graph, store.nodes, unnested, (place, components), scope)


def _components(neighbours: Field) -> sql.Sql:
    """The component of each node: the places in it agree on the smallest of them, which is then counted."""
    near = sql.column(neighbours.sql_name)
    labels = sql.variable("labels")
    smallest = formula(_SMALLEST, labels=labels, neighbours=near)
    jumped = sql.with_value(smallest, "smallest", lambda found: formula(_JUMPED, smallest=found))
    start = formula("range(toUInt64(1), length(near) + 1)", near=near)
    folded = sql.call(
        "arrayFold", sql.lambda_pair("labels", "round", jumped), sql.call("range", _ROUNDS), start
    )

    def numbered(found: sql.Sql) -> sql.Sql:
        again = formula(_SMALLEST, labels=found, neighbours=near)
        text = "if(throwIf(found <> again, message) = 0, arrayEnumerateDense(found), [])"
        return formula(text, found=found, again=again, message=_UNFINISHED)

    return sql.with_value(folded, "found", numbered)


def _with_component(
    name: str, graph: Graph, nodes: sql.Sql, rows: Relation, columns: tuple[Field, Field], scope: Scope
) -> Graph:
    """The graph whose nodes have one property more, the number of the component that `rows` say."""
    place, components = (sql.column(field.sql_name) for field in columns)
    identity = Computed(
        scope.context.field("id", KqlType.STRING),
        formula("tupleElement(nodes[place], 1)", nodes=nodes, place=place),
    )
    number = formula("toInt64(numbers[place]) - 1", numbers=components, place=place)
    component = Computed(scope.context.field(name, LONG, nullable=False), number)
    found = Compute((identity.field, component.field), rows, (identity, component))
    properties = (*(field for field in graph.nodes.fields if field.name != name), component.field)
    on = (sql.column(graph.node_id.sql_name), sql.column(identity.field.sql_name))
    table = Join(properties, graph.nodes, found, "INNER", (on,))
    return Graph((), table, graph.node_id, graph.edges, graph.source, graph.target)
