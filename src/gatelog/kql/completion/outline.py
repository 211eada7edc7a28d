"""What an editor asks about a text, from its syntax alone: nothing is bound."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from gatelog.errors import KqlSyntaxError
from gatelog.kql import ast
from gatelog.kql.parser import parse, parse_recovering
from gatelog.kql.tables.schema import RenderHint
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import (
    END,
    INVALID,
    LONG,
    NAME,
    PIPELINE_WORDS,
    PUNCTUATION,
    REAL,
    RESERVED_WORDS,
    SOURCE_WORDS,
    STRING,
    TEXT_OPERATORS,
    TIMESPAN,
    TYPED,
    TYPES,
    Token,
)


class Style(StrEnum):
    """What a piece of a text is, for those who colour it."""

    OPERATOR = "operator"
    KEYWORD = "keyword"
    FUNCTION = "function"
    TYPE = "type"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    PUNCTUATION = "punctuation"
    COMMENT = "comment"
    SPACE = "space"
    INVALID = "invalid"


class Piece(NamedTuple):
    """A part of a text. The pieces of a text, joined, are the text."""

    style: Style
    text: str


_KEYWORDS: Final = frozenset(
    (
        "let",
        "set",
        "declare",
        "in",
        "on",
        "with",
        "to",
        "from",
        "step",
        "nulls",
        "kind",
        "matches",
        "regex",
        "as",
    )
) | (RESERVED_WORDS | {*TEXT_OPERATORS, *SOURCE_WORDS})
_STYLES: Final = {
    STRING: Style.STRING,
    LONG: Style.NUMBER,
    REAL: Style.NUMBER,
    TIMESPAN: Style.NUMBER,
    TYPED: Style.NUMBER,
    PUNCTUATION: Style.PUNCTUATION,
    INVALID: Style.INVALID,
}


def pieces(text: str) -> Iterator[Piece]:
    """The text cut into pieces of one style each; comments and spaces included."""
    try:
        tokens = tokenize(text)
    except KqlSyntaxError:  # longer than any query may be
        yield Piece(Style.INVALID, text)
        return
    end = 0
    for place, token in enumerate(tokens):
        yield from _gap(text[end : token.start])
        if token.kind != END:
            yield Piece(_style(tokens, place, token), token.text)
        end = token.end


def _gap(text: str) -> Iterator[Piece]:
    for line in ast.lines_of(text):
        space, slashes, comment = line.partition("//")
        if space:
            yield Piece(Style.SPACE, space)
        if slashes:
            yield Piece(Style.COMMENT, slashes + comment)


def _style(tokens: list[Token], place: int, token: Token) -> Style:
    if token.kind != NAME:
        return Style.KEYWORD if token.text[:1] == "!" and len(token.text) > 2 else _STYLES[token.kind]
    before, after = tokens[place - 1].text if place else "", tokens[place + 1].text
    if token.text in PIPELINE_WORDS and before == "|":
        return Style.OPERATOR
    if after == "(" and token.text not in _KEYWORDS:
        return Style.FUNCTION
    if before == ":" and token.text in TYPES:
        return Style.TYPE
    return Style.KEYWORD if token.text in _KEYWORDS and after != "=" else Style.NAME


def ends_in_query(text: str) -> bool:
    """Whether the text, as far as it can be read, has a query as its last statement: it can be run.

    A text that ends in `let` needs more; one with an error in it counts, so that the error is reported.
    """
    query, errors = parse_recovering(text)
    last = query.statements[-1] if query.statements else None
    return bool(errors) or isinstance(last, ast.QueryStatement)


def render_of(text: str) -> RenderHint | None:
    """How the author of a query wants its answer drawn. KqlSyntaxError where it is no query."""
    statements = [one for one in parse(text).statements if isinstance(one, ast.QueryStatement)]
    operators = statements[-1].pipeline.operators if statements else ()
    hints = (
        RenderHint(one.chart, one.properties) for one in reversed(operators) if isinstance(one, ast.Render)
    )
    return next(hints, None)
