"""materialize(): a table that comes out another way each time is made once for all its uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.names.context import Context
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages import Graph, copied, kept, settled


class _Made(NamedTuple):
    """What one call made. It holds the two whose ids are its place, so that no others get these."""

    node: ast.Call
    scope: Scope
    relation: Relation


class Materialized:
    """The tables that a query materializes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._made: dict[tuple[int, int], _Made] = {}

    def table(
        self, node: ast.Call, scope: Scope, bind_table: Callable[[ast.Expression, Scope], Relation]
    ) -> Relation:
        """The table of a call of materialize(); one that draws nothing streams, at each use anew."""
        place = (id(node), id(scope))
        if place not in self._made:
            before = self._context.draws
            relation = bind_table(node.arguments[0], scope)
            if isinstance(relation, Graph) or self._context.draws == before:
                return settled(relation)
            self._made[place] = _Made(node, scope, kept(relation, self._context))
        return copied(self._made[place].relation, self._context)
