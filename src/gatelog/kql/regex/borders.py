r"""`\b` at the start and at the end of a pattern, of words in all scripts: RE2's knows ASCII's only.

    \b(\w+)\b      the longest word there is           ──►   (\w+)
    \bстоп\b       of the first match, what is beside  ──►   (?:\A|[^\w]) стоп (?:[^\w]|\z)

What is beside is then a part of what matches, so this is for functions that look for one match. A `\b` within
a pattern, or beside something that may be no character of a word, stays RE2's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gatelog.kql.regex import code_points
from gatelog.kql.regex.classes import bracketed, perl_class

_BORDER = r"\b"
_MOST_GROUPS = 100
"""Groups of a pattern whose borders are looked into, for each is walked through."""

_FLAGS = re.compile(r"(?:\(\?[A-Za-z-]+\))?")
_SIMPLE_CLASS = re.compile(r"\[(?:\w(?:-\w)?)+\]")
_RANGE = re.compile(r"(\w)(?:-(\w))?")
_OPTIONAL = re.compile(r"[*?]|\{0\b.*")
_QUANTIFIER = re.compile(r"[*+?]|\{\d.*")
_WORDS = (bracketed(perl_class("w", unicode=True)), bracketed(perl_class("d", unicode=True)))
_NO_WORD = bracketed(perl_class("w", unicode=True), inverted=True)


class Bounded(NamedTuple):
    """A pattern in pieces, and what must be before and after it."""

    before: str
    pieces: Sequence[str]
    after: str


def bounded(pieces: Sequence[str]) -> Bounded:
    """The pattern without the borders at its ends, where they can be told otherwise."""
    if _BORDER not in pieces or "".join(pieces).isascii() or _has_branches(pieces):
        return Bounded("", pieces, "")
    if sum(map(_is_open, pieces)) > _MOST_GROUPS:
        return Bounded("", pieces, "")
    inner = list(pieces)
    before = after = ""
    last = _last_place(inner, len(inner) - 1)
    if inner[last] == _BORDER and _is_word_before(inner, last):
        inner.pop(last)
        end = _last_place(inner, last - 1) + 1
        after = "" if _is_whole_word(inner[max(end - 2, 0) : end]) else rf"(?:{_NO_WORD}|\z)"
    first = _first_place(inner, 0)
    if inner[first : first + 1] == [_BORDER] and _is_word_after(inner, first + 1):
        inner.pop(first)
        start = _first_place(inner, first)
        whole = _is_whole_word(inner[start : start + 2]) and inner[start + 2 : start + 3] != ["?"]
        before = "" if whole else rf"(?:\A|{_NO_WORD})"
    return Bounded(before, inner, after)


def _first_place(pieces: Sequence[str], place: int) -> int:
    """Where a pattern begins: behind flags, and in the groups that begin with it and are there once."""
    while place < len(pieces):
        if _is_open(pieces[place]):
            branches, end = _branches(pieces, place)
            if len(branches) > 1 or _is_repeated(pieces, end):
                return place
        elif not _FLAGS.fullmatch(pieces[place]):
            return place
        place += 1
    return place


def _last_place(pieces: Sequence[str], place: int) -> int:
    """Where a pattern ends: in the groups that end with it and are there once."""
    while place > 0 and pieces[place] == ")":
        branches, _ = _branches(pieces, _opening(pieces, place))
        if len(branches) > 1:
            return place
        place -= 1
    return place


def _is_repeated(pieces: Sequence[str], place: int) -> bool:
    return place + 1 < len(pieces) and _QUANTIFIER.fullmatch(pieces[place + 1]) is not None


def _is_whole_word(pieces: Sequence[str]) -> bool:
    r"""`\w+`: it takes all of a word, from wherever it is looked for."""
    return list(pieces) == [_WORDS[0], "+"]


def _has_branches(pieces: Sequence[str]) -> bool:
    depth = 0
    for piece in pieces:
        depth += _is_open(piece) - (piece == ")")
        if piece == "|" and depth == 0:
            return True
    return False


def _is_open(piece: str) -> bool:
    return piece.startswith("(") and not piece.endswith(")")


def _is_word(piece: str) -> bool:
    """Whether it is a character of a word, whatever the text."""
    if piece in _WORDS:
        return True
    if not _SIMPLE_CLASS.fullmatch(piece):
        return len(piece) == 1 and (piece.isalnum() or piece == "_")
    ranges = [(ord(low), ord(high or low)) for low, high in _RANGE.findall(piece)]
    return not code_points.difference(code_points.union([(one,) for one in ranges]), code_points.WORD)


def _is_word_after(pieces: Sequence[str], place: int) -> bool:
    """Whether what begins at a place begins with a character of a word, in each of its branches."""
    if place >= len(pieces):
        return False
    if not _is_open(pieces[place]):
        optional = place + 1 < len(pieces) and _OPTIONAL.fullmatch(pieces[place + 1])
        return _is_word(pieces[place]) and not optional
    branches, end = _branches(pieces, place)
    optional = end + 1 < len(pieces) and _OPTIONAL.fullmatch(pieces[end + 1])
    return not optional and all(_is_word_after(pieces, start) for start, _ in branches)


def _is_word_before(pieces: Sequence[str], place: int) -> bool:
    """Whether what ends before a place ends with a character of a word, in each of its branches."""
    last = place - 1
    if last > 0 and pieces[last] == "?" and _QUANTIFIER.fullmatch(pieces[last - 1]):
        last -= 1
    if last >= 0 and _QUANTIFIER.fullmatch(pieces[last]):
        if _OPTIONAL.fullmatch(pieces[last]):
            return False
        last -= 1
    if last < 0:
        return False
    if pieces[last] != ")":
        return _is_word(pieces[last])
    branches, _ = _branches(pieces, _opening(pieces, last))
    return all(first < end and _is_word_before(pieces, end) for first, end in branches)


def _opening(pieces: Sequence[str], place: int) -> int:
    """Where the group begins that is closed at a place."""
    depth = 1
    while depth:
        place -= 1
        depth += (pieces[place] == ")") - _is_open(pieces[place])
    return place


def _branches(pieces: Sequence[str], place: int) -> tuple[list[tuple[int, int]], int]:
    """Where each branch of the group that is opened at a place begins and ends, and where the group does."""
    branches: list[tuple[int, int]] = []
    depth, start, end = 1, place + 1, place
    while depth:
        end += 1
        depth += _is_open(pieces[end]) - (pieces[end] == ")")
        if depth == 0 or (depth == 1 and pieces[end] == "|"):
            branches.append((start, end))
            start = end + 1
    return branches, end
