"""Going through a syntax tree without knowing its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from gatelog.kql.ast.expressions import Name, Star
from gatelog.kql.ast.nodes import Node


def descendants(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for name in node.__struct_fields__:
        for child in _nodes(getattr(node, name)):
            yield from descendants(child)


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def names_in(node: Node) -> tuple[str, ...]:
    """The names that an expression refers to, each once."""
    return tuple(dict.fromkeys(found.value for found in descendants(node) if isinstance(found, Name)))


def mentions_all_columns(node: Node) -> bool:
    """Whether an expression has `*` in it: `* has "x"`."""
    return any(isinstance(found, Star) for found in descendants(node))
