"""The text of a management command, read from left to right.

    command    := '.' word+ …            the words name the command: show databases schema
    word       := name ('-' name)*       create-or-alter
    entity     := name | ['name'] | 'name'
    path       := entity ('.' entity)*
    schema     := '(' column ':' type (',' column ':' type)* ')'
    properties := with '(' name '=' value (',' name '=' value)* ')'
    value      := string | number | true | false | name

Names, strings, types and errors are those of the query language. What follows `<|` is not read here: it is
data, or a query.
"""

from __future__ import annotations

import re
from itertools import pairwise

from gatelog.errors import KqlSyntaxError
from gatelog.kql import Column, KqlType, LiteralParser

HEAD_CHARACTERS_MAX = 64 * 1024
"""Length of a command up to its `<|`."""

WORDS_MAX = 4
"""Words that name a command."""

_INPUT = "<|"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_QUOTED_GUID = rf"['\"]?{_GUID.pattern}['\"]?"
_GUIDS = re.compile(rf"{_QUOTED_GUID}|\(\s*{_QUOTED_GUID}(?:\s*,\s*{_QUOTED_GUID})*\s*\)")


class CommandText(LiteralParser):
    """A command. `text_after_input` is what follows `<|`, or None."""

    def __init__(self, text: str) -> None:
        head, self.input = split_input(text)
        super().__init__(head)
        self.expect(".", "a management command begins with a dot")

    def words(self) -> list[str]:
        """The words from here on, as many as could name a command; the cursor stays."""
        start = self.position
        words: list[str] = []
        while self.token.kind == "name" and len(words) < WORDS_MAX:
            words.append(self.command_word())
        self.go_to(start)
        return words

    def command_word(self) -> str:
        """One word, in lower case, with the parts that hyphens join."""
        if self.token.kind != "name":
            raise self.error("a word of a command")
        word = self.advance().text
        while self.text == "-" and self.adjacent() and self.peek().kind == "name":
            self.advance()
            word += f"-{self.advance().text}"
        return word.lower()

    def accept_word(self, *words: str) -> bool:
        """Step over `words` if exactly they come next."""
        start = self.position
        for word in words:
            if self.token.kind != "name" or self.command_word() != word:
                self.go_to(start)
                return False
        return True

    def expect_word(self, word: str) -> None:
        """Step over `word`, which must be there."""
        if not self.accept_word(word):
            raise self.error(f"'{word}'")

    def go_to(self, position: int) -> None:
        """Move the cursor back to a place where it was."""
        self.position = position
        self.token = self.tokens[position]
        self.text = self.token.text

    def entity(self, what: str) -> str:
        """The name of a table, a function, a mapping …"""
        if self.token.kind != "string":
            return self.name(what).value
        # By itself: a mapping's name and its text are two strings side by side, not one in two parts.
        return str(LiteralParser(self.advance().text).string().value)

    def path(self, what: str) -> list[str]:
        """Names with dots between them: `Table.Column`."""
        names = [self.entity(what)]
        while self.accept("."):
            names.append(self.entity(what))
        return names

    def guids(self) -> list[str]:
        """One id, or several in brackets: an id is several tokens side by side."""
        match = _GUIDS.match(self.query, self.token.start)
        if match is None:
            raise self.error("an id, or several in brackets")
        while self.token.start < match.end() and self.token.kind != "end":
            self.advance()
        return [found.lower() for found in _GUID.findall(match[0])]

    def schema(self) -> tuple[Column, ...]:
        """Columns with their types."""
        declared = self.parenthesized_list_of(self.column_declaration)
        return tuple(Column(column.name, KqlType(column.type)) for column in declared)

    def properties(self) -> dict[str, str]:
        """What `with (…)` says, by names in lower case; empty when it is not there."""
        if not self.accept_word("with"):
            return {}
        return dict(self.parenthesized_list_of(self._property))

    def text_value(self) -> str:
        """A string, or several side by side."""
        value = self.string().value
        assert isinstance(value, str)
        return value

    def bracketed(self, opening: str, closing: str) -> str:
        """The text from one bracket to the one that closes it, both included."""
        start, depth = self.expect(opening).start, 1
        while depth:
            if self.token.kind == "end":
                raise self.error(f"'{closing}'")
            depth += (self.text == opening) - (self.text == closing)
            end = self.advance().end
        return self.query[start:end]

    def end(self) -> None:
        """Nothing may follow."""
        self.accept(";")
        if self.token.kind != "end":
            raise self.error("the end of the command")

    def _property(self) -> tuple[str, str]:
        name = self.command_word()
        self.expect("=")
        if self.token.kind == "string":
            return name, self.text_value()
        return name, self.advance().text


def split_input(text: str) -> tuple[str, str | None]:
    """A command's head, and what follows its `<|`. KqlSyntaxError if the head is too long."""
    place = _input_place(text[: HEAD_CHARACTERS_MAX + len(_INPUT)])
    if place >= 0:
        return text[:place], text[place + len(_INPUT) :]
    if len(text) > HEAD_CHARACTERS_MAX and _INPUT in text:
        raise KqlSyntaxError(f"a command has at most {HEAD_CHARACTERS_MAX} characters before its data")
    return text, None


def _input_place(head: str) -> int:
    """Where the first `<|` is that is not inside a string or a comment, or -1."""
    if _INPUT not in head:
        return -1
    tokens = LiteralParser(head).tokens
    places = (one.start for one, next_ in pairwise(tokens) if head[one.start : next_.end] == _INPUT)
    return next(places, -1)
