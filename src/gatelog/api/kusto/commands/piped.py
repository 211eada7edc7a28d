"""A command's result as the source of a query: `.show tables | where TableName has "Log" | count`."""

from __future__ import annotations

import re

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.kql import LINE_ENDS

_COMMAND = re.compile(rf"(?:\s|//[^{LINE_ENDS}]*+)*+\.")
"""A dot behind comments and blanks. Possessive: what a blank or a comment took is nothing else."""

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def is_command(text: str) -> bool:
    """Whether a text is a management command; it may begin with comments."""
    return _COMMAND.match(text) is not None


def pipe_of(text: str) -> str:
    """The part of a command that begins with a pipe outside of all brackets, or nothing. A command that
    brings data or a query (`<|`) has none.
    """
    command = CommandText(text)
    depth = 0
    for token in command.tokens if command.input is None else []:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text == "|" and depth == 0:
            return text[token.start :]
    return ""
