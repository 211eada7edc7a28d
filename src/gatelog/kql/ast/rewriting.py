"""A syntax tree with other nodes in the place of some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

from msgspec.structs import replace

from gatelog.kql.ast.nodes import Node, Span

Change: TypeAlias = Callable[[Node], "Node | tuple[Node, ...] | None"]
"""What stands in the place of a node: None for the node itself, several for an item of a list."""

Tree = TypeVar("Tree", bound=Node)


def rewritten(node: Tree, change: Change, span: Span | None = None) -> Tree:
    """The tree after `change`, which is asked from the top down; with `span` all of it stands there."""
    changed = change(node)
    if changed is not None:
        return changed  # type: ignore[return-value]  # the place of an expression takes any
    parts: dict[str, Any] = {
        name: _part(getattr(node, name), change, span) for name in node.__struct_fields__
    }
    return replace(node, **{**parts, "span": node.span if span is None else span})


def _part(value: object, change: Change, span: Span | None) -> object:
    if isinstance(value, Node):
        return rewritten(value, change, span)
    if isinstance(value, tuple):
        return tuple(_items(value, change, span))
    return value


def _items(values: tuple[object, ...], change: Change, span: Span | None) -> Iterator[object]:
    for value in values:
        changed = change(value) if isinstance(value, Node) else None
        if isinstance(changed, tuple):
            yield from changed
        else:
            yield changed if changed is not None else _part(value, change, span)
