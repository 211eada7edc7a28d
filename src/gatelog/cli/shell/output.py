"""What a shell prints: tables, charts, errors with their place."""

from __future__ import annotations

import csv
import io
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from prompt_toolkit.utils import get_cwidth
from rich.console import Console
from rich.text import Text

from gatelog.app import encode_exactly, print_rows, printable
from gatelog.cli.shell.charts import NotDrawableError, draw
from gatelog.cli.shell.connection import AnswerTable
from gatelog.errors import KqlError, Place
from gatelog.kql import LINE_ENDS, RenderHint, lines_of, pieces

ROWS_SHOWN_MAX: Final = 1000
"""Rows of a table on the screen: nobody reads on; `.export` writes all of them."""

CHART_LINES: Final = 16
"""Height of a chart, less where the screen is lower."""

_LESS: Final = "RFSX"
"""Options of less: colours, done if all fits, long lines go on to the right, the text stays on the screen."""

_PAGER: Final = f"less -{_LESS}"


def as_csv(answer: AnswerTable) -> str:
    """RFC 4180, with a line of names; null is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column["name"] for column in answer["columns"]])
    writer.writerows([_cell(value) for value in row] for row in answer["rows"])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return encode_exactly(value).decode()


def as_json(answer: AnswerTable) -> str:
    """The answer as the hub's own JSON, indented."""
    return msgspec.json.format(encode_exactly(answer), indent=2).decode() + "\n"


def print_answer(answer: AnswerTable, form: str, hint: RenderHint | None, console: Console) -> None:
    """Print an answer in the form table, csv or json; as a table it is drawn if the query says how."""
    if form != "table":
        text = as_csv(answer) if form == "csv" else as_json(answer)
        console.file.write(printable(text) if console.is_terminal else text)
    elif hint is None or hint.chart == "table" or not answer["rows"]:
        _print_table(answer, console)
    else:
        _print_chart(answer, hint, console)


def _print_table(answer: AnswerTable, console: Console) -> None:
    columns, rows = answer["columns"], answer["rows"]
    _paged(console, lambda: print_rows(columns, rows[:ROWS_SHOWN_MAX], console))
    if len(rows) > ROWS_SHOWN_MAX:
        console.print(f"the first {ROWS_SHOWN_MAX:,} rows; .export FILE writes all", style="dim")


def _print_chart(answer: AnswerTable, hint: RenderHint, console: Console) -> None:
    try:
        lines = draw(answer, hint, console.width - 1, max(min(CHART_LINES, console.height - 8), 4))
    except NotDrawableError as error:
        _print_table(answer, console)
        console.print(f"no chart: {error}", style="dim", markup=False)
        return
    _paged(console, lambda: _print_lines(lines[:ROWS_SHOWN_MAX], console))
    if len(lines) > ROWS_SHOWN_MAX:
        console.print(f"the first {ROWS_SHOWN_MAX:,} lines; .export FILE writes all rows", style="dim")


def _print_lines(lines: Iterable[Text], console: Console) -> None:
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", crop=True)


def _paged(console: Console, show: Callable[[], None]) -> None:
    """Print, through a pager where the screen is too small and there is one."""
    with console.capture() as captured:
        show()
    text = captured.get()
    command = _pager()
    fits = text.count("\n") < console.height
    if console.is_terminal and not fits and command and shutil.which(command[0]):
        environment = {"LESS": _LESS, **os.environ}
        subprocess.run(  # noqa: S603 - the user's own pager
            command, input=text.encode(), env=environment, check=False
        )
    else:
        console.file.write(text)
        console.file.flush()


def _pager() -> list[str]:
    """The pager's words; none where the user's cannot be told apart."""
    try:
        return shlex.split(os.environ.get("PAGER") or _PAGER)
    except ValueError:
        return []


def print_query_error(query: str, error: KqlError, console: Console) -> None:
    """The line of the query with its error underlined, what is wrong, and what may help."""
    if error.place is not None:
        _underline(query, error.place, console)
    print_error(error.message, console)
    if error.hint:
        console.print(Text.assemble(("hint: ", "bold"), printable(error.hint)))


def _underline(query: str, place: Place, console: Console) -> None:
    lines = lines_of(query)
    if place.line > len(lines):
        return
    line = lines[place.line - 1].rstrip(LINE_ENDS)
    number = f"{place.line} │ " if len(lines) > 1 else ""
    before = line[: place.column - 1]
    length = _token_length(query, sum(map(len, lines[: place.line - 1])) + place.column - 1)
    indent = " " * get_cwidth(number + before.replace("\t", " "))
    console.print(Text.assemble((number, "dim"), line.replace("\t", " ")), overflow="ignore", crop=False)
    console.print(Text(indent + "^" * length, "bold red"), overflow="ignore", crop=False)


def _token_length(query: str, offset: int) -> int:
    """Characters of the token at `offset`, on its first line; 1 at the end of the text."""
    end = 0
    for _, text in pieces(query):
        end += len(text)
        if offset < end:
            return max(len(lines_of(text[offset - end :])[0].rstrip(LINE_ENDS)), 1)
    return 1


def print_error(message: str, console: Console) -> None:
    """What is wrong, without its place."""
    console.print(Text.assemble(("error: ", "bold red"), printable(message)))
