"""How long an expression is when it is written, without writing it."""

from __future__ import annotations

from sqlglot import exp

from gatelog.kql.clickhouse import nodes
from gatelog.kql.clickhouse.sql import Sql


def is_longer(node: Sql, characters: int) -> bool:
    """Whether the text of an expression has more characters; the signs of operators are left out."""
    waiting: list[object] = [node]
    while waiting and characters >= 0:
        part = waiting.pop()
        if isinstance(part, nodes.Leaf):
            characters -= len(part.written)
        elif isinstance(part, nodes.Call):
            characters -= len(part.name) + 2 * len(part.parts)
            waiting += part.parts
        elif isinstance(part, nodes.Filled):
            for piece in part.pieces:
                if isinstance(piece, str):
                    characters -= len(piece)
                else:
                    waiting.append(part.parts[piece])
        elif isinstance(part, exp.Expr):
            waiting += part.args.values()
        elif isinstance(part, list):
            waiting += part
    return characters < 0
