"""What the variables of a pattern mean in an expression: `n.age`, `map(path, x)`, `node_degree_in(n)`, `n`.

A node or an edge that stands for itself is the bag of its properties, an edge of variable length the array of
the bags of its edges. Each such piece of the syntax tree is replaced by the name of a column, and the column
is computed from the arrays of the graph; what is left is an expression like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.ast.rewriting import rewritten
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.replacing import Replacing
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import bag_of
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.graphs.graph import Stored
from gatelog.kql.stages.graphs.spread import OVER_PATHS, edge_property, spread
from gatelog.kql.stages.graphs.whole import OF_ELEMENTS
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.comparisons import condition
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import string_term

LONG, STRING, DYNAMIC, BOOL = KqlType.LONG, KqlType.STRING, KqlType.DYNAMIC, KqlType.BOOL

_OF_NODES = OF_ELEMENTS - {"labels"}


class Variable(NamedTuple):
    """A name of the pattern: a node, an edge, or a path; `column` holds its place, or the steps of the path
    as [(edge, node), ...]."""

    kind: str
    column: Field


class _Item(NamedTuple):
    """A property of an element: its name, type and SQL."""

    name: str
    type: KqlType
    sql: Sql


def words(node: Any) -> set[str]:
    """All names and texts in a piece of the syntax tree: what it may speak of is among them."""
    if isinstance(node, str):
        return {node}
    if isinstance(node, tuple):
        return set().union(*map(words, node))
    if not isinstance(node, ast.Node):
        return set()
    return set().union(*(words(getattr(node, name)) for name in node.__struct_fields__))


@dataclass(slots=True)
class Elements:
    """The variables bound so far, and the columns that expressions made of them."""

    store: Stored
    scope: Scope
    variables: dict[str, Variable] = field(default_factory=dict)
    columns: dict[str, Computed] = field(default_factory=dict)

    def bind(self, node: ast.Expression, relation: Relation) -> tuple[Term, Relation]:
        """The value of a condition, and the rows with the columns that it reads."""
        plain = self.of_every_edge("all", node)
        relation = self.computed(relation)
        return bind(plain, self.scope.over(relation)), relation

    def computed(self, relation: Relation) -> Relation:
        """The rows with all columns asked for so far as their fields."""
        made = tuple(self.columns.values())
        missing = tuple(one for one in made if one.field not in relation.fields)
        for one in missing:
            relation = Compute((*relation.fields, one.field), relation, (one,))
        return relation

    def plain(self, node: ast.Expression, properties: Collection[str] = ()) -> ast.Expression:
        """The syntax tree with columns in the place of everything that speaks of the graph; the names of
        `properties` mean those of the element at hand."""

        def as_column(part: ast.Node) -> ast.Expression | None:
            if isinstance(part, ast.Pipeline):
                return part  # a table of its own: nothing of the row reaches it
            if isinstance(part, ast.Name) and part.value in self.variables and part.value not in properties:
                return ast.Name(part.span, self._whole(part.value))
            return self._as_column(part)

        return rewritten(node, as_column)

    def of_every_edge(self, function: str, node: ast.Expression) -> ast.Expression:
        """`plain`, with `function` (all, map) over the edges of the path of which the expression speaks."""
        paths = {name for name, variable in self.variables.items() if variable.kind == "path"}
        said = spread(node, paths, self.scope.context)
        if said is None:
            return self.plain(node)
        items = [
            item._replace(name=edge_property(said.path, item.name))
            for item in self._items("edge", sql.variable("item"))
        ]
        return ast.Name(node.span, self._folded(function, said.path, said.body, items, inner=False))

    def _as_column(self, node: ast.Node) -> ast.Expression | None:
        if isinstance(node, ast.Call) and node.function == "labels":
            return self._labels(node)
        found = self._column(node)
        return None if found is None else ast.Name(node.span, found)

    def _labels(self, node: ast.Call) -> ast.Expression:
        """Only graphs that a database keeps have labels: one that make-graph makes has none."""
        for argument in node.arguments:
            if not isinstance(argument, ast.Name):
                raise self.scope.context.error(argument, "labels() takes a node or an edge")
            self._variable(argument.value, argument)
        return ast.Literal(node.span, "dynamic", [])

    def _column(self, node: object) -> str | None:
        match node:
            case ast.Member(base=ast.Name(value=name), name=key) if name in self.variables:
                return self._property(name, key, node)
            case ast.Index(base=ast.Name(value=name), index=ast.Literal(value=str() as key)) if (
                name in self.variables
            ):
                return self._property(name, key, node)
            case ast.Call(function=function, arguments=(ast.Name(value=name),)) if function in _OF_NODES:
                if self._variable(name, node).kind != "node":
                    raise self.scope.context.error(node, f"{function}() takes a node, '{name}' is an edge")
                return self._property(name, own_name(function), node)
            case ast.Call(function=function, arguments=(subject, body)) if function in OVER_PATHS:
                return self._over_path(function, subject, body)
            case _:
                return None

    def _property(self, name: str, key: str, node: ast.Expression) -> str:
        variable = self._variable(name, node)
        if variable.kind == "path":
            items = list(self._items("edge", sql.variable("item")))
            return self._folded("map", name, ast.Name(node.span, key), items, inner=False)
        place = sql.column(variable.column.sql_name)
        for item in self._items(variable.kind, place):
            if item.name == key:
                return self._added(f"{name}.{key}", item.type, item.sql)
        raise self.scope.context.error(node, f"the {variable.kind} '{name}' has no property '{key}'")

    def _variable(self, name: str, node: ast.Expression) -> Variable:
        found = self.variables.get(name)
        if found is None:
            raise self.scope.context.error(node, f"the pattern has no element '{name}'")
        return found

    def _whole(self, name: str) -> str:
        """A node or an edge as the bag of its properties, a path as the array of those of its edges."""
        variable = self.variables[name]
        place = sql.column(variable.column.sql_name)
        if variable.kind == "path":
            bag = self._bag("edge", sql.call("tupleElement", sql.variable("step"), 1))
            value = json_values.array_text(sql.call("arrayMap", sql.lambda_("step", bag), place))
        else:
            value = self._bag(variable.kind, place)
        return self._added(f"{name}.*", DYNAMIC, value)

    def _bag(self, kind: str, place: Sql) -> Sql:
        properties = list(self._properties(kind, place))
        names = [string_term(item.name) for item in properties]
        return bag_of(names, [Term(item.type, item.sql) for item in properties]).sql

    def _added(self, name: str, kind: KqlType, value: Sql) -> str:
        own = own_name(name)
        if own not in self.columns:
            self.columns[own] = Computed(self.scope.context.field(own, kind), value)
        return own

    def _properties(self, kind: str, place: Sql) -> Iterable[_Item]:
        """The properties of the node or edge at a place."""
        array, properties = (
            (self.store.nodes, self.store.node_properties)
            if kind == "node"
            else (self.store.edges, self.store.edge_properties)
        )
        element = sql.call("arrayElement", array, place)
        first = 2 if kind == "node" else 3
        for offset, one in enumerate(properties):
            yield _Item(one.name, one.type, sql.call("tupleElement", element, first + offset))

    def _items(self, kind: str, place: Sql) -> Iterable[_Item]:
        """The properties of the node or edge at a place, and what functions say of the node."""
        yield from self._properties(kind, place)
        if kind == "node":
            element = sql.call("arrayElement", self.store.nodes, place)
            yield _Item(own_name("node_id"), STRING, sql.call("tupleElement", element, 1))
            for name, ways in (("in", self.store.entering), ("out", self.store.leaving)):
                count = formula("toInt64(length(ways[place]))", ways=ways, place=place)
                yield _Item(own_name(f"node_degree_{name}"), LONG, count)

    def _over_path(self, function: str, subject: ast.Expression, body: ast.Expression) -> str:
        """`map`, `any` or `all` over the edges of a path, or over its inner nodes."""
        match subject:
            case ast.Name() as name:
                inner = False
            case ast.Call(function="inner_nodes", arguments=(ast.Name() as name,)):
                inner = True
            case _:
                hint = "write inner_nodes(path) for the nodes between its edges"
                raise self.scope.context.error(
                    subject, f"{function}() takes an edge of variable length, or its inner nodes", hint
                )
        if self._variable(name.value, subject).kind != "path":
            raise self.scope.context.error(subject, f"'{name.value}' is no edge of variable length")
        items = list(self._items("node" if inner else "edge", sql.variable("item")))
        return self._folded(function, name.value, body, items, inner=inner)

    def _folded(
        self, function: str, path: str, body: ast.Expression, items: Sequence[_Item], *, inner: bool
    ) -> str:
        steps = sql.column(self.variables[path].column.sql_name)
        places = formula(
            "arrayMap(step -> tupleElement(step, place), steps)",
            place=2 if inner else 1,
            steps=sql.call("arrayPopBack", steps) if inner else steps,
        )
        term = self._of_item(body, items)
        kind, value = self._collected(function, term, places)
        return self._added(f"{function} {len(self.columns)}", kind, value)

    def _collected(
        self, function: str, term: tuple[Callable[[Sql], Sql], Term], places: Sql
    ) -> tuple[KqlType, Sql]:
        at_place, value = term
        if function == "map":
            text = sql.if_null(convert(value, DYNAMIC).sql, json_values.NULL_TEXT)
            mapped = sql.call("arrayMap", sql.lambda_("item", at_place(text)), places)
            return DYNAMIC, json_values.array_text(mapped)
        test = sql.if_null(condition(value).condition, sql.boolean(False))
        tester = "arrayAll" if function == "all" else "arrayExists"
        found = sql.call(tester, sql.lambda_("item", at_place(test)), places)
        return BOOL, sql.call("toBool", found)

    def _of_item(self, body: ast.Expression, items: Sequence[_Item]) -> tuple[Callable[[Sql], Sql], Term]:
        """An expression over one edge or node of a path: how to read it at the variable, and its value."""
        own = [self.scope.context.field(item.name, item.type) for item in items]
        values = {one.sql_name: item.sql for one, item in zip(own, items, strict=True)}
        plain = rewritten(self.plain(body, {item.name for item in items}), _as_property)
        outer = tuple(computed.field for computed in self.columns.values())
        value = bind(plain, replace(self.scope, fields=(*own, *outer)))

        return Replacing(values), value


def _as_property(node: ast.Node) -> ast.Name | None:
    """`node_id()` and its like as names, where they speak of the node at hand."""
    match node:
        case ast.Call(function=function, arguments=()) if function in _OF_NODES:
            return ast.Name(node.span, own_name(function))
        case _:
            return None
