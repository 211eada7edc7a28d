"""A position in the tokens of a query, and the small questions that every rule asks there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser.values import string_value
from gatelog.kql.text.diagnostics import syntax_error, unexpected
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import (
    ASSIGNED_ONLY_WORDS,
    BRACKETED_WORDS,
    NAME,
    REFERRED_ONLY_WORDS,
    STRING,
    Token,
)

MAX_DEPTH: Final = 80
"""Levels of nesting, and steps of one chain such as `a + b + c` or `a.b.c`: keeps every walk over the tree
within Python's default recursion limit. `and` and `or` are not chains: their trees are balanced."""

T = TypeVar("T")


class Cursor:
    """Reads the tokens of `query` from left to right."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = tokenize(query)
        self.last = len(self.tokens) - 1
        self.position = 0
        self.token = self.tokens[0]
        self.text = self.token.text
        self.depth = 0

    def advance(self) -> Token:
        """The current token; the cursor moves to the next one, but never past the end."""
        token = self.token
        if self.position < self.last:
            self.position += 1
            self.token = self.tokens[self.position]
            self.text = self.token.text
        return token

    def peek(self, distance: int = 1) -> Token:
        """The token `distance` places ahead."""
        return self.tokens[min(self.position + distance, self.last)]

    def move_to_end(self) -> None:
        """Leave out all that is left."""
        self.position = self.last
        self.token = self.tokens[-1]
        self.text = self.token.text

    def accept(self, text: str) -> bool:
        """Step over `text` if it is there."""
        if self.text != text:
            return False
        self.advance()
        return True

    def expect(self, text: str, hint: str = "") -> Token:
        """Step over `text`, which must be there."""
        if self.text != text:
            compares = self.text == "=" and text == ")"
            raise self.error(f"'{text}'", "equality is written ==" if compares else hint)
        return self.advance()

    def expect_one_of(self, *texts: str) -> str:
        """Step over one of `texts`, which must be there."""
        if self.text not in texts:
            raise self.error("one of " + ", ".join(texts))
        return self.advance().text

    def error(self, expected: str, hint: str = "") -> KqlSyntaxError:
        """What is wrong with the current token."""
        return unexpected(self.query, self.token, expected, hint)

    def error_at(self, offset: int, message: str, hint: str = "") -> KqlSyntaxError:
        """What is wrong with the text at `offset`."""
        return syntax_error(self.query, offset, message, hint)

    def span_from(self, start: int) -> ast.Span:
        """From the offset `start` to the end of the token before the cursor."""
        return ast.Span(start, self.tokens[self.position - 1].end)

    def adjacent(self) -> bool:
        """Whether nothing separates the current token from the one before it."""
        return self.position > 0 and self.tokens[self.position - 1].end == self.token.start

    def enter(self) -> None:
        """Count a level of nesting, up to MAX_DEPTH; the caller subtracts it when it leaves."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"the query has more than {MAX_DEPTH} levels of nesting or steps of one chain here"
            raise self.error_at(self.token.start, message, "name parts of it with let")

    def list_of(self, item: Callable[[], T], *, until: tuple[str, ...] = ()) -> tuple[T, ...]:
        """One or more items between commas; a trailing comma is forgiven before a text of `until`."""
        items = [item()]
        while self.accept(","):
            if self.text in until:
                break
            items.append(item())
        return tuple(items)

    def parenthesized_list_of(self, item: Callable[[], T]) -> tuple[T, ...]:
        """`(item, item)`, possibly empty; a trailing comma is forgiven."""
        self.expect("(")
        items = () if self.text == ")" else self.list_of(item, until=(")",))
        self.expect(")")
        return items

    def at_quoted_name(self) -> bool:
        """Whether the cursor stands before `['name']`."""
        return self.text == "[" and self.peek().kind == STRING and self.peek(2).text == "]"

    def name(self, what: str = "a name") -> ast.Name:
        """A plain or quoted name."""
        start = self.token.start
        if self.at_quoted_name():
            self.advance()
            value = string_value(self.query, self.advance())
            self.advance()
            return ast.Name(self.span_from(start), value)
        if self.text in BRACKETED_WORDS:
            raise self._keyword_error(what)
        return self.word(what)

    def word(self, what: str) -> ast.Name:
        """Any word, keyword or not, where no other meaning is possible."""
        if self.token.kind != NAME:
            raise self.error(what)
        token = self.advance()
        return ast.Name(ast.Span(token.start, token.end), token.text)

    def reference(self, what: str) -> ast.Name:
        """The name of something that exists already: other keywords need brackets here than in `name`."""
        if self.text in ASSIGNED_ONLY_WORDS:
            raise self._keyword_error(what)
        return self.word(what) if self.text in REFERRED_ONLY_WORDS else self.name(what)

    def _keyword_error(self, what: str) -> KqlSyntaxError:
        hint = f"a name that is also a keyword is written ['{self.text}']"
        if self.position == 0 or self.tokens[self.position - 1].text == ";":
            hint = f"a query begins with a table: Table | {self.text} ..."
        return self.error(what, hint)
