"""Operators on graphs."""

from __future__ import annotations

from dataclasses import dataclass

from gatelog.kql.ast.expressions import Name, NamedExpression, Parameter, Pipeline
from gatelog.kql.ast.nodes import Expression, Node, Operator


@dataclass(frozen=True, slots=True)
class NodeTable(Node):
    """`table on key` of make-graph's `with`."""

    table: Expression
    key: Name


@dataclass(frozen=True, slots=True)
class MakeGraph(Operator):
    """`make-graph source --> target with nodes on key`; `node_id` for `with_node_id = name`.

    `partitioned_by` and `subquery` for `partitioned-by column (subquery)`.
    """

    source: Name
    target: Name
    directed: bool
    nodes: tuple[NodeTable, ...]
    node_id: str | None
    partitioned_by: Name | None
    subquery: Pipeline | None
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class PatternNode(Node):
    """`(name)`; the name is None for `()`."""

    name: str | None


@dataclass(frozen=True, slots=True)
class PatternEdge(Node):
    """`-[name]->`, `<-[name]-`, `-[name]-`, or the short `-->`, `<--`, `--`.

    direction is out, in or any; `low` and `high` for `*low..high`, both None for a single step.
    """

    name: str | None
    direction: str
    low: Expression | None = None
    high: Expression | None = None


@dataclass(frozen=True, slots=True)
class GraphPattern(Node):
    """Alternating nodes and edges; starts and ends with a node."""

    elements: tuple[PatternNode | PatternEdge, ...]


@dataclass(frozen=True, slots=True)
class GraphMatch(Operator):
    """`graph-match cycles = all patterns where predicate project columns`."""

    patterns: tuple[GraphPattern, ...]
    where: Expression | None
    project: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphShortestPaths(Operator):
    """`graph-shortest-paths output = any pattern where predicate project columns`."""

    patterns: tuple[GraphPattern, ...]
    where: Expression | None
    project: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphMarkComponents(Operator):
    """`graph-mark-components kind = weak with_component_id = name`."""

    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphWhereNodes(Operator):
    """`graph-where-nodes predicate`."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphWhereEdges(Operator):
    """`graph-where-edges predicate`."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphTable(Node):
    """`nodes as name with_node_id = id` or `edges as name ...`; `part` is nodes or edges."""

    part: str
    name: Name | None
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class GraphToTable(Operator):
    """`graph-to-table nodes, edges`."""

    tables: tuple[GraphTable, ...]
