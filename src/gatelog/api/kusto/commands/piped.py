"""A command's result as the source of a query: `.show tables | where TableName has "Log" | count`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.result import CommandTable
from gatelog.kql import KqlType

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def is_command(text: str) -> bool:
    """Whether a text is a management command; it may begin with comments."""
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("//")), "").startswith(".")


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


def as_datatable(table: CommandTable) -> str:
    """A query that answers `table`."""
    types = [column.type for column in table.columns]
    schema = ", ".join(f"[{json.dumps(column.name)}]: {column.type}" for column in table.columns)
    return f"datatable({schema}) [{', '.join(_literals(types, table.rows))}]"


def _literals(types: Sequence[KqlType], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_literal(kind, cell) for row in rows for kind, cell in zip(types, row, strict=True)]


def _literal(kind: KqlType, cell: Any) -> str:
    if kind is KqlType.STRING:
        return json.dumps(cell or "")
    return f"{kind}({'null' if cell is None else json.dumps(cell).strip(chr(34))})"
