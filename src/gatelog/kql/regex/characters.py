r"""One character of a regular expression, or a class of them: `a`, `\x{e9}`, `\w`, `[a-z&&[^aeiou]]`."""

from __future__ import annotations

import re
from typing import NamedTuple

from gatelog.kql.misfit import Misfit
from gatelog.kql.regex import code_points
from gatelog.kql.regex.classes import Item, of_points, perl_class, posix_class, unicode_class, united

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
_LETTERS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


class Flags(NamedTuple):
    """What is told in `(?...)` and not by RE2: `x` leaves blanks out, `-u` is of ASCII only."""

    verbose: bool = False
    unicode: bool = True


class Unclosed(Misfit):
    """A bracket without its other half."""

    def __init__(self) -> None:
        super().__init__("a bracket of the regular expression is not closed, or was not opened")


class CharacterReader:
    """Reads characters and classes of a pattern from a place on; `flags` are those of the groups that are
    open."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.flags = [Flags()]
        self.never_closed: set[int] = set()

    def skip_remarks(self) -> None:
        """Where the flag x is set, blanks and what stands from a # to the end of the line."""
        if self.flags[-1].verbose:
            self.found_here(_REMARKS)

    def found_here(self, shape: re.Pattern[str]) -> re.Match[str] | None:
        """What is here of this shape; the place is behind it then."""
        found = shape.match(self.pattern, self.place)
        self.place = self.place if found is None else found.end()
        return found

    def escaped(self) -> str | Item:
        """Behind a backslash, in a class or not: one character, or some of them."""
        if self.place == len(self.pattern):
            raise Misfit("the regular expression ends with a backslash", "write \\\\ or use @'...'")
        if code := self.found_here(_CODE):
            point = int(next(filter(None, code.groups())), 16)
            if point > code_points.LAST or 0xD800 <= point <= 0xDFFF:
                raise Misfit(f"\\{code[0]} is no character")
            return chr(point)
        if octal := self.found_here(_OCTAL):
            return chr(int(octal[0], 8))
        if named := self.found_here(_PROPERTY):
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

    def character_class(self) -> tuple[Item, bool]:
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
        self.skip_remarks()
        while self.place < len(self.pattern):
            here = self.pattern[self.place : self.place + 2]
            if here[0] == "]" or here in _OPERATIONS:
                return items
            items.append(self._class_item())
            self.skip_remarks()
        raise Unclosed

    def _class_item(self) -> Item:
        """A class in the class, a range, or one character."""
        if self.pattern[self.place] == "[":
            return self._inner_class()
        low = self._class_character()
        if not isinstance(low, str):
            return low
        self.skip_remarks()
        rest = self.pattern[self.place : self.place + 2]
        if not rest.startswith("-") or rest in ("-]", "--", "-"):
            return _one(low)
        self.place += 1
        self.skip_remarks()
        high = self._class_character()
        if not isinstance(high, str) or high < low:
            raise Misfit("a range of a class of characters has no end above its start")
        return of_points(((ord(low), ord(high)),))

    def _class_character(self) -> str | Item:
        if self.place == len(self.pattern):
            raise Unclosed
        char = self.pattern[self.place]
        self.place += 1
        return self.escaped() if char == "\\" else char

    def _inner_class(self) -> Item:
        """`[:alpha:]` or `[...]` in a class; a bracket that nothing closes is itself, as RE2 has it."""
        if posix := self.found_here(_POSIX):
            known = posix_class(posix[1])
            if known is None:
                raise Misfit(f"there is no class of characters {posix[0]}", "for example [:alpha:]")
            return known
        start = self.place
        if start in self.never_closed:
            self.place += 1
            return _one("[")
        try:
            item, inverted = self.character_class()
        except Unclosed:
            self.never_closed.add(start)
            self.place = start + 1
            return _one("[")
        return of_points(code_points.complement(item.points())) if inverted else item


def _one(char: str) -> Item:
    return of_points(((ord(char), ord(char)),))
