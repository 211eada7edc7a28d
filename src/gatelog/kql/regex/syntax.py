r"""Regular expressions as Kusto reads them, written for RE2, which the engine has.

Kusto's syntax is that of Rust's library (https://learn.microsoft.com/kusto/query/regex). What RE2 calls
otherwise is rewritten, what it does not have is refused:

    \w  \d  \s         of all of Unicode                    classes with their ranges
    [a-z&&[^aeiou]]    sets of characters                   ranges
    \u{e9}  \u00e9     characters by their number           the character
    (?x)               blanks and remarks between           left out
    (?<name>...)       groups with names                    groups; the names are told beside
    a{2}{3}  a++       repetitions of repetitions           groups that are repeated
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.regex.borders import bounded
from gatelog.kql.regex.characters import CharacterReader, Flags, Unclosed
from gatelog.kql.regex.classes import bracketed, by_blocks

SPECIAL = r"[\\.+*?()|\[\]{}^$]"
"""A character that means more than itself in a pattern."""

_FEW = 12
"""Times that a class of words may be repeated range by range."""

_MOST_REPEATED = 1_000
"""Times that RE2 takes as a bound of a repetition."""

_MOST_NESTED = 10
"""Repetitions of one repetition, `a{2}{3}`, each of which is a group."""

_BESIDE = 100
"""Characters of a pattern beside a border in which a word is looked for."""


class Regex(NamedTuple):
    """A pattern for RE2, and the names of its groups in their order; a group without a name has an empty
    one. `around` is that of the first match, a pattern with one group more about all of it."""

    text: str
    groups: tuple[str, ...]
    around: str


_OPENING = re.compile(r"\((?:\?(?:P?<(?P<name>[^>]*)>|(?P<flags>[A-Za-z]*(?:-[A-Za-z]+)?)(?P<end>[:)])))?")
_LOOKAROUNDS = ("(?=", "(?!", "(?<=", "(?<!")
_NAME = re.compile(r"[^\W\d][\w.\[\]]*")
_REPEATED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_REPETITION = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}")
_OR_NONE = ("?", "*", "{0")
_WORD_BORDER = re.compile(r"b\{(start|end)(-half)?\}|([<>])")
_WORD = r"[A-Za-z0-9_]|\\[wd]|\[(?:[A-Za-z0-9_](?:-[A-Za-z0-9])?|\\[wd])+\]"
"""What one character of a word looks like in a pattern."""
_WORD_BEFORE = re.compile(rf"(?<!\\)(?:{_WORD})\+?\)*$")
_WORD_AFTER = re.compile(rf"(?:\((?:\?:|\?P?<\w+>)?)*(?:{_WORD})")
_NO_WORD_BEFORE = re.compile(r"(?:^|\\[^\w]|\\[sW]|[^\w\\)\].*+?}])$")
_NO_WORD_AFTER = re.compile(r"$|\\[^\w<>]|\\[sW]|[^\w\\(\[.]")


REMEMBERED_LENGTH_MAX = 1_000
"""Characters of a pattern that is remembered: people's are shorter, and one can be as long as a query."""


def read_regex(pattern: str) -> Regex:
    r"""The pattern for RE2; raises Misfit where Kusto would refuse it, Unsupported for what RE2 lacks.

    Many patterns are from the time when Kusto had RE2 itself, where `\<` was a quoted `<`: so it is where it
    could never match as the border of a word, as in `\<id\>(.*?)\<\/id\>`.
    """
    return _remembered(pattern) if len(pattern) <= REMEMBERED_LENGTH_MAX else _read(pattern)


def _read(pattern: str) -> Regex:
    try:
        return _Reader(pattern).read()
    except _NoBorder:
        return _Reader(pattern, quoted_angles=True).read()


_remembered = lru_cache(maxsize=1024)(_read)


def quote_pattern(text: str) -> str:
    """A text as an RE2 pattern that matches just it."""
    return re.sub(SPECIAL, lambda special: "\\" + special[0], text)


class _NoBorder(Exception):  # noqa: N818  # no error: the pattern is read in another way
    r"""A `\<` or `\>` stands where no word can begin or end."""


class _Pieces:
    """A pattern in pieces as it is put together; `repeatable` is where the last of them that can be repeated
    begins."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.opened: list[int] = []
        self.repeatable: int | None = None
        self.repetitions = 0
        self.nested = 0

    def add(self, piece: str) -> None:
        """One piece more; raises Misfit for a repetition of nothing."""
        if _REPETITION.fullmatch(piece):
            self._repeat(piece)
            return
        if piece == ")":
            self.repeatable = self.opened.pop()
        elif piece.startswith("(") and not piece.endswith(")"):
            self.opened.append(len(self.all))
            self.repeatable = None
        elif piece == "|" or piece.startswith("("):
            self.repeatable = None
        else:
            self.repeatable = len(self.all)
        self.repetitions = self.nested = 0
        self.all.append(piece)

    def _repeat(self, piece: str) -> None:
        """A `?` behind a repetition makes it a short one; RE2 repeats any other only within a group."""
        if self.repeatable is None:
            raise Misfit(f"nothing is before '{piece}' that it could repeat", f"write \\{piece} for the text")
        if self.repetitions == 2 or (self.repetitions == 1 and piece != "?"):
            if self.nested == _MOST_NESTED:
                raise Unsupported(f"a repetition is repeated more than {_MOST_NESTED} times")
            self.all[self.repeatable :] = ["(?:", *self.all[self.repeatable :], ")"]
            self.repetitions = 0
            self.nested += 1
        if _is_long(piece):
            self.all[-1] = by_blocks(self.all[-1])
        if piece.startswith(_OR_NONE) and not self.all[-1][-1].isascii():
            # The engine first looks for a text that all matches have, but for the last byte before a `?`.
            self.all[-1] = f"{self.all[-1][:-1]}[{self.all[-1][-1]}]"
        self.repetitions += 1
        self.all.append(piece)


class _Reader(CharacterReader):
    r"""Reads a pattern from its start to its end. `quoted_angles`: `\<` is a `<`."""

    def __init__(self, pattern: str, *, quoted_angles: bool = False) -> None:
        super().__init__(pattern)
        self.quoted_angles = quoted_angles
        self.groups: list[str] = []

    def read(self) -> Regex:
        """The whole pattern."""
        read = _Pieces()
        while self.place < len(self.pattern):
            if piece := self._next():
                read.add(piece)
        if len(self.flags) > 1:
            raise Unclosed
        pieces = read.all
        before, inner, after = bounded(pieces)
        text = "".join(pieces if before or after else inner)
        return Regex(text, tuple(self.groups), f"{before}({''.join(inner)}){after}")

    def _next(self) -> str:
        self.skip_remarks()
        if self.place == len(self.pattern):
            return ""
        char = self.pattern[self.place]
        match char:
            case "\\":
                return self._escape()
            case "[":
                item, inverted = self.character_class()
                return bracketed(item, inverted=inverted)
            case "(":
                return self._open()
            case ")" if len(self.flags) == 1:
                raise Unclosed
            case ")":
                self.flags.pop()
            case "{" if repetition := self._repetition():
                return repetition
        self.place += 1
        return char

    def _repetition(self) -> str:
        """`{1,3}`; '' for a brace that is itself."""
        found = self.found_here(_REPEATED)
        if found is None:
            return ""
        bounds = [int(bound) for bound in found.groups() if bound]
        if max(bounds) > _MOST_REPEATED:
            raise Unsupported(f"a regular expression repeats up to {_MOST_REPEATED:,} times, not {found[0]}")
        if bounds != sorted(bounds):
            raise Misfit(f"a repetition {found[0]} has no end above its start")
        return found[0]

    def _open(self) -> str:
        if self.pattern.startswith(_LOOKAROUNDS, self.place):
            raise Misfit("a regular expression cannot look around", "there is no lookahead or lookbehind")
        found = self.found_here(_OPENING)
        if found is None or (found[0] == "(" and self.pattern.startswith("?", self.place)):
            piece = self.pattern[self.place - 1 : self.place + 3]
            raise Misfit(f"'{piece}' begins no group of a regular expression")
        if found["end"] is None:
            name = found["name"]
            if name is not None and not _NAME.fullmatch(name):
                raise Misfit(f"'{name}' is no name of a capture group")
            if name is not None and name in self.groups:
                raise Misfit(f"two groups of a regular expression have the name '{name}'")
            self.groups.append(name or "")
            self.flags.append(self.flags[-1])
            return "("
        return self._flagged(found["flags"], within=found["end"] == ":")

    def _flagged(self, text: str, *, within: bool) -> str:
        """`(?i)` and `(?i:`; the flags that RE2 does not have are kept here."""
        on, _, off = text.partition("-")
        if unknown := set(on + off) - set("imsUuxR"):
            raise Misfit(f"a regular expression has no flag '{unknown.pop()}'", "i, m, s, U, u, x")
        if "R" in on:
            raise Unsupported("the flag R of a regular expression is not supported", r"write \r?$ for $")
        flags = self.flags[-1]
        flags = Flags(
            ("x" in on or flags.verbose) and "x" not in off, ("u" in on or flags.unicode) and "u" not in off
        )
        if within:
            self.flags.append(flags)
        else:
            self.flags[-1] = flags
        set_, unset = (re.sub("[uxR]", "", part) for part in (on, off))
        told = set_ + (f"-{unset}" if unset else "")
        if within:
            return f"(?{told}:"
        return f"(?{told})" if told else ""

    def _escape(self) -> str:
        """A backslash and what belongs to it, outside of a class."""
        self.place += 1
        if border := self.found_here(_WORD_BORDER):
            return self._word_border(border)
        if self.pattern.startswith("Q", self.place):
            end = self.pattern.find(r"\E", self.place)
            quoted = self.pattern[self.place + 1 : end if end >= 0 else None]
            self.place = end + 2 if end >= 0 else len(self.pattern)
            return quote_pattern(quoted)
        if self.pattern[self.place : self.place + 1] in ("A", "z", "b", "B"):
            self.place += 1
            return self.pattern[self.place - 2 : self.place]
        found = self.escaped()
        if isinstance(found, str):
            return quote_pattern(found)
        return bracketed(found)

    def _word_border(self, border: re.Match[str]) -> str:
        r"""`\b{start}`, `\<` and their like: where a word is before or behind in the pattern, a `\b`."""
        if border[3] is not None and self.quoted_angles:
            return str(border[3])
        at_start = border[1] == "start" or border[3] == "<"
        here = border.start() - 1
        before = self.pattern[max(here - _BESIDE, 0) : here]
        after = self.pattern[self.place : self.place + _BESIDE]
        if border[3] is not None and (
            _NO_WORD_AFTER.match(after) if at_start else _NO_WORD_BEFORE.search(before)
        ):
            raise _NoBorder
        known = _WORD_AFTER.match(after) if at_start else _WORD_BEFORE.search(before)
        if known is None:
            raise Unsupported(f"\\{border[0]} is not supported where no letter or \\w is beside", r"use \b")
        return r"\b"


def _is_long(repetition: str) -> bool:
    found = _REPEATED.fullmatch(repetition)
    return found is not None and max(int(bound) for bound in found.groups() if bound) > _FEW
