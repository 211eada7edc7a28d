r"""Regular expressions as Kusto reads them, written for RE2, which the engine has.

Kusto's syntax is that of Rust's library (https://learn.microsoft.com/kusto/query/regex). What RE2 calls
otherwise is rewritten, what it does not have is refused:

    \w  \d  \s         of all of Unicode                    classes with their ranges
    [a-z&&[^aeiou]]    sets of characters                   ranges
    \u{e9}  \u00e9     characters by their number           the character
    (?x)               blanks and remarks between           left out
    (?<name>...)       groups with names                    groups; the names are told beside
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from gatelog.kql import code_points
from gatelog.kql.misfit import Misfit, Unsupported
from gatelog.kql.regex_borders import bounded
from gatelog.kql.regex_classes import (
    Item,
    bracketed,
    by_blocks,
    of_points,
    perl_class,
    posix_class,
    unicode_class,
    united,
)

SPECIAL = r"[\\.+*?()|\[\]{}^$]"
"""A character that means more than itself in a pattern."""

_FEW = 12
"""Times that a class of words may be repeated range by range."""

_MOST_REPEATED = 1_000
"""Times that RE2 takes as a bound of a repetition."""


class Regex(NamedTuple):
    """A pattern for RE2, and the names of its groups in their order; a group without a name has an empty
    one. `around` is that of the first match, a pattern with one group more about all of it."""

    text: str
    groups: tuple[str, ...]
    around: str


class _Flags(NamedTuple):
    """What is told in `(?...)` and not by RE2: `x` leaves blanks out, `-u` is of ASCII only."""

    verbose: bool = False
    unicode: bool = True


_OPENING = re.compile(r"\((?:\?(?:P?<(?P<name>[^>]*)>|(?P<flags>[A-Za-z]*(?:-[A-Za-z]+)?)(?P<end>[:)])))?")
_LOOKAROUNDS = ("(?=", "(?!", "(?<=", "(?<!")
_NAME = re.compile(r"[^\W\d][\w.\[\]]*")
_REPEATED = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_OPERATIONS = {
    "&&": code_points.intersection,
    "--": code_points.difference,
    "~~": code_points.symmetric_difference,
}
_CODE = re.compile(r"[xuU]\{\s*([0-9A-Fa-f]+)\s*\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})")
_OCTAL = re.compile(r"0|[0-7]{2,3}")
_PROPERTY = re.compile(r"[pP](?:\{\s*(\^?)([^}]*?)\s*\}|([A-Za-z]))")
_REMARKS = re.compile(r"(?:\s|#[^\n]*)*")
_POSIX = re.compile(r"\[:(\^?\w+):\]")
_WORD_BORDER = re.compile(r"b\{(start|end)(-half)?\}|([<>])")
_WORD = r"[A-Za-z0-9_]|\\[wd]|\[(?:[A-Za-z0-9_](?:-[A-Za-z0-9])?|\\[wd])+\]"
"""What one character of a word looks like in a pattern."""
_WORD_BEFORE = re.compile(rf"(?<!\\)(?:{_WORD})\+?\)*$")
_WORD_AFTER = re.compile(rf"(?:\((?:\?:|\?P?<\w+>)?)*(?:{_WORD})")
_NO_WORD_BEFORE = re.compile(r"(?:^|\\[^\w]|\\[sW]|[^\w\\)\].*+?}])$")
_NO_WORD_AFTER = re.compile(r"$|\\[^\w<>]|\\[sW]|[^\w\\(\[.]")
_LETTERS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


@lru_cache(maxsize=1024)
def read_regex(pattern: str) -> Regex:
    r"""The pattern for RE2; raises Misfit where Kusto would refuse it, Unsupported for what RE2 lacks.

    Many patterns are from the time when Kusto had RE2 itself, where `\<` was a quoted `<`: so it is where it
    could never match as the border of a word, as in `\<id\>(.*?)\<\/id\>`.
    """
    try:
        return _Reader(pattern).read()
    except _NoBorder:
        return _Reader(pattern, quoted_angles=True).read()


def quote_pattern(text: str) -> str:
    """A text as an RE2 pattern that matches just it."""
    return re.sub(SPECIAL, lambda special: "\\" + special[0], text)


class _Unclosed(Misfit):
    """A bracket without its other half."""

    def __init__(self) -> None:
        super().__init__("a bracket of the regular expression is not closed, or was not opened")


class _NoBorder(Exception):  # noqa: N818  # no error: the pattern is read in another way
    r"""A `\<` or `\>` stands where no word can begin or end."""


class _Reader:
    r"""Reads a pattern from its start to its end; `flags` are those of the groups that are open.
    `quoted_angles`: `\<` is a `<`."""

    def __init__(self, pattern: str, *, quoted_angles: bool = False) -> None:
        self.pattern = pattern
        self.quoted_angles = quoted_angles
        self.place = 0
        self.flags = [_Flags()]
        self.groups: list[str] = []

    def read(self) -> Regex:
        """The whole pattern."""
        pieces: list[str] = []
        while self.place < len(self.pattern):
            piece = self._next()
            if pieces and _is_long_repetition(piece):
                pieces[-1] = by_blocks(pieces[-1])
            pieces.append(piece)
        if len(self.flags) > 1:
            raise _Unclosed
        before, inner, after = bounded(pieces)
        text = "".join(pieces if before or after else inner)
        return Regex(text, tuple(self.groups), f"{before}({''.join(inner)}){after}")

    def _next(self) -> str:
        self._skip_remarks()
        if self.place == len(self.pattern):
            return ""
        char = self.pattern[self.place]
        match char:
            case "\\":
                return self._escape()
            case "[":
                item, inverted = self._class()
                return bracketed(item, inverted=inverted)
            case "(":
                return self._open()
            case ")" if len(self.flags) == 1:
                raise _Unclosed
            case ")":
                self.flags.pop()
            case "{" if repetition := self._repetition():
                return repetition
        self.place += 1
        return char

    def _skip_remarks(self) -> None:
        """Where the flag x is set, blanks and what stands from a # to the end of the line."""
        if self.flags[-1].verbose:
            self._found(_REMARKS)

    def _found(self, shape: re.Pattern[str]) -> re.Match[str] | None:
        """What is here of this shape; the place is behind it then."""
        found = shape.match(self.pattern, self.place)
        self.place = self.place if found is None else found.end()
        return found

    def _repetition(self) -> str:
        """`{1,3}`; '' for a brace that is itself."""
        found = self._found(_REPEATED)
        if found is None:
            return ""
        if any(int(bound) > _MOST_REPEATED for bound in found.groups() if bound):
            raise Unsupported(f"a regular expression repeats up to {_MOST_REPEATED:,} times, not {found[0]}")
        return found[0]

    def _open(self) -> str:
        if self.pattern.startswith(_LOOKAROUNDS, self.place):
            raise Misfit("a regular expression cannot look around", "there is no lookahead or lookbehind")
        found = self._found(_OPENING)
        if found is None or (found[0] == "(" and self.pattern.startswith("?", self.place)):
            piece = self.pattern[self.place - 1 : self.place + 3]
            raise Misfit(f"'{piece}' begins no group of a regular expression")
        if found["end"] is None:
            name = found["name"]
            if name is not None and not _NAME.fullmatch(name):
                raise Misfit(f"'{name}' is no name of a capture group")
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
        flags = _Flags(
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
        if border := self._found(_WORD_BORDER):
            return self._word_border(border)
        if self.pattern.startswith("Q", self.place):
            end = self.pattern.find(r"\E", self.place)
            quoted = self.pattern[self.place + 1 : end if end >= 0 else None]
            self.place = end + 2 if end >= 0 else len(self.pattern)
            return quote_pattern(quoted)
        if self.pattern[self.place : self.place + 1] in ("A", "z", "b", "B"):
            self.place += 1
            return self.pattern[self.place - 2 : self.place]
        found = self._escaped()
        if isinstance(found, str):
            return quote_pattern(found)
        return bracketed(found)

    def _word_border(self, border: re.Match[str]) -> str:
        r"""`\b{start}`, `\<` and their like: where a word is before or behind in the pattern, a `\b`."""
        if border[3] is not None and self.quoted_angles:
            return str(border[3])
        at_start = border[1] == "start" or border[3] == "<"
        before, after = self.pattern[: border.start() - 1], self.pattern[self.place :]
        if border[3] is not None and (
            _NO_WORD_AFTER.match(after) if at_start else _NO_WORD_BEFORE.search(before)
        ):
            raise _NoBorder
        known = _WORD_AFTER.match(after) if at_start else _WORD_BEFORE.search(before)
        if known is None:
            raise Unsupported(f"\\{border[0]} is not supported where no letter or \\w is beside", r"use \b")
        return r"\b"

    def _escaped(self) -> str | Item:
        """Behind a backslash, in a class or not: one character, or some of them."""
        if self.place == len(self.pattern):
            raise Misfit("the regular expression ends with a backslash", "write \\\\ or use @'...'")
        if code := self._found(_CODE):
            point = int(next(filter(None, code.groups())), 16)
            if point > code_points.LAST or 0xD800 <= point <= 0xDFFF:
                raise Misfit(f"\\{code[0]} is no character")
            return chr(point)
        if octal := self._found(_OCTAL):
            return chr(int(octal[0], 8))
        if named := self._found(_PROPERTY):
            inverted = (named[0][0] == "P") != (named[1] == "^")
            return unicode_class(named[2] if named[3] is None else named[3], inverted=inverted)
        char = self.pattern[self.place]
        self.place += 1
        if char in "dDsSwW":
            return perl_class(char, unicode=self.flags[-1].unicode)
        if char in "123456789":
            raise Misfit("a regular expression cannot refer back to a group", "there are no back-references")
        if char.isascii() and char.isalnum():
            if char not in _LETTERS:
                raise Misfit(f"a regular expression has no escape \\{char}", "write \\\\ for a backslash")
            return _LETTERS[char]
        return char

    def _class(self) -> tuple[Item, bool]:
        """`[...]`: its characters, and whether it means all others."""
        self.place += 1
        inverted = self.pattern.startswith("^", self.place)
        self.place += inverted
        result = united([*self._leading_characters(), *self._class_items()])
        while not self.pattern.startswith("]", self.place):
            operation = _OPERATIONS[self.pattern[self.place : self.place + 2]]
            self.place += 2
            result = of_points(operation(result.points(), united(self._class_items()).points()))
        self.place += 1
        return result, inverted

    def _leading_characters(self) -> list[Item]:
        """Hyphens, or a bracket, that stand for themselves at the start of a class."""
        start = self.place
        while self.pattern.startswith("-", self.place):
            self.place += 1
        if self.place == start and self.pattern.startswith("]", self.place):
            self.place += 1
        return [_one(char) for char in self.pattern[start : self.place]]

    def _class_items(self) -> list[Item]:
        """What stands up to the end of a class or to an operation."""
        items: list[Item] = []
        self._skip_remarks()
        while self.place < len(self.pattern):
            here = self.pattern[self.place : self.place + 2]
            if here[0] == "]" or here in _OPERATIONS:
                return items
            items.append(self._class_item())
            self._skip_remarks()
        raise _Unclosed

    def _class_item(self) -> Item:
        """A class in the class, a range, or one character."""
        if self.pattern[self.place] == "[":
            return self._inner_class()
        low = self._class_character()
        if not isinstance(low, str):
            return low
        self._skip_remarks()
        rest = self.pattern[self.place : self.place + 2]
        if not rest.startswith("-") or rest in ("-]", "--", "-"):
            return _one(low)
        self.place += 1
        self._skip_remarks()
        high = self._class_character()
        if not isinstance(high, str) or high < low:
            raise Misfit("a range of a class of characters has no end above its start")
        return of_points(((ord(low), ord(high)),))

    def _class_character(self) -> str | Item:
        if self.place == len(self.pattern):
            raise _Unclosed
        char = self.pattern[self.place]
        self.place += 1
        return self._escaped() if char == "\\" else char

    def _inner_class(self) -> Item:
        """`[:alpha:]` or `[...]` in a class; a bracket that nothing closes is itself, as RE2 has it."""
        if posix := self._found(_POSIX):
            known = posix_class(posix[1])
            if known is None:
                raise Misfit(f"there is no class of characters {posix[0]}", "for example [:alpha:]")
            return known
        start = self.place
        try:
            item, inverted = self._class()
        except _Unclosed:
            self.place = start + 1
            return _one("[")
        return of_points(code_points.complement(item.points())) if inverted else item


def _is_long_repetition(piece: str) -> bool:
    found = _REPEATED.fullmatch(piece)
    return found is not None and max(int(bound) for bound in found.groups() if bound) > _FEW


def _one(char: str) -> Item:
    return of_points(((ord(char), ord(char)),))
