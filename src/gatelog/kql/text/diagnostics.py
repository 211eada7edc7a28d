"""Messages for what does not parse: where, what was expected, and the likely word that was meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from gatelog.errors import KqlSyntaxError
from gatelog.kql.ast import Span
from gatelog.kql.text.tokens import END, INVALID, Token

_QUOTED_LENGTH: Final = 40
"""Characters of the query that a message repeats at most."""

NAMES_LISTED: Final = 8
"""Names that the error for an unknown one lists at most: more would not be read."""

_STRAY_CHARACTERS: Final = {
    "&": "both conditions are joined with and",
    "!": "negation is a function: not(...)",
    "#": "a comment begins with //",
    "?": "KQL says iff(condition, then, else) and coalesce(value, ...)",
    "^": "KQL says pow()",
    "$": "texts are joined by strcat()",
    **dict.fromkeys("\u201c\u201d\u2018\u2019", "quotes must be straight"),
    **dict.fromkeys("\u2013\u2014\u2212", "a minus must be a plain hyphen"),
}
"""Hints for characters that people bring along from other languages and from word processors."""


def syntax_error(text: str, offset: int, message: str, hint: str = "") -> KqlSyntaxError:
    """The error for the character at `offset` of `text`."""
    return KqlSyntaxError(message, place=Span(offset, offset).place(text), hint=hint)


def unexpected(text: str, token: Token, expected: str, hint: str = "") -> KqlSyntaxError:
    """The error for `token`, found where `expected` should be."""
    if token.kind == INVALID:
        return _invalid(text, token)
    return syntax_error(text, token.start, f"expected {expected}, found {describe(token)}", hint)


def describe(token: Token) -> str:
    """The token as a message shows it."""
    if token.kind == END:
        return "the end of the query"
    shown = token.text if len(token.text) <= _QUOTED_LENGTH else token.text[: _QUOTED_LENGTH - 3] + "..."
    return shown if token.kind == "string" else f"'{shown}'"


def did_you_mean(name: str, known: Iterable[str], *, least_alike: float = 0.6) -> str:
    """A hint that names the known name nearest to `name`, whatever their case, or nothing.

    `least_alike` is difflib's ratio: from 0 for nothing in common to 1 for the same.
    """
    lower = {candidate.lower(): candidate for candidate in known if candidate != name}
    found = get_close_matches(name.lower(), list(lower), n=1, cutoff=least_alike)
    return f"did you mean '{lower[found[0]]}'?" if found else ""


def _invalid(text: str, token: Token) -> KqlSyntaxError:
    if any(quote in token.text for quote in "\"'`"):
        hint = "end it with the quote that began it"
        if token.text.startswith("`"):
            hint = "a name with odd characters is written ['name']"
        return syntax_error(text, token.start, "the string is not closed", hint)
    start = token.start
    while text[start].isascii() and text[start].isdigit():  # what is wrong with `1१` is behind the 1
        start += 1
    message = f"the character {text[start]!r} has no meaning here"
    hint = "digits are 0 to 9" if text[start].isdigit() else _STRAY_CHARACTERS.get(text[start], "")
    return syntax_error(text, start, message, hint)
