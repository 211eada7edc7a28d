r"""What the letters of a needle say before they are looked for: in plain texts, and in JSON.

    request_body       {"messages":[{"role":"user","content":"Gr\u00f6\u00dfe 5.0 ml"}]}     stored
    RequestMessages    [{"role":"user","content":"Größe 5.0 ml"}]                             read from it

Letters and digits of a value that is read from JSON are in the JSON too, so where it has not even these, it
need not be read, which takes longer by far. Not so, and thus not relied upon:

    \u00f6             an escape can be any character                    ┐ texts with these
    U+2028 U+2029      the engine writes them as escapes, of letters    ┘ are read
    1e2 → 100          numbers are written anew                         ┐ no letters
    "role":"user"      the view itself may add some                     ┘ to look for

Where the words of the JSON are indexed, the index is asked before: a word of the value is one of the JSON, or
the end of one (`\nwagon`), or it has an escape of ASCII, `\u0077agon`: then `u00` is in a word of the JSON.
"""

from __future__ import annotations

import re

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.search.indexed_search import indexed
from gatelog.kql.terms import Origin

LETTERS_LEAST = 4
"""Letters worth looking for: fewer are in most texts."""

_RESPELT = ("\\u", "\u2028", "\u2029")
_OF_NUMBERS = frozenset("0123456789e")
_ESCAPED_ASCII = "u00"
_LETTERS = re.compile("[a-z0-9]+")
_LETTERS_AND_SPACES = re.compile("[a-z0-9 ]+")
"""A space within a value is one in the JSON, or an escape."""


def seen_in(origin: Origin, needle: str) -> Sql | None:
    """A condition that holds wherever a value read from `origin` contains `needle`, in any case; None if
    there is nothing to look for.
    """
    telling = _telling(origin, needle, _LETTERS_AND_SPACES)
    if not telling:
        return None
    column = sql.column(origin.sql_name)
    needles = sql.array([sql.literal(text) for text in (max(telling, key=len), *_RESPELT)])
    return sql.eq(sql.call("multiSearchAny", sql.call("lower", column), needles), 1)


def indexed_in(origin: Origin, needle: str) -> Sql | None:
    """A condition on the indexed words of `origin` that holds wherever a value read from it contains
    `needle`, in any case; None if there is nothing to ask.

    Of letters alone: in JSON nothing is spelled with letters that they could be the end of.
    """
    if origin.words is None:
        return None
    pieces = dict.fromkeys(piece for piece in _telling(origin, needle, _LETTERS) if piece.isalpha())
    known = [indexed(piece, origin.words, whole_start=False, whole_end=False) for piece in pieces]
    conditions = [each.condition for each in known if each is not None]
    if not conditions:
        return None
    escaped = sql.call("like", sql.column(origin.words.sql_name), f"%{_ESCAPED_ASCII}%")
    return sql.any_of([sql.all_of(conditions), escaped])


def _telling(origin: Origin, needle: str, kind: re.Pattern[str]) -> list[str]:
    """The pieces of `needle`, of these characters, that are in the JSON wherever a value has it."""
    pieces = (run.strip() for piece in _ascii_pieces(needle.lower()) for run in kind.findall(piece))
    return [piece for piece in pieces if _tells(piece, origin.added)]


def _ascii_pieces(needle: str) -> list[str]:
    """The pieces of ASCII between other characters.

    Two of these become ASCII in lower case: the sign of Kelvin becomes k, and a dotted I an i before a mark.
    """
    return [piece.rstrip("i") for piece in re.split(r"[^\0-\x7f]+|k", needle)]


def _tells(piece: str, added: str) -> bool:
    return len(piece) >= LETTERS_LEAST and piece not in added and not set(piece) <= _OF_NUMBERS
