"""Nodes and edges that stand for themselves, with all their properties.

    project n                       the bag of the node's properties
    where array_length(path) > 2    the array of the bags of the path's edges
    project n.age, map(path, x)     not these: they speak of one property, of the graph, or of each edge

Where one does, all properties are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gatelog.kql import ast
from gatelog.kql.ast.rewriting import rewritten
from gatelog.kql.stages.graphs.spread import OVER_PATHS

OF_ELEMENTS = frozenset({"node_id", "node_degree_in", "node_degree_out", "labels"})
"""The functions that take a node, or an edge, and speak of none of its properties."""


def whole_elements(expressions: Iterable[ast.Node], names: Collection[str]) -> set[str]:
    """Those of the pattern's names that an expression takes as a value."""
    found: set[str] = set()

    def look(part: ast.Node) -> ast.Node | None:
        match part:
            case ast.Pipeline():
                return part
            case ast.Member(base=ast.Name(value=name)) if name in names:
                return part
            case ast.Index(base=ast.Name(value=name), index=ast.Literal(value=str())) if name in names:
                return part
            case ast.Call(function=function, arguments=(ast.Name(),)) if function in OF_ELEMENTS:
                return part
            case ast.Call(function=function, arguments=(_, body)) if function in OVER_PATHS:
                rewritten(body, look)
                return part
            case ast.Name(value=name) if name in names:
                found.add(name)
        return None

    for expression in expressions:
        rewritten(expression, look)
    return found
