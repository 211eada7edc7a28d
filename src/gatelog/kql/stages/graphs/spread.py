"""An expression that speaks of an edge of variable length, said of each of its edges.

    where e.kind == "trusts"        all(e, kind == "trusts")        true where it is true of every edge
    project strcat(e.kind, "!")     map(e, strcat(kind, "!"))       an array with a value for each edge

Properties of the edge at hand have names of the compiler's own, so that no other name is taken for one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.ast.rewriting import rewritten
from gatelog.kql.names.context import Context
from gatelog.kql.names.own_names import own_name

OVER_PATHS = frozenset({"all", "any", "map"})
"""The functions over the edges or the inner nodes of a path."""


def edge_property(path: str, key: str) -> str:
    """What the body calls a property of the edge at hand."""
    return own_name(path, key)


class Spread(NamedTuple):
    """What is said of each edge of a path."""

    path: str
    body: ast.Expression


def spread(node: ast.Expression, paths: Collection[str], context: Context) -> Spread | None:
    """What an expression says of each edge of a path; None where it speaks of the properties of none."""
    found: set[str] = set()

    def of_edge(part: ast.Node) -> ast.Node | None:
        match part:
            case ast.Call(function=name) if name in OVER_PATHS:
                return part
            case (
                ast.Member(base=ast.Name(value=path), name=key)
                | ast.Index(base=ast.Name(value=path), index=ast.Literal(value=str() as key))
            ) if path in paths:
                found.add(path)
                return ast.Name(part.span, edge_property(path, key))
            case _:
                return None

    body = rewritten(node, of_edge)
    if not found:
        return None
    if len(found) > 1:
        both = " and ".join(f"'{path}'" for path in sorted(found))
        hint = "take the properties of each with map()"
        raise context.error(node, f"{both} are edges of variable length: their edges have no pairs", hint)
    return Spread(found.pop(), body)
