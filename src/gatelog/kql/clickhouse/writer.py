"""The last stage: a SELECT as ClickHouse's text.

A statement shares its parts: what a formula says twice is one node under two parents. Each node is written
once and its text used again, so the work grows with the nodes that were made, not with the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.generators.clickhouse import ClickHouseGenerator

from gatelog.errors import KqlBudgetError
from gatelog.kql.clickhouse import nodes
from gatelog.kql.clickhouse.dialect import Verbatim
from gatelog.kql.clickhouse.sql import Sql

TEXT_CHARACTERS_MAX = 1024 * 1024
"""Length of a statement, far beyond what the engine reads. Parts are shared: a few lines can stand for a text
without end, `let b = a + a; let c = b + b; …`."""


def written(select: exp.Select) -> str:
    """The text of a statement. Its nodes may be changed on the way: it is not to be used afterwards."""
    return _Writer().generate(select, copy=False)


def text_of(node: Sql) -> str:
    """The text of an expression."""
    return node.written if isinstance(node, nodes.Leaf) else _Writer().sql(node)


class _Writer(ClickHouseGenerator):
    """ClickHouse's generator with a memory, and with short ways for the nodes that statements are full of."""

    __slots__ = ("_others", "_texts")

    def __init__(self) -> None:
        super().__init__(dialect=Verbatim)
        self._texts: dict[nodes.Shared, str] = {}
        self._others: dict[int, tuple[Sql, str]] = {}

    def sql(self, expression: str | Sql | None, key: str | None = None, comment: bool = True) -> str:
        """The text of a node, or of what it has under `key`; a text is its own."""
        if key is not None and isinstance(expression, exp.Expr):
            expression = expression.args.get(key)
        if isinstance(expression, nodes.Shared):
            return self.shared(expression)
        if expression is None or isinstance(expression, str):
            return expression or ""
        known = self._others.get(id(expression))
        if known is not None:
            return known[1]
        write = _WAYS.get(expression.__class__)
        text = super().sql(expression, comment=comment) if write is None else write(self, expression)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise _too_long()
        self._others[id(expression)] = (expression, text)  # with the node, so that no other gets its id
        return text

    def shared(self, node: nodes.Shared) -> str:
        """The text of a node that may be below several others: written when it is met first."""
        if isinstance(node, nodes.Leaf):
            return node.written
        known = self._texts.get(node)
        if known is not None:
            return known
        text = self._texts[node] = _WAYS[node.__class__](self, node)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise _too_long()
        return text


def _too_long() -> KqlBudgetError:
    message = "the query is too long for the engine"
    return KqlBudgetError(message, hint="use each computed value fewer times")


def _function(writer: _Writer, node: nodes.Call) -> str:
    """`name(arguments)`, the name as given."""
    return f"{node.name}({', '.join(_texts(writer, node.parts))})"


def _texts(writer: _Writer, parts: list[Sql]) -> list[str]:
    """The texts of nodes; to look at the leaves here saves a call for most of them."""
    return [part.written if isinstance(part, nodes.Leaf) else writer.sql(part) for part in parts]


def _filled(writer: _Writer, node: nodes.Filled) -> str:
    """A formula with its values in their places."""
    texts = _texts(writer, node.parts)
    return "".join([piece if isinstance(piece, str) else texts[piece] for piece in node.pieces])


def _alias(writer: _Writer, node: Sql) -> str:
    return f"{writer.sql(node.args['this'])} AS {writer.sql(node.args['alias'])}"


def _operator(sign: str) -> Callable[[_Writer, Sql], str]:
    """`left sign right`. A chain leans to the left and can be long: it is gone down without recursion."""
    between = f" {sign} "

    def write(writer: _Writer, node: Sql) -> str:
        kind = node.__class__
        texts = []
        while node.__class__ is kind:
            texts.append(writer.sql(node.args["expression"]))
            node = node.args["this"]
        texts.append(writer.sql(node))
        return between.join(reversed(texts))

    return write


def _not(writer: _Writer, node: Sql) -> str:
    return f"NOT {writer.sql(node.args['this'])}"


def _lambda(writer: _Writer, node: Sql) -> str:
    parameters = _texts(writer, node.args["expressions"])
    listed = parameters[0] if len(parameters) == 1 else f"({', '.join(parameters)})"
    return f"{listed} -> {writer.sql(node.args['this'])}"


def _subquery(writer: _Writer, node: Sql) -> str:
    alias = node.args.get("alias")
    named = f" AS {writer.sql(alias)}" if alias is not None else ""
    return f"({writer.sql(node.args['this'])}){named}"


def _in(writer: _Writer, node: Sql) -> str:
    given = node.args
    among = given.get("query")
    listed = f"({', '.join(_texts(writer, given['expressions']))})" if among is None else writer.sql(among)
    return f"{writer.sql(given['this'])} IN {listed}"


def _from(writer: _Writer, node: Sql) -> str:
    return f" FROM {writer.sql(node.args['this'])}"


def _where(writer: _Writer, node: Sql) -> str:
    return f" WHERE {writer.sql(node.args['this'])}"


def _join(writer: _Writer, node: Sql) -> str:
    given = node.args
    words = [given[word] for word in ("side", "kind") if given.get(word)]
    tables = _texts(writer, [given["this"], *given.get("expressions", ())])
    on = f" ON {writer.sql(given['on'])}" if "on" in given else ""
    return f" {' '.join(words)} JOIN {', '.join(tables)}{on}"


def _group(writer: _Writer, node: Sql) -> str:
    return f" GROUP BY {', '.join(_texts(writer, node.args['expressions']))}"


def _order(writer: _Writer, node: Sql) -> str:
    return f" ORDER BY {', '.join(_texts(writer, node.args['expressions']))}"


def _ordered(writer: _Writer, node: Sql) -> str:
    """A key of an order; without a word the engine has nulls at the end, whatever the direction."""
    given = node.args
    descending = given.get("desc")
    direction = "" if descending is None else " DESC" if descending else " ASC"
    return f"{writer.sql(given['this'])}{direction}{' NULLS FIRST' if given.get('nulls_first') else ''}"


def _limit(writer: _Writer, node: Sql) -> str:
    given = node.args
    within = given.get("expressions")
    by = f" BY {', '.join(_texts(writer, within))}" if within else ""
    return f" LIMIT {writer.sql(given['expression'])}{by}"


def _select(writer: _Writer, node: Sql) -> str:
    """`WITH ... SELECT ...` and its clauses, each with a blank before it."""
    given = node.args
    helpers = given.get("with_")
    before = f"WITH {', '.join(_texts(writer, helpers.args['expressions']))} " if helpers is not None else ""
    source = writer.sql(given.get("from_"))
    joins = "".join([writer.sql(join) for join in given.get("joins") or ()])
    others = "".join([writer.sql(given[clause]) for clause in _CLAUSES if clause in given])
    return f"{before}SELECT {', '.join(_texts(writer, given['expressions']))}{source}{joins}{others}"


_CLAUSES = ("where", "group", "order", "limit")
"""What may follow the source, in the order in which it does."""


def _paren(writer: _Writer, node: Sql) -> str:
    return f"({writer.sql(node.args['this'])})"


def _tuple(writer: _Writer, node: Sql) -> str:
    return f"({', '.join(_texts(writer, node.args['expressions']))})"


def _negative(writer: _Writer, node: Sql) -> str:
    """`-x`, and no comment where x begins with the sign itself."""
    text = writer.sql(node.args["this"])
    return f"- {text}" if text.startswith("-") else f"-{text}"


def _parametric(writer: _Writer, node: Sql) -> str:
    """`function(parameters)(arguments)`."""
    given = node.args
    parameters, arguments = (", ".join(_texts(writer, given[key])) for key in ("expressions", "params"))
    return f"{given['this']}({parameters})({arguments})"


def _table_alias(writer: _Writer, node: Sql) -> str:
    return writer.sql(node.args["this"])


_OF_KINDS: dict[type[Sql], Callable[[_Writer, Sql], str]] = {
    exp.Paren: _paren,
    exp.Alias: _alias,
    exp.CTE: _alias,
    exp.Not: _not,
    exp.Lambda: _lambda,
    exp.Subquery: _subquery,
    exp.Select: _select,
    exp.Union: _operator("UNION ALL"),
    exp.TableAlias: _table_alias,
    exp.In: _in,
    exp.From: _from,
    exp.Join: _join,
    exp.Where: _where,
    exp.Group: _group,
    exp.Order: _order,
    exp.Ordered: _ordered,
    exp.Limit: _limit,
    exp.Tuple: _tuple,
    exp.Neg: _negative,
    exp.ParameterizedAgg: _parametric,
    exp.Add: _operator("+"),
    exp.Sub: _operator("-"),
    exp.Mul: _operator("*"),
    exp.Div: _operator("/"),
    exp.EQ: _operator("="),
    exp.NEQ: _operator("<>"),
    exp.NullSafeEQ: _operator("IS NOT DISTINCT FROM"),
    exp.LT: _operator("<"),
    exp.LTE: _operator("<="),
    exp.GT: _operator(">"),
    exp.GTE: _operator(">="),
    exp.And: _operator("AND"),
    exp.Or: _operator("OR"),
}
_WAYS: dict[type[Sql], Callable[[_Writer, Any], str]] = {
    nodes.Call: _function,
    nodes.Filled: _filled,
    **_OF_KINDS,
    **{shared: _OF_KINDS[kind] for kind, shared in nodes.KINDS.items()},
}
"""Nodes whose text depends on nothing but their parts: with the leaves, nine of ten of a statement."""
