"""Texts cut at a delimiter and put together with one.

ClickHouse wants a delimiter that is a constant. Where each row has one of its own, a byte that no text has
stands in its place:

    a, b ── cut at the row's ", " ──►  replaced: a␀b  ── cut at ␀ ──►  [a] [b]
"""

from __future__ import annotations

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql

_CHARACTER = "(?s)."


def _mark() -> Sql:
    """A byte that UTF-8 has no use for."""
    return sql.call("char", 255)


def pieces_of(delimiter: Sql, text: Sql) -> Sql:
    """What stands between the delimiters, Array(String); with an empty one, the characters."""
    if isinstance(delimiter, exp.Literal) and delimiter.name:
        return sql.call("splitByString", delimiter, text)
    characters = sql.call("extractAll", text, _CHARACTER)
    alone = sql.if_(sql.eq(text, ""), sql.array([sql.literal("")]), characters)
    if isinstance(delimiter, exp.Literal):
        return alone
    cut = sql.call("splitByString", _mark(), sql.call("replaceAll", text, delimiter, _mark()))
    return sql.if_(sql.eq(delimiter, ""), alone, cut)


def joined(texts: Sql, delimiter: Sql) -> Sql:
    """The texts, Array(String), with the delimiter between them."""
    if isinstance(delimiter, exp.Literal):
        return sql.call("arrayStringConcat", texts, delimiter)
    return sql.call("replaceAll", sql.call("arrayStringConcat", texts, _mark()), _mark(), delimiter)
