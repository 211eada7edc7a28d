"""graph-match: the places of a graph where a pattern fits, one row each.

A row walks along each pattern. It holds the places of the nodes it stands on; a step unnests the edges that
leave the last one. A part of `where` is tested as soon as its variables are known.

    (a) -[e]-> (b) -[p*1..3]-> (c)        a: every node, or the one it is already
                                          e, b: each edge out of a
                                          p: each path out of b, c: its end
"""

from __future__ import annotations

from collections.abc import Iterator

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import Names, result_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Filter, Relation, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import bind_project
from gatelog.kql.stages.graphs.elements import Elements, Variable, words
from gatelog.kql.stages.graphs.graph import Graph, stored
from gatelog.kql.stages.graphs.paths import paths
from gatelog.kql.stages.graphs.whole import whole_elements
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import condition

_CYCLES = ("all", "none", "unique_edges")

_BOTH_WAYS = """
arrayMap(
    (out, in_, own) -> arrayConcat(out, arrayFilter(way -> way.2 <> own, in_)),
    leaving, entering, arrayEnumerate(leaving)
)
"""
"""An edge that leads back to its own node is one edge out of it, not two."""

MOST_PARTS = 400
"""Nodes and edges of all patterns of one operator: each makes the statement some columns longer."""


def parameter(hints: tuple[ast.Parameter, ...], name: str, default: str) -> str:
    """The value of a parameter of a graph operator."""
    return next((hint.value for hint in hints if hint.name == name), default)


def _cycles(stage: ast.GraphMatch | ast.GraphShortestPaths, scope: Scope) -> str:
    cycles = parameter(stage.hints, "cycles", "unique_edges")
    if cycles not in _CYCLES:
        raise scope.context.error(stage, f"cycles is one of {', '.join(_CYCLES)}, not '{cycles}'")
    return cycles


def _check_length(stage: ast.GraphMatch | ast.GraphShortestPaths, scope: Scope) -> None:
    if sum(len(pattern.elements) for pattern in stage.patterns) > MOST_PARTS:
        message = f"the patterns have more than {MOST_PARTS} nodes and edges"
        raise scope.context.error(stage, message, "use an edge of variable length")


def _check_connected(stage: ast.GraphMatch, scope: Scope) -> None:
    """Kusto has no patterns that fall apart: they share names of nodes, directly or through others."""
    first, *rest = ({part.name for part in pattern.elements} - {None} for pattern in stage.patterns)
    while rest:
        joined = next((names for names in rest if names & first), None)
        if joined is None:
            hint = "let each pattern share the name of a node with another"
            raise scope.context.error(stage, "the patterns are not connected", hint)
        rest.remove(joined)
        first |= joined


def _properties(stage: ast.GraphMatch | ast.GraphShortestPaths, graph: Graph) -> set[str]:
    """The names of the properties that the stage may speak of."""
    spoken = [node for node in (stage.where, *stage.project) if node is not None]
    parts = [part for pattern in stage.patterns for part in pattern.elements]
    whole = whole_elements(spoken, {part.name for part in parts if part.name})
    tables = {
        table
        for part in parts
        if part.name in whole
        for table in [graph.nodes if isinstance(part, ast.PatternNode) else graph.edges]
    }
    return words(tuple(spoken)).union(field.name for table in tables for field in table.fields)


class Walk:
    """The rows of the match in hand: `relation` grows as the patterns are walked along."""

    def __init__(self, stage: ast.GraphMatch | ast.GraphShortestPaths, graph: Graph, scope: Scope) -> None:
        _check_length(stage, scope)
        self.store = stored(graph, scope, _properties(stage, graph))
        self.relation: Relation = self.store.row
        self.elements = Elements(self.store, scope)
        self.length: list[Sql] = []
        self._scope = scope
        self._cycles = _cycles(stage, scope)
        self._names = {part.name for pattern in stage.patterns for part in pattern.elements if part.name}
        self._waiting = list(_conjuncts(stage.where))
        self._passed: list[Sql] = []

    def along(self, pattern: ast.GraphPattern) -> tuple[Field, Field]:
        """Walks along one pattern; the columns of its first and its last node."""
        first, *rest = pattern.elements
        assert isinstance(first, ast.PatternNode)
        self._passed = []
        start = last = self._begin(first)
        for edge, node in zip(rest[::2], rest[1::2], strict=True):
            assert isinstance(edge, ast.PatternEdge)
            assert isinstance(node, ast.PatternNode)
            last = self._step(edge, last) if edge.low is None else self._path(edge, last)
            self._arrive(node, last)
        return start, last

    def _begin(self, node: ast.PatternNode) -> Field:
        known = self.elements.variables.get(node.name) if node.name is not None else None
        places = formula("range(toUInt64(1), length(nodes) + 1)", nodes=self.store.nodes)
        place = known.column if known is not None else self._unnested("node", places)
        if self._cycles == "none":
            self._passed.append(sql.array([sql.column(place.sql_name)]))
        self._arrive(node, place)
        return place

    def _arrive(self, node: ast.PatternNode, place: Field) -> None:
        """Names the node, or asks that it be the one that has the name already."""
        known = self.elements.variables.get(node.name) if node.name is not None else None
        if known is not None and known.kind != "node":
            raise self._scope.context.error(node, f"'{node.name}' is an edge and a node of the pattern")
        if known is not None and known.column is not place:
            same = sql.eq(sql.column(place.sql_name), sql.column(known.column.sql_name))
            self.relation = Filter(self.relation.fields, self.relation, same)
        elif known is None and node.name is not None:
            self.elements.variables[node.name] = Variable("node", place)
        self._test()

    def _step(self, edge: ast.PatternEdge, last: Field) -> Field:
        """One edge: a row for each."""
        ways = sql.call("arrayElement", self._ways(edge), sql.column(last.sql_name))
        step = self._unnested("step", ways)
        parts = [self._computed(name, sql.call("tupleElement", sql.column(step.sql_name), place))
                 for name, place in (("edge", 1), ("node", 2))]  # fmt: skip
        place, node = parts
        self._pass_once(sql.array([sql.column((node if self._cycles == "none" else place).sql_name)]))
        self.length.append(sql.literal(1))
        if edge.name is not None:
            self._name(edge, Variable("edge", place))
        return node

    def _path(self, edge: ast.PatternEdge, last: Field) -> Field:
        """An edge of variable length: a row for each path."""
        low, high = (self._bound(limit, edge) for limit in (edge.low, edge.high))
        if low > high:
            raise self._scope.context.error(edge, f"no path has {low} to {high} edges")
        start = sql.column(last.sql_name)
        found = paths(start, self._ways(edge), low, high, self._cycles)
        path = self._unnested("path", found)
        steps = self._computed("steps", sql.call("tupleElement", sql.column(path.sql_name), 1))
        column = sql.column(steps.sql_name)
        place = 2 if self._cycles == "none" else 1
        self._pass_once(
            formula("arrayMap(step -> tupleElement(step, place), steps)", steps=column, place=place)
        )
        self.length.append(sql.call("length", column))
        if edge.name is not None:
            self._name(edge, Variable("path", steps))
        end = "if(empty(steps), start, tupleElement(arrayElement(steps, -1), 2))"
        return self._computed("node", formula(end, steps=column, start=start))

    def _bound(self, node: ast.Expression | None, edge: ast.PatternEdge) -> int:
        constant = bind(node, self._scope).constant if node is not None else None
        if constant is None or not isinstance(constant.value, int) or constant.value < 0:
            raise self._scope.context.error(edge, "the length of a path is a constant from 0")
        return constant.value

    def _name(self, edge: ast.PatternEdge, variable: Variable) -> None:
        assert edge.name is not None
        known = self.elements.variables.get(edge.name)
        if known is not None and known.kind == "node":
            raise self._scope.context.error(edge, f"'{edge.name}' is an edge and a node of the pattern")
        if known is not None:
            raise self._scope.context.error(edge, f"the pattern has two edges '{edge.name}'")
        self.elements.variables[edge.name] = variable

    def _ways(self, edge: ast.PatternEdge) -> Sql:
        leaving, entering = self.store.leaving, self.store.entering
        if edge.direction == "any":
            return formula(_BOTH_WAYS, leaving=leaving, entering=entering)
        return leaving if edge.direction == "out" else entering

    def _pass_once(self, places: Sql) -> None:
        """Asks that the edges (without cycles: the nodes) of this step be none of those before."""
        if self._cycles == "all":
            return
        for before in self._passed:
            met = sql.call("hasAny", before, places)
            self.relation = Filter(self.relation.fields, self.relation, sql.not_(met))
        self._passed.append(places)

    def _unnested(self, name: str, array: Sql) -> Field:
        many = self._computed(f"{name}s", array)
        item = self._scope.context.field(name, KqlType.DYNAMIC)
        self.relation = Unnest(self.relation.fields, self.relation, (item,), (many.sql_name,))
        return item

    def _computed(self, name: str, value: Sql) -> Field:
        made = Computed(self._scope.context.field(name, KqlType.DYNAMIC), value)
        self.relation = Compute(self.relation.fields, self.relation, (made,))
        return made.field

    def _test(self) -> None:
        """The parts of `where` that speak of known variables only."""
        unknown = self._names - self.elements.variables.keys()
        for part in [part for part in self._waiting if not unknown & words(part)]:
            self._waiting.remove(part)
            self._filter(part)

    def _filter(self, part: ast.Expression) -> None:
        term, self.relation = self.elements.bind(part, self.relation)
        with self._scope.context.at(part):
            test = condition(term).condition
        self.relation = Filter(self.relation.fields, self.relation, test)

    def projected(self, stage: ast.GraphMatch | ast.GraphShortestPaths) -> Relation:
        """The columns that the stage shows of the match."""
        if not stage.project:
            raise self._scope.context.error(stage, "say which columns the match has", "add project n.name")
        names = Names()
        items = []
        for item in stage.project:
            name = _name(item)
            shown = ast.Name(item.span, names.counted() if name is None else name)
            value = self.elements.of_every_edge("map", item.value)
            items.append(ast.NamedExpression(item.span, (shown,), value))
        relation = self.elements.computed(self.relation)
        return bind_project(ast.Project(stage.span, tuple(items)), relation, self._scope)


def _conjuncts(node: ast.Expression | None) -> Iterator[ast.Expression]:
    """The parts of a predicate that must all be true."""
    if isinstance(node, ast.Binary) and node.op == "and":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    elif node is not None:
        yield node


def _name(item: ast.NamedExpression) -> str | None:
    """The author's name, or that of a property: `n.age` is n_age."""
    match item.value:
        case _ if item.names:
            return item.names[0].value
        case ast.Member(base=ast.Name(value=variable), name=key):
            return f"{variable}_{key}"
        case value:
            return result_name(value)


def bind_graph_match(stage: ast.GraphMatch, graph: Graph, scope: Scope) -> Relation:
    """A row for each place where all patterns fit."""
    _check_connected(stage, scope)
    walk = Walk(stage, graph, scope)
    for pattern in stage.patterns:
        walk.along(pattern)
    return walk.projected(stage)
