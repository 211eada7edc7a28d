"""An answer as a table for people: aligned by type, long text cut; wide answers record by record."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatelog.app.exact_json import encode_exactly
from gatelog.app.terminal import on_one_line

NUMBERS = frozenset({"int", "long", "real", "decimal", "timespan"})
CELL_CHARACTERS_MAX = 60
"""A body of 100 KB in a table helps nobody; `--format json` has it whole."""

PIPED_CHARACTERS = 160
"""Width of a table that goes into a file or a pipe."""

COLUMN_CHARACTERS_MIN = 9
"""Narrower columns wrap every word; then records are printed one below the other."""


def standard_output() -> Console:
    """A console on stdout; where that is no terminal, wide enough for tables (COLUMNS decides otherwise)."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return Console()
    return Console(width=PIPED_CHARACTERS)


def print_table(answer: dict[str, Any], console: Console, *, rows_max: int | None = None) -> None:
    """Print `{"columns": [{"name", "type"}], "rows": [[…]]}`.

    With `rows_max` that many rows are shown; of an answer that is too wide for a table, the fullest one.
    """
    columns, rows = answer["columns"], answer["rows"]
    shown = rows[:rows_max]
    if _is_wide(columns, console) and rows_max is not None:
        shown = [max(rows, key=_filled)] if rows else []
    print_rows(columns, shown, console)
    cut = f", {len(shown)} shown" if len(shown) < len(rows) else ""
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}{cut}", style="dim")


def print_rows(columns: list[dict[str, str]], rows: list[list[Any]], console: Console) -> None:
    """Print rows as a table, or one below the other where there are too many columns for the width."""
    if _is_wide(columns, console):
        _print_records(columns, rows, console)
    else:
        console.print(_table(columns, rows))


def _is_wide(columns: list[dict[str, str]], console: Console) -> bool:
    return len(columns) * COLUMN_CHARACTERS_MIN > console.width


def _filled(row: list[Any]) -> int:
    return sum(value not in (None, "") for value in row)


def _table(columns: list[dict[str, str]], rows: list[list[Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold", border_style="dim", show_edge=False, pad_edge=False)
    for column in columns:
        numeric = column["type"] in NUMBERS
        table.add_column(
            Text(on_one_line(column["name"])),
            justify="right" if numeric else "left",
            overflow="fold" if numeric else "ellipsis",
            no_wrap=numeric or column["type"] == "datetime",
        )
    for row in rows:
        table.add_row(*(_cell(column["type"], value) for column, value in zip(columns, row, strict=True)))
    return table


def _print_records(columns: list[dict[str, str]], rows: list[list[Any]], console: Console) -> None:
    width = max(len(column["name"]) for column in columns)
    for number, row in enumerate(rows, 1):
        console.print(Text(f"── {number} ", "dim"))
        for column, value in zip(columns, row, strict=True):
            if value not in (None, ""):
                name = Text(f"{on_one_line(column['name']):{width}}  ", "bold")
                console.print(name + _cell(column["type"], value), no_wrap=True, overflow="ellipsis")


def _cell(kind: str, value: Any) -> Text:
    if value is None:
        return Text("")
    if kind == "datetime":
        text = str(value).replace("T", " ").removesuffix("Z")
        text = text[:23] if "." in text else text  # milliseconds are enough to look at
    elif isinstance(value, str):
        text = value
    else:
        text = encode_exactly(value).decode()
    text = on_one_line(text)
    if len(text) > CELL_CHARACTERS_MAX:
        text = text[: CELL_CHARACTERS_MAX - 1] + "…"
    return Text(text)
