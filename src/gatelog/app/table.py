"""An answer as a table for people: aligned by type, a row a line; wide answers record by record.

Numbers and times are shown whole, or not as a table: texts and headings give way, the longest ones first.

rich lays out what is above the rows, and a line that does not fit; all others are written as they are: an
answer has up to 500,000.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.segment import Segment, Segments
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


LINES_AT_ONCE = 1000
"""Lines that are written together."""


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


class _Table(NamedTuple):
    """Columns: their types, headings, widths, and the texts of their cells."""

    kinds: list[str]
    heads: list[str]
    widths: list[int]
    cells: list[list[str]]


def _print(
    table: _Table | None, columns: list[dict[str, str]], rows: list[list[Any]], console: Console
) -> None:
    if table is None:
        _print_records(columns, rows, console)
        return
    console.print(_headings(table))
    lines = _lines(table)
    while written := "".join(islice(lines, LINES_AT_ONCE)):
        _write(console, [Segment(written)])


def _write(console: Console, segments: Iterable[Segment]) -> None:
    """Write what is laid out already."""
    console.print(Segments(segments), end="", crop=False)


def _filled(row: list[Any]) -> int:
    return sum(value not in (None, "") for value in row)


def _table(columns: list[dict[str, str]], rows: list[list[Any]], width: int) -> _Table | None:
    """The table, if it can be had in so many characters."""
    kinds = [column["type"] for column in columns]
    heads = [on_one_line(column["name"]) for column in columns]
    cells = [[_cell(kind, row[place]) for row in rows] for place, kind in enumerate(kinds)]
    widths = _widths(kinds, heads, cells, width)
    return None if widths is None else _Table(kinds, heads, widths, cells)


def _widths(kinds: list[str], heads: list[str], cells: list[list[str]], width: int) -> list[int] | None:
    """Of each column, so that all fit into `width`; None where texts would have to be cut too short."""
    longest_cells = [max(map(_width, texts), default=0) for texts in cells]
    whole = [cell if kind in WHOLE else 0 for kind, cell in zip(kinds, longest_cells, strict=True)]
    wanted = [max(_width(head), cell) for head, cell in zip(heads, longest_cells, strict=True)]
    room = width - GAP * (len(kinds) - 1)
    longest = max(wanted, default=0)
    for most in range(max(longest, COLUMN_CHARACTERS_MIN), COLUMN_CHARACTERS_MIN - 1, -1):
        widths = [max(least, min(most, full)) for least, full in zip(whole, wanted, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _headings(table: _Table) -> Table:
    laid_out = Table(
        box=SIMPLE_HEAD, header_style="bold", border_style="dim", show_edge=False, pad_edge=False
    )
    for kind, head, characters in zip(table.kinds, table.heads, table.widths, strict=True):
        justify: Literal["left", "right"] = "right" if kind in NUMBERS else "left"
        laid_out.add_column(Text(head), justify=justify, no_wrap=True, overflow="ellipsis", width=characters)
    return laid_out


def _lines(table: _Table) -> Iterator[str]:
    """The rows, each with its line end."""
    gap = " " * GAP
    columns = (
        _aligned(cells, characters, right=kind in NUMBERS)
        for kind, characters, cells in zip(table.kinds, table.widths, table.cells, strict=True)
    )
    return (gap.join(cells) + "\n" for cells in zip(*columns, strict=True))


def _aligned(cells: list[str], characters: int, *, right: bool) -> Iterator[str]:
    """The cells of a column, all of one width."""
    for text in cells:
        missing = characters - _width(text)
        if missing < 0:
            yield set_cell_size(text, characters - 1) + "…"
        else:
            yield " " * missing + text if right else text + " " * missing


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _print_records(columns: list[dict[str, str]], rows: list[list[Any]], console: Console) -> None:
    longest = max(len(column["name"]) for column in columns)
    names = [f"{on_one_line(column['name']):{longest}}  " for column in columns]
    kinds = [column["type"] for column in columns]
    bold, dim = console.get_style("bold"), console.get_style("dim")
    for number, row in enumerate(rows, 1):
        fitting = [Segment(f"── {number} ", dim), Segment.line()]
        for name, kind, value in zip(names, kinds, row, strict=True):
            if value in (None, ""):
                continue
            text = _cell(kind, value)
            if _width(name) + _width(text) <= console.width:
                fitting += (Segment(name, bold), Segment(text), Segment.line())
                continue
            _write(console, fitting)
            fitting = []
            line = Text(name, "bold") + Text(text)
            whole = kind in WHOLE
            console.print(line, no_wrap=not whole, overflow="fold" if whole else "ellipsis")
        _write(console, fitting)


def _cell(kind: str, value: Any) -> str:
    if value is None:
        return ""
    if kind == "datetime":
        text = str(value).replace("T", " ").removesuffix("Z")
        text = text[:23] if "." in text else text  # milliseconds are enough to look at
    elif isinstance(value, str):
        text = value
    else:
        text = encode_exactly(value).decode()
        if kind in NUMBERS:
            return text
    text = on_one_line(text)
    if len(text) > CELL_CHARACTERS_MAX and kind not in WHOLE:
        text = text[: CELL_CHARACTERS_MAX - 1] + "…"
    return text
