"""Where the matches of a pattern are, the pattern being the row's: each is marked by bytes that no text has.

    [0-9]+  in  "a1b22"   ──►   a‹1›b‹22›        ‹ is the byte 254, › the byte 255

The bytes are materialized, so that no message of the engine shows them: it would be no text.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql

_MARKED = r"replaceRegexpAll(text, pattern, concat(char(materialize(254)), '\\0', char(materialize(255))))"
_COUNT = """
countSubstrings(marked, char(materialize(254)))
    - countSubstrings(marked, concat(char(materialize(254)), char(materialize(255))))
"""
_PIECES = r"splitByString(char(254), replaceRegexpAll(text, pattern, concat(char(materialize(254)), '\\0')))"
_PLACE = """
if(
    length(pieces) > occurrence,
    toInt64(lengthUTF8(arrayStringConcat(arraySlice(pieces, 1, occurrence)))),
    NULL
)
"""


def match_count(text: Sql, pattern: Sql) -> Sql:
    """The matches that are not empty, as `countMatches` counts those of a constant pattern."""
    marked = formula(_MARKED, text=text, pattern=pattern)
    return sql.with_value(marked, "marked", lambda known: formula(_COUNT, marked=known))


def match_place(text: Sql, pattern: Sql, occurrence: Sql) -> Sql:
    """The characters before a match, the first being number 1; NULL where there are fewer."""
    pieces = formula(_PIECES, text=text, pattern=pattern)
    return sql.with_value(
        pieces, "pieces", lambda known: formula(_PLACE, pieces=known, occurrence=occurrence)
    )
