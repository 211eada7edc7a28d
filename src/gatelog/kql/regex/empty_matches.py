r"""Replacing what a pattern matches where it may match nothing: `a*`, `\b`, `$`.

Kusto's library, as RE2's own GlobalReplace, knows no empty match right behind another match: of "aaa", `a*`
is found once. The engine finds it twice, and between the bytes of a character, too. So each match is marked
by bytes that no text has, and what Kusto does not find is left out:

    a*  in  "baac"   ──►   ‹›x|b‹aa›x|‹›x|c‹›x|   ──►   xbxcx        ‹ the byte 254, › 255, | 253
"""

from __future__ import annotations

import re

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql

_TOKEN = re.compile(
    r"""
      (?P<flags> \(\?[A-Za-z-]+\) )
    | (?P<open> \(\?P?<\w+> | \(\?[A-Za-z-]*:? | \( )
    | (?P<close> \) )
    | (?P<bar> \| )
    | (?P<none> [*?] \?? | \{0[^}]*\} \?? )          # what stands before it may be left out
    | (?P<some> \+ \?? | \{[1-9]\d*(?:,\d*)?\} \?? )
    | (?P<place> [\^$] | \\[AbBzZ] | \\Q\\E )
    | (?P<item>
          \\[pPx]\{[^}]*\} | \\[pP][A-Z] | \\x[0-9A-Fa-f]{2} | \\[0-7]{1,3} | \\Q.+?\\E | \\.
        | \[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\] | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)


class _Group:
    """A group while it is read: what was read so far of the alternative at hand takes a character or not."""

    def __init__(self) -> None:
        self.every_other = True
        self.before = False
        self.last = False

    def settle(self) -> None:
        """The last item has no quantifier that lets it out."""
        self.before, self.last = self.before or self.last, False

    def next_alternative(self) -> None:
        self.settle()
        self.every_other, self.before = self.every_other and self.before, False


def may_match_nothing(pattern: str) -> bool:
    """Whether a regular expression may match no character at all."""
    groups = [_Group()]
    for found in _TOKEN.finditer(pattern):
        match found.lastgroup:
            case "open":
                groups[-1].settle()
                groups.append(_Group())
            case "close" if len(groups) > 1:
                inner = groups.pop()
                inner.next_alternative()
                groups[-1].last = inner.every_other
            case "bar":
                groups[-1].next_alternative()
            case "none":
                groups[-1].last = False
            case "item":
                groups[-1].settle()
                groups[-1].last = True
    groups[0].next_alternative()
    return not groups[0].every_other


_MARKED = r"""
splitByString(char(253), replaceRegexpAll(
    text,
    pattern,
    concat(char(materialize(254)), '\\0', char(materialize(255)), replacement, char(materialize(253)))
))
"""
"""The bytes are materialized, so that no message of the engine shows them: it would be no text."""

_REPLACED = """
arrayStringConcat(arrayMap(
    (piece, next, place) -> if(
        position(piece, char(254)) = 0,
        piece,
        concat(
            substring(piece, 1, position(piece, char(254)) - 1),
            if(
                position(piece, char(255)) = position(piece, char(254)) + 1
                    AND (
                        (place > 1 AND position(piece, char(254)) = 1)
                        OR bitAnd(reinterpretAsUInt8(substring(next, 1, 1)), 192) = 128
                    ),
                '',
                substring(piece, position(piece, char(255)) + 1)
            )
        )
    ),
    pieces,
    arrayPushBack(arrayPopFront(pieces), ''),
    arrayEnumerate(pieces)
))
"""
"""A byte of 10xxxxxx goes on with a character: an empty match before it lies within that."""


def replaced(text: Sql, pattern: Sql, replacement: Sql) -> Sql:
    """The text with each match of the pattern replaced, which may refer to groups."""
    marked = formula(_MARKED, text=text, pattern=pattern, replacement=replacement)
    return sql.with_value(marked, "pieces", lambda pieces: formula(_REPLACED, pieces=pieces))
