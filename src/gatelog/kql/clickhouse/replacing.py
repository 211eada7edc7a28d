"""Expressions with other values in the place of their columns."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gatelog.kql.clickhouse import nodes
from gatelog.kql.clickhouse.sql import Sql


class Replacing:
    """Puts `values` in the place of the columns of these names; `values` may be added to, before expressions
    that read them are asked for. What expressions share is replaced once, and shared again."""

    __slots__ = ("_known", "_values")

    def __init__(self, values: Mapping[str, Sql]) -> None:
        self._values = values
        self._known: dict[int, tuple[Sql, Sql]] = {}

    def __call__(self, node: Sql) -> Sql:
        """The expression with the values in it; itself if it reads none of these columns."""
        if isinstance(node, exp.Column):
            return self._values.get(node.name, node)
        if isinstance(node, exp.Query) or self._values.keys().isdisjoint(nodes.columns_read(node)):
            return node
        known = self._known.get(id(node))
        if known is None:
            # With the node, so that no other gets its id.
            known = self._known[id(node)] = (node, self._made(node))
        return known[1]

    def _made(self, node: Sql) -> Sql:
        if isinstance(node, nodes.Call):
            return nodes.Call(node.name, [self(part) for part in node.parts])
        if isinstance(node, nodes.Filled):
            return nodes.Filled(node.pieces, [self(part) for part in node.parts], node.own)
        if isinstance(node, exp.Binary):
            return self._chain(node)
        return node.__class__(**{key: self._part(part) for key, part in node.args.items()})

    def _chain(self, node: Sql) -> Sql:
        """Operators lean to the left, and a chain of them can be long: it is gone down without recursion."""
        links = []
        while isinstance(node, exp.Binary):
            links.append(node)
            node = node.args["this"]
        made = self(node)
        for link in reversed(links):
            made = link.__class__(this=made, expression=self(link.args["expression"]))
        return made

    def _part(self, part: object) -> object:
        if isinstance(part, list):
            return [self._part(one) for one in part]
        return self(part) if isinstance(part, exp.Expr) else part
