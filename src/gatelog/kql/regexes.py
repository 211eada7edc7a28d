"""Regular expressions: Kusto and ClickHouse both run RE2, with small differences that are settled here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatelog.kql import sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

DOT_STOPS_AT_NEWLINE = "(?-s)"
"""ClickHouse lets `.` match a newline, Kusto does not."""


SPECIAL = r"[\\.+*?()|\[\]{}^$]"
"""A character that means more than itself in a pattern."""


def quote_pattern(text: str) -> str:
    """A text as an RE2 pattern that matches just it."""
    return re.sub(SPECIAL, lambda special: "\\" + special[0], text)


_PIECES = re.compile(r"\\.|.", re.DOTALL)
_LOOKAROUNDS = ("(?=", "(?!", "(?<=", "(?<!")
_GROUP = re.compile(r"\((?!\?)|\(\?P?<(?P<name>\w+)>")


def _scan(pattern: str) -> Iterator[tuple[int, str, bool]]:
    """The characters and escapes of a pattern: place, text, and whether inside [...]; an empty one at the
    end."""
    in_class = False
    for found in _PIECES.finditer(pattern):
        yield found.start(), found[0], in_class
        in_class = found[0] == "[" or (in_class and found[0] != "]")
    yield len(pattern), "", in_class


def checked(pattern: str) -> str:
    """The pattern; raises Misfit when RE2 would refuse it for one of the usual reasons."""
    depth, open_class = 0, False
    for place, piece, open_class in _scan(pattern):
        if piece == "\\":
            raise Misfit("the regular expression ends with a backslash", "write \\\\ or use @'...'")
        if open_class:
            continue
        if len(piece) == 2 and piece[1] in "123456789":
            raise Misfit("a regular expression cannot refer back to a group", "RE2 has no back-references")
        if pattern.startswith(_LOOKAROUNDS, place):
            raise Misfit("a regular expression cannot look around", "RE2 has no lookahead or lookbehind")
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth < 0:
            break
    if depth != 0 or open_class:
        raise Misfit("a bracket of the regular expression is not closed, or was not opened")
    return pattern


def group_count(pattern: str) -> int:
    """The number of capturing groups of a regular expression."""
    return len(group_names(pattern))


def group_names(pattern: str) -> list[str]:
    """The names of the capturing groups in their order; a group without a name has an empty one."""
    places = (place for place, piece, in_class in _scan(pattern) if piece == "(" and not in_class)
    groups = (found for place in places if (found := _GROUP.match(pattern, place)) is not None)
    return [found["name"] or "" for found in groups]


def unicode_aware(pattern: str) -> str:
    """A pattern whose `\\s` and `\\d` mean all of Unicode's spaces and digits, as in Kusto; RE2 knows
    ASCII's."""
    wider: list[str] = []
    in_class = False
    for piece in re.findall(r"\\.|.", pattern, re.DOTALL):
        known = _UNICODE_CLASSES.get(piece, piece)
        wider.append(known if in_class or known == piece else f"[{known}]")
        in_class = piece == "[" or (in_class and piece != "]")
    return "".join(wider)


_UNICODE_CLASSES = {"\\s": r"\s\x{85}\pZ", "\\d": r"\p{Nd}"}


def regex_of(pattern: Term) -> Sql:
    """A regular expression of the author's."""
    if pattern.type is not KqlType.STRING:
        raise Misfit("a regular expression must be a string")
    if pattern.constant is not None:
        return sql.literal(DOT_STOPS_AT_NEWLINE + unicode_aware(checked(str(pattern.constant.value))))
    return sql.call("concat", DOT_STOPS_AT_NEWLINE, pattern.sql)
