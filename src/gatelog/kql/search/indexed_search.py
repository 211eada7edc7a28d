"""What an index of words can say about a search, before or instead of reading the text.

    needle     Rechnung 4711,offen                  its runs of letters and digits: rechnung · 4711 · offen
    has        every run is a whole word            → hasAllTokens(words, [...])
    hasprefix  the last run may go on in the text   ┐ whole runs as above; an open run is looked up in the
    contains   the first and the last may           ┘ dictionary → LIKE '%rechnung%'

In the index a byte beyond ASCII is X and its number: größe is grXC3XB6XC3X9Fe. An index may leave out a part
of the texts whose words a second one has: a word is then in the one or the other.

Of two runs next to each other a second index knows which granules have no text with their seam, the end of
the one and the beginning of the other: these are not read. It is asked by a hint, which no row is tried with:
to compute the seams of a text takes longer than to look through it.

    needle     a new invoi           a · new · invoi
    seams      new inv7              of `a` an open start is not enough: it could end any word
               inv0 … inv7           had the needle ended there

The index never loses a row: what it cannot know it does not ask. Where it knows everything (one whole word, a
piece of one word), it answers alone and the text is not read. Of texts that are OMITTED a second index has
the short words; what it cannot know of them either is looked for in the text. So is a piece that begins with
a digit, which could be the end of a byte's number: é12, in the index XC3XA912, has no 912.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from string import digits
from typing import NamedTuple

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.tables.schema import NUMBERS, OMITTED, SEAM_AFTER, SEAM_BEFORE, SEAM_KINDS, SHORT_WORD_MOST
from gatelog.kql.terms import Words

PIECE_LEAST = 3
"""Bytes of a piece worth looking up: shorter ones are in most words, reading the texts is quicker."""


class Run(NamedTuple):
    """Letters and digits in a row; at an open end the text may go on with more of them."""

    text: str
    open_start: bool
    open_end: bool

    @property
    def is_word(self) -> bool:
        """Whether it is a whole word of every text that is found."""
        return not (self.open_start or self.open_end)

    @property
    def last(self) -> str | None:
        """What is before a seam behind it, if that is certain."""
        return None if self.open_start and len(self.text) < SEAM_BEFORE else self.text[-SEAM_BEFORE:]

    @property
    def firsts(self) -> list[str]:
        """What may be after a seam before it; nothing if that could be anything."""
        first, following = self.text[:SEAM_AFTER], self.text[SEAM_AFTER : SEAM_AFTER + 1]
        if not self.open_end or following:
            return [f"{first}{_kind(following)}"]
        return [f"{first}{kind}" for kind in range(SEAM_KINDS)] if len(first) == SEAM_AFTER else []


class Indexed(NamedTuple):
    """A condition that holds for every text that is found; `exact` if it holds for no other."""

    condition: Sql
    exact: bool


def indexed(needle: str, words: Words, *, whole_start: bool, whole_end: bool) -> Indexed | None:
    """What the index says of texts that contain `needle` (lower case), as a whole term at the ends asked for.

    None if it says nothing.
    """
    if not all(map(_is_known, needle)):
        return None
    runs = list(_runs(needle, whole_start=whole_start, whole_end=whole_end))
    whole = [run.text for run in runs if run.is_word]
    pieces = [run.text for run in runs if not run.is_word and len(run.text.encode()) >= PIECE_LEAST]
    tests = list(_tests(words, pieces, whole))
    if not tests:
        return None
    is_piece = pieces == [needle] and not (whole_start or whole_end)
    decides = whole == [needle] or (is_piece and needle[0] not in digits)
    if words.seams is not None:
        tests += [_hint_of(seams, sql.column(words.seams)) for seams in _seams(runs)]
    condition = sql.all_of(tests)
    if words.short is not None:
        omitted = _of_omitted(whole, sql.column(words.sql_name), sql.column(words.short))
        condition = sql.any_of([condition, omitted.condition])
        decides = decides and omitted.exact
    if words.guard is not None:
        condition = sql.all_of([condition, sql.column(words.guard)])
    return Indexed(condition, exact=decides)


def _tests(words: Words, pieces: list[str], whole: list[str]) -> Iterator[Sql]:
    """What is asked for `pieces` of words and for `whole` words."""
    column = sql.column(words.sql_name)
    for piece in pieces:
        yield _in_either(words, _has_piece, piece)
    if words.part is not None:
        for word in whole:
            yield _in_either(words, _has_word, word)
    elif whole:
        yield _has_words(column, whole)


def _in_either(words: Words, test: Callable[[Sql, str], Sql], text: str) -> Sql:
    """What is asked of the words, and of those of the part that they leave out."""
    asked = test(sql.column(words.sql_name), text)
    if words.part is None or words.parted is None:
        return asked
    return sql.any_of([asked, sql.all_of([sql.column(words.parted), test(sql.column(words.part), text)])])


def _has_piece(column: Sql, piece: str) -> Sql:
    return sql.call("like", column, f"%{_spelled(piece)}%")


def _has_word(column: Sql, word: str) -> Sql:
    return _has_words(column, [word])


def _of_omitted(whole: list[str], words: Sql, short_words: Sql) -> Indexed:
    """What is known of texts that are OMITTED and have the words `whole`."""
    short = [word for word in whole if _is_short(word)]
    certain = [word for word in short if not _may_be_in_numbers(word)]
    if certain:
        return Indexed(_has_words(short_words, certain), exact=certain == whole)
    if short:
        conditions = [_has_words(short_words, short), _has_words(short_words, [NUMBERS])]
        return Indexed(sql.any_of(conditions), exact=False)
    return Indexed(_has_words(words, [OMITTED]), exact=False)


def _is_short(word: str) -> bool:
    return len(word) <= SHORT_WORD_MOST or not word.isascii()


def _may_be_in_numbers(word: str) -> bool:
    return set(word) <= set("0123456789e")


def _has_words(column: Sql, words: list[str]) -> Sql:
    return sql.call("hasAllTokens", column, sql.array([sql.literal(_spelled(word)) for word in words]))


def _seams(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Of each two runs next to each other what their seam may be, if anything is known of it."""
    for run, following in pairwise(runs):
        if run.last is not None and following.firsts:
            yield [f"{run.last} {first}" for first in following.firsts]


def _hint_of(either: Sequence[str], seams: Sql) -> Sql:
    asked = sql.call("hasAny", seams, sql.array([sql.literal(seam) for seam in either]))
    return sql.call("indexHint", asked)


def _kind(character: str) -> int:
    """Which of SEAM_KINDS a character is."""
    return next(iter(character.encode()), 0) % SEAM_KINDS


def _runs(needle: str, *, whole_start: bool, whole_end: bool) -> Iterator[Run]:
    start = 0
    while start < len(needle):
        end = start
        while end < len(needle) and needle[end].isalnum():
            end += 1
        if end > start:
            yield Run(needle[start:end], start == 0 and not whole_start, end == len(needle) and not whole_end)
        start = end + 1


def _spelled(word: str) -> str:
    """A word as the index has it."""
    return "".join(chr(byte) if byte < 0x80 else f"X{byte:02X}" for byte in word.encode())


def _is_known(character: str) -> bool:
    """Whether the engine is sure to see the same in a character: one that Unicode 3.2 had.

    A newer one may be a letter here and none there. What a sigma becomes in lower case depends on its
    neighbours, and those of the text are not known.
    """
    return character not in "σς" and unicodedata.ucd_3_2_0.category(character) != "Cn"
