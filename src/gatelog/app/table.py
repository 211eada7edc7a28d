"""An answer as a table for people: aligned by type, a row a line; wide answers record by record.

Numbers and times are shown whole, or not as a table: texts and headings give way, the longest ones first.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatelog.app.exact_json import encode_exactly
from gatelog.app.terminal import on_one_line

NUMBERS = frozenset({"int", "long", "real", "decimal", "timespan"})
WHOLE = NUMBERS | {"datetime", "bool"}
"""Types whose values are never cut."""

CELL_CHARACTERS_MAX = 60
"""Of a text: a body of 100 KB in a table helps nobody; `--format json` has it whole."""

PIPED_CHARACTERS = 160
"""Width of a table that goes into a file or a pipe."""

COLUMN_CHARACTERS_MIN = 9
"""Texts that are cut shorter say nothing; then records are printed one below the other."""

GAP = 3
"""Characters between two columns."""


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
    table = _table(columns, shown, console.width)
    if table is None and rows_max is not None:
        shown = [max(rows, key=_filled)] if rows else []
    _print(table, columns, shown, console)
    cut = f", {len(shown)} shown" if len(shown) < len(rows) else ""
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}{cut}", style="dim")


def print_rows(columns: list[dict[str, str]], rows: list[list[Any]], console: Console) -> None:
    """Print rows as a table, or one below the other where they are too wide for one."""
    _print(_table(columns, rows, console.width), columns, rows, console)


def _print(
    table: Table | None, columns: list[dict[str, str]], rows: list[list[Any]], console: Console
) -> None:
    if table is None:
        _print_records(columns, rows, console)
    else:
        console.print(table)


def _filled(row: list[Any]) -> int:
    return sum(value not in (None, "") for value in row)


def _table(columns: list[dict[str, str]], rows: list[list[Any]], width: int) -> Table | None:
    """The table, if it can be had in so many characters."""
    kinds = [column["type"] for column in columns]
    heads = [Text(on_one_line(column["name"])) for column in columns]
    lines = [[_cell(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows]
    widths = _widths(kinds, heads, lines, width)
    if widths is None:
        return None
    table = Table(box=SIMPLE_HEAD, header_style="bold", border_style="dim", show_edge=False, pad_edge=False)
    for kind, head, characters in zip(kinds, heads, widths, strict=True):
        justify: Literal["left", "right"] = "right" if kind in NUMBERS else "left"
        table.add_column(head, justify=justify, no_wrap=True, overflow="ellipsis", width=characters)
    for line in lines:
        table.add_row(*line)
    return table


def _widths(kinds: list[str], heads: list[Text], lines: list[list[Text]], width: int) -> list[int] | None:
    """Of each column, so that all fit into `width`; None where texts would have to be cut too short."""
    cells = [max((line[place].cell_len for line in lines), default=0) for place in range(len(kinds))]
    whole = [cell if kind in WHOLE else 0 for kind, cell in zip(kinds, cells, strict=True)]
    wanted = [max(head.cell_len, cell) for head, cell in zip(heads, cells, strict=True)]
    room = width - GAP * (len(kinds) - 1)
    longest = max(wanted, default=0)
    for most in range(max(longest, COLUMN_CHARACTERS_MIN), COLUMN_CHARACTERS_MIN - 1, -1):
        widths = [max(least, min(most, full)) for least, full in zip(whole, wanted, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _print_records(columns: list[dict[str, str]], rows: list[list[Any]], console: Console) -> None:
    width = max(len(column["name"]) for column in columns)
    for number, row in enumerate(rows, 1):
        console.print(Text(f"── {number} ", "dim"))
        for column, value in zip(columns, row, strict=True):
            if value not in (None, ""):
                name = Text(f"{on_one_line(column['name']):{width}}  ", "bold")
                whole = column["type"] in WHOLE
                line = name + _cell(column["type"], value)
                console.print(line, no_wrap=not whole, overflow="fold" if whole else "ellipsis")


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
    if len(text) > CELL_CHARACTERS_MAX and kind not in WHOLE:
        text = text[: CELL_CHARACTERS_MAX - 1] + "…"
    return Text(text)
