"""A quick look at a stored text: has it the needle's letters, large or small?

Most texts do not even have these, and to lower a text takes longer than to look through it: `lowerUTF8` does,
not `lower`, which knows ASCII alone. How the engine looks is not how it lowers, so only characters count of
which both think the same:

    lowerUTF8 makes           of                      looked for
    k                         K, and Kelvin's sign    no: that has three bytes
    i and a dot above         a dotted I              an i is not the last
    ü, ж, ή                   Ü, Ж, Ή                 yes: one large letter, of as many bytes
    客, ה                     itself                  yes
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql

_CASED = (("à", "ÿ"), ("ā", "ž"), ("ά", "ώ"), ("а", "џ"))
"""Ranges of small letters that have had their large ones for as long as there is Unicode."""

_OF_SEVERAL = frozenset("kåθωσςιμ")
"""Small letters of more than one large letter, those that depend on their neighbours, and those whose large
one is that of another letter too: of the iota below a letter, of the micro sign. The engine loses these.
"""

_ASCII = re.compile(r"[\0-\x7f]+")
_TELLING = 4
"""Letters of ASCII that few texts have: to look for the others too is not worth it."""


def glance(text: Sql, letters: str) -> Sql:
    """Whether a text has these letters (lower case, `in_plain_sight`), large or small; beyond ASCII, those
    that tell most.

    Lowered as ASCII and looked through for one spelling, a text takes about half the time that the engine's
    search without regard to case takes.
    """
    if letters.upper() == letters:
        return has_letters(text, letters)
    if letters.isascii():
        return has_letters(sql.call("lower", text), letters)
    telling = max(_ASCII.findall(letters), key=len, default="")
    if len(telling) >= _TELLING:
        return glance(text, telling)
    return sql.greater(sql.call("positionCaseInsensitiveUTF8", text, letters), 0)


def has_letters(text: Sql, letters: str) -> Sql:
    """Whether a text has these letters just so."""
    return sql.greater(sql.call("position", text, letters), 0)


def in_plain_sight(needle: str) -> str:
    """The longest piece of `needle` (lower case) that texts can only have as it is or in large letters."""
    pieces = [""]
    for character in needle:
        if _is_plain(character):
            pieces[-1] += character
        else:
            pieces.append("")
    return max((piece.rstrip("i") for piece in pieces), key=len)


@cache
def _is_plain(character: str) -> bool:
    if character in _OF_SEVERAL:
        return False
    if character.isascii():
        return True
    if unicodedata.category(character) == "Lo":
        return unicodedata.ucd_3_2_0.category(character) == "Lo"
    large = character.upper()
    return (
        any(first <= character <= last for first, last in _CASED)
        and large.lower() == character != large
        and len(large.encode()) == len(character.encode())
    )
