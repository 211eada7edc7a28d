"""Operators on graphs."""

from __future__ import annotations

from gatelog.kql.ast.expressions import Name, NamedExpression, Parameter, Pipeline
from gatelog.kql.ast.nodes import Expression, Node, Operator


class NodeTable(Node, frozen=True):
    """`table on key` of make-graph's `with`."""

    table: Expression
    key: Name


class MakeGraph(Operator, frozen=True):
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


class PatternNode(Node, frozen=True):
    """`(name)`; the name is None for `()`."""

    name: str | None


class PatternEdge(Node, frozen=True):
    """`-[name]->`, `<-[name]-`, `-[name]-`, or the short `-->`, `<--`, `--`.

    direction is out, in or any; `low` and `high` for `*low..high`, both None for a single step.
    """

    name: str | None
    direction: str
    low: Expression | None = None
    high: Expression | None = None


class GraphPattern(Node, frozen=True):
    """Alternating nodes and edges; starts and ends with a node."""

    elements: tuple[PatternNode | PatternEdge, ...]


class GraphMatch(Operator, frozen=True):
    """`graph-match cycles = all patterns where predicate project columns`."""

    patterns: tuple[GraphPattern, ...]
    where: Expression | None
    project: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class GraphShortestPaths(Operator, frozen=True):
    """`graph-shortest-paths output = any pattern where predicate project columns`."""

    patterns: tuple[GraphPattern, ...]
    where: Expression | None
    project: tuple[NamedExpression, ...]
    hints: tuple[Parameter, ...] = ()


class GraphMarkComponents(Operator, frozen=True):
    """`graph-mark-components kind = weak with_component_id = name`."""

    hints: tuple[Parameter, ...] = ()


class GraphWhereNodes(Operator, frozen=True):
    """`graph-where-nodes predicate`."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()


class GraphWhereEdges(Operator, frozen=True):
    """`graph-where-edges predicate`."""

    predicate: Expression
    hints: tuple[Parameter, ...] = ()


class GraphTable(Node, frozen=True):
    """`nodes as name with_node_id = id` or `edges as name ...`; `part` is nodes or edges."""

    part: str
    name: Name | None
    parameters: tuple[Parameter, ...]


class GraphToTable(Operator, frozen=True):
    """`graph-to-table nodes, edges`."""

    tables: tuple[GraphTable, ...]
