"""How large an expression is for the engine, which puts what a name stands for wherever the name is.

    WITH f(x, x) AS a, g(a, a) AS b SELECT h(b, b)   is   h(g(f(x, x), f(x, x)), g(f(x, x), f(x, x)))

It analyses each node of this, 25 µs a node, and a few lines of KQL can stand for more than there is time for.
The columns of a subquery stay names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from gatelog.kql.clickhouse import nodes
from gatelog.kql.clickhouse.sql import Sql


class Scale:
    """Weighs expressions in which the names of `columns` stand for theirs; columns may be added to these."""

    __slots__ = ("_columns", "_known")

    def __init__(self, columns: Mapping[str, Sql | None]) -> None:
        self._columns = columns
        self._known: dict[int, int] = {}

    def weight(self, node: Sql) -> int:
        """The nodes that the engine sees in an expression; a subquery counts as one."""
        if isinstance(node, nodes.Leaf):
            stands_for = self._columns.get(node.name) if isinstance(node, nodes.Column) else None
            return 1 if stands_for is None else self.weight(stands_for)
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self._weighed(node)
        return known

    def _weighed(self, node: Sql) -> int:
        if isinstance(node, nodes.Composed):
            return node.own + sum(map(self.weight, node.parts))
        if isinstance(node, exp.Binary):
            return self._weight_of_chain(node)
        return 1 if isinstance(node, exp.Query) else 1 + self._sum(node.args.values())

    def _weight_of_chain(self, node: Sql) -> int:
        """Operators lean to the left, and a chain of them can be long: it is gone down without recursion."""
        total = 0
        while isinstance(node, exp.Binary):
            total += 1 + self.weight(node.args["expression"])
            node = node.args["this"]
        return total + self.weight(node)

    def _sum(self, parts: Iterable[object]) -> int:
        total = 0
        for part in parts:
            if isinstance(part, list):
                total += self._sum(part)
            elif isinstance(part, exp.Expr):
                total += self.weight(part)
        return total
