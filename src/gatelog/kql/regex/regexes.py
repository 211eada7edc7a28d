"""Regular expressions as the engine takes them: RE2's, with small differences that are settled here."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.regex.syntax import SPECIAL, quote_pattern, read_regex
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

__all__ = [
    "DOT_STOPS_AT_NEWLINE",
    "SPECIAL",
    "engine_pattern",
    "quote_pattern",
    "read_regex",
    "regex_of",
    "regex_of_one",
]

DOT_STOPS_AT_NEWLINE = "(?-s)"
"""ClickHouse lets `.` match a newline, Kusto does not."""

_OF_A_ROW = "(?i-s)(?-i)"
"""The same before a pattern that is not read here. Where case is of no interest the engine does not first
look for a text that all matches have, which it gets wrong of `é?` (see `syntax`)."""


def engine_pattern(pattern: str) -> str:
    """A constant regular expression of the author's; raises Misfit for what is none."""
    return DOT_STOPS_AT_NEWLINE + read_regex(pattern).text


def regex_of_one(pattern: Term) -> Sql:
    """The same for a place where it is only asked whether there is a match."""
    constant = pattern.constant.value if pattern.constant is not None else None
    if not isinstance(constant, str) or pattern.type is not KqlType.STRING:
        return regex_of(pattern)
    found = read_regex(constant)
    is_simple = found.around == f"({found.text})"
    return sql.literal(DOT_STOPS_AT_NEWLINE + (found.text if is_simple else found.around))


def regex_of(pattern: Term) -> Sql:
    """A regular expression of the author's; one that each row has is taken as RE2 reads it."""
    if pattern.type is not KqlType.STRING:
        raise Misfit("a regular expression must be a string")
    if pattern.constant is not None:
        return sql.literal(engine_pattern(str(pattern.constant.value)))
    return sql.call("concat", _OF_A_ROW, pattern.sql)
