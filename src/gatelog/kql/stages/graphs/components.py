"""graph-mark-components: which nodes of a graph hang together.

weak     the nodes that edges join, whichever way they lead. Each node has a label, at first its own place;
         in a round each label becomes the smallest that edges join to a node of that label
strong   the nodes that reach each other. In a part (at first: the whole graph) each node takes the smallest
         place that it reaches, and the smallest that reaches it; nodes that differ in one of the two do not
         reach each other, so they are parts of their own. When no part falls apart any more, all of a part
         reach its smallest, and are reached by it. Each node also walks, from neighbour to neighbour, twice
         as far in each round: what the end of its walk reaches, it reaches, so that a long circle of edges
         takes few rounds

A lambda that reads an array at other places has a copy of it for each element. So arrays are read and written
at places by sorting them:

    taken      labels [3 1 2], at [2 2 1]  ──►  [1 1 3]
    lowered    values [3 1 2], at places [1 1 3] there come [2 4 1]  ──►  [2 1 1], the smallest of each
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Join, Relation, Unnest
from gatelog.kql.stages.graphs.graph import Graph, stored
from gatelog.kql.stages.graphs.match import parameter
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

LONG, DYNAMIC = KqlType.LONG, KqlType.DYNAMIC

MOST_ROUNDS = 1_000
"""In a round a label comes about twice as far; for strong components, where edges count one way and the
walks may miss what lies beside them, it may come one edge farther only. Rounds behind the last that is needed
cost nothing."""

_UNFINISHED = f"the components of this graph take more than {MOST_ROUNDS} rounds: make it smaller"

_TAKEN = """
arrayMap(entry -> entry.2, arraySort(arrayFilter(entry -> entry.1 > 0, arrayMap(
    (entry, value) -> (entry.2, value),
    sorted, arrayFill((value, entry) -> entry.2 = 0, arrayMap(entry -> entry.3, sorted), sorted)
))))
"""
_ASKED = """
arraySort(arrayConcat(
    arrayMap((value, place) -> (toUInt64(place), toUInt64(0), value), values, arrayEnumerate(values)),
    arrayMap((place, turn) -> (place, toUInt64(turn), toUInt64(0)), places, arrayEnumerate(places))
))
"""
_LOWERED = """
arrayMap(
    group -> group[2].2,
    arraySplit(entry -> entry.2 = 0, arraySort(arrayConcat(
        arrayMap((place, value) -> (place, value), at, come),
        arrayMap((value, place) -> (toUInt64(place), value), values, arrayEnumerate(values)),
        arrayMap(place -> (toUInt64(place), toUInt64(0)), arrayEnumerate(values))
    )))
)
"""
"""Every place begins a group of its own with a value 0, which stands before its others."""
_PLACES = "arrayMap(place -> toUInt64(place), arrayEnumerate(nodes))"
_ENDS = ("arrayMap(edge -> edge.1, edges)", "arrayMap(edge -> edge.2, edges)")
_BOTH_WAYS = ("arrayConcat(froms, tos)", "arrayConcat(tos, froms)")
_SAME = "arrayMap((one, other) -> one = other, one, other)"
_WITHIN = "arrayMap((label, is_same) -> if(is_same, label, toUInt64(-1)), labels, same)"
_STEPS = (
    "arrayMap((one, other, is_same) -> if(is_same AND one <> other, other, toUInt64(-1)), at, come, same)"
)
_NOWHERE = "arrayMap(place -> toUInt64(-1), places)"
_OR_PLACE = "arrayMap((step, place) -> if(step = toUInt64(-1), place, step), steps, places)"
_LEAST = "arrayMap((one, other) -> least(one, other), one, other)"
_UNBEGUN = "emptyArrayUInt8(), emptyArrayUInt64(), emptyArrayUInt64()"
_STRONG_START = f"tuple(arrayMap(place -> toUInt64(1), places), places, places, {_UNBEGUN}, toUInt8(0))"
_STRONG_BEGUN = "tuple(parts, places, places, same, onward, backward, toUInt8(0))"
_STRONG_ROUND = f"""
if(
    forward <> reached OR back <> reaching,
    tuple(parts, forward, back, same, onward, backward, toUInt8(0)),
    arrayMap(
        divided -> tuple(divided, places, places, {_UNBEGUN}, toUInt8(divided = parts)),
        [arrayMap(part -> toUInt64(part), arrayEnumerateDense(parts, reached, reaching))]
    )[1]
)
"""
"""The state: the part of each place, the smallest place that it reaches, the smallest that reaches it, which
edges are within a part, for each place the end of a walk on from it and of one back, and whether the parts
are the components. Without walks the parts are new, and a round begins them."""


def _taken(values: Sql, places: Sql) -> Sql:
    """The values at some places."""
    asked = formula(_ASKED, values=values, places=places)
    return sql.with_value(asked, "sorted", lambda entries: formula(_TAKEN, sorted=entries))


def _lowered(values: Sql, at: Sql, come: Sql) -> Sql:
    """The smaller of each value and those that come at its place."""
    return formula(_LOWERED, values=values, at=at, come=come)


def bind_graph_mark_components(stage: ast.GraphMarkComponents, graph: Graph, scope: Scope) -> Graph:
    """The graph whose nodes have the number of their component, from 0."""
    kind = parameter(stage.hints, "kind", "weak")
    if kind not in {"weak", "strong"}:
        raise scope.context.error(stage, f"kind is weak or strong, not '{kind}'")
    name = parameter(stage.hints, "with_component_id", "ComponentId")
    store = stored(graph, scope, ())
    arrays = [
        Computed(scope.context.field("places", DYNAMIC), formula(_PLACES, nodes=store.nodes)),
        *(Computed(scope.context.field("ends", DYNAMIC), formula(text, edges=store.edges)) for text in _ENDS),
    ]
    places, froms, tos = (sql.column(one.field.sql_name) for one in arrays)
    found = (_weak if kind == "weak" else _strong)(places, froms, tos)
    components = Computed(scope.context.field("components", DYNAMIC), found)
    row = Compute((), Compute((), store.row, tuple(arrays)), (components,))
    place = scope.context.field("place", DYNAMIC)
    unnested = Unnest((), row, (place,), (arrays[0].field.sql_name,))
    return _with_component(name, graph, store.nodes, unnested, (place, components.field), scope)


def _until_done(moved: Sql, start: Sql) -> Sql:
    """The first of the state, moved round by round until its last, whether it is done, is 1."""
    state = sql.variable("state")
    round_ = formula("if(tupleElement(state, -1) = 1, state, moved)", state=state, moved=moved)
    rounds = sql.call("range", MOST_ROUNDS)
    folded = sql.call("arrayFold", sql.lambda_pair("state", "round", round_), rounds, start)
    checked = "if(throwIf(tupleElement(found, -1) = 0, message) = 0, tupleElement(found, 1), [])"
    return sql.with_value(folded, "found", lambda found: formula(checked, found=found, message=_UNFINISHED))


def _jumped(labels: Sql) -> Sql:
    """The labels of the places that are labels."""
    return sql.with_value(labels, "followed", lambda followed: _taken(followed, followed))


def _weak(places: Sql, froms: Sql, tos: Sql) -> Sql:
    """The number of each place's component, from 1."""
    labels = sql.call("tupleElement", sql.variable("state"), 1)
    one, other = (_taken(labels, formula(text, froms=froms, tos=tos)) for text in _BOTH_WAYS)
    moved = _jumped(_taken(_lowered(places, one, other), labels))
    after = "tuple(moved, toUInt8(moved = labels))"
    state = sql.with_value(moved, "moved", lambda new: formula(after, moved=new, labels=labels))
    found = _until_done(state, formula("tuple(places, toUInt8(0))", places=places))
    return sql.call("arrayEnumerateDense", found)


def _strong(places: Sql, froms: Sql, tos: Sql) -> Sql:
    """The number of each place's component, from 1."""
    state = sql.variable("state")
    parts, reached, reaching, same, onward, backward = (
        sql.call("tupleElement", state, element) for element in range(1, 7)
    )

    def moved(labels: Sql, walk: Sql, at: Sql, come: Sql) -> Sql:
        within = formula(_WITHIN, labels=_taken(labels, come), same=same)
        return _jumped(formula(_LEAST, one=_lowered(labels, at, within), other=_taken(labels, walk)))

    def after(forward: Sql, back: Sql) -> Sql:
        now = {"forward": forward, "back": back, "reached": reached, "reaching": reaching, "same": same}
        walks = {"onward": _jumped(onward), "backward": _jumped(backward)}
        return formula(_STRONG_ROUND, **now, **walks, parts=parts, places=places)

    def begun(within: Sql) -> Sql:
        walks = {"onward": _walk(places, froms, tos, within), "backward": _walk(places, tos, froms, within)}
        return formula(_STRONG_BEGUN, parts=parts, places=places, same=within, **walks)

    round_ = sql.with_value(
        moved(reached, onward, froms, tos),
        "forward",
        lambda forward: sql.with_value(
            moved(reaching, backward, tos, froms), "back", lambda back: after(forward, back)
        ),
    )
    ends = formula(_SAME, one=_taken(parts, froms), other=_taken(parts, tos))
    is_new = sql.call("empty", onward)
    state_after = sql.if_(is_new, sql.with_value(ends, "within", begun), round_)
    return _until_done(state_after, formula(_STRONG_START, places=places))


def _walk(places: Sql, at: Sql, come: Sql, same: Sql) -> Sql:
    """A step from each place to a neighbour within its part; a place without one stays."""
    steps = _lowered(formula(_NOWHERE, places=places), at, formula(_STEPS, at=at, come=come, same=same))
    return formula(_OR_PLACE, steps=steps, places=places)


def _with_component(
    name: str, graph: Graph, nodes: Sql, rows: Relation, columns: tuple[Field, Field], scope: Scope
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
