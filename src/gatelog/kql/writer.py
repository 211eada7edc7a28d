"""The last stage: a SELECT as ClickHouse's text.

A statement shares its parts: what a formula says twice is one node under two parents. Each node is written
once and its text used again, so the work grows with the nodes that were made, not with the text.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.generators.clickhouse import ClickHouseGenerator

from gatelog.errors import KqlBudgetError
from gatelog.kql.dialect import Verbatim
from gatelog.kql.sql import Sql

TEXT_CHARACTERS_MAX = 1024 * 1024
"""Length of a statement, far beyond what the engine reads. Parts are shared: a few lines can stand for a text
without end, `let b = a + a; let c = b + b; …`."""


def written(select: exp.Select) -> str:
    """The text of a statement. Its nodes may be changed on the way: it is not to be used afterwards."""
    return _Writer().generate(select, copy=False)


class _Writer(ClickHouseGenerator):
    """ClickHouse's generator with a memory, and with short ways for the nodes that statements are full of."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        super().__init__(dialect=Verbatim)
        self._texts: dict[int, tuple[Sql, str]] = {}

    def sql(self, expression: str | Sql | None, key: str | None = None, comment: bool = True) -> str:
        """The text of a node, or of what it has under `key`; a text is its own."""
        if key is not None and isinstance(expression, exp.Expr):
            expression = expression.args.get(key)
        if expression is None or isinstance(expression, str):
            return expression or ""
        write_leaf = _LEAVES.get(expression.__class__)
        if write_leaf is not None:
            return write_leaf(expression)
        known = self._texts.get(id(expression))
        if known is not None:
            return known[1]
        write = _SHORT_WAYS.get(expression.__class__)
        text = super().sql(expression, comment=comment) if write is None else write(self, expression)
        if len(text) > TEXT_CHARACTERS_MAX:
            raise KqlBudgetError(
                "the query is too long for the engine", hint="use each computed value fewer times"
            )
        self._texts[id(expression)] = (expression, text)  # with the node, so that no other gets its id
        return text


def _function(writer: _Writer, node: Sql) -> str:
    """`name(arguments)`, the name as given."""
    arguments = ", ".join([writer.sql(one) for one in node.args.get("expressions") or () if one is not None])
    return f"{writer.sql(node.args['this'])}({arguments})"


def _literal(node: Sql) -> str:
    text: str = node.args["this"]
    return f"'{text.translate(_ESCAPES)}'" if node.args["is_string"] else text


def _identifier(node: Sql) -> str:
    text: str = node.args["this"]
    return f'"{text.translate(_NAME_ESCAPES)}"' if node.args.get("quoted") else text


def _column(writer: _Writer, node: Sql) -> str:
    table = node.args.get("table")
    name = writer.sql(node.args["this"])
    return f"{writer.sql(table)}.{name}" if table else name


def _paren(writer: _Writer, node: Sql) -> str:
    return f"({writer.sql(node.args['this'])})"


_ESCAPES = str.maketrans({**Verbatim.ESCAPED_SEQUENCES, "'": "''"})
_NAME_ESCAPES = str.maketrans({**Verbatim.IDENTIFIER_ESCAPED_SEQUENCES, '"': '""'})

_LEAVES: dict[type[Sql], Callable[[Sql], str]] = {exp.Identifier: _identifier, exp.Literal: _literal}

_SHORT_WAYS: dict[type[Sql], Callable[[_Writer, Sql], str]] = {
    exp.Anonymous: _function,
    exp.Column: _column,
    exp.Paren: _paren,
}
"""Nodes whose text depends on nothing but their parts: with the leaves, nine of ten of a statement."""
