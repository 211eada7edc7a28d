"""Runs the query scripts of scripts/: queries with the answers that KQL gives, in a form people can read.

    # a comment
    load T(a: long, b: string)        a table for every query below, until the end of the file
        1, "x"                        rows as datatable takes them

    eval [ordered] [failing]          rows may come in any order unless it says ordered
        T
        | where a > 1
    ----
    a | b                             the names of the columns
    1 | x                             one row a line; nothing more for an empty table

    eval
        T | where c
    ----
    error KqlSemanticError: c         the kind of error, and a piece of its message

`failing` marks an answer that KQL gives and gatelog does not, yet: such a case fails when it begins to pass.
Cells are written as Kusto prints them: null, true, 1.5, 2024-01-01T00:00:00Z, 1.02:03:04, {"a":1}; a string
stands for itself, in JSON quotes when it is empty, reads as null, or has a bar, a tab, a line break or blanks
at an end.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gatelog.errors import KqlError, KqlUnsupportedError
from gatelog.testing.kql import run

SCRIPTS = Path(__file__).parent / "scripts"
_LOAD = re.compile(r"load (\w+)(\(.*\))")
_NOT_YET = (KqlUnsupportedError, AssertionError, pytest.fail.Exception)
_EVAL = re.compile(r"eval( ordered)?( failing)?")
_ERROR = re.compile(r"error (\w+): (.+)")


@dataclass(frozen=True)
class Case:
    """A query with its expected lines: the header and the rows, or one line that begins with `error`."""

    line: int
    query: str
    expected: tuple[str, ...]
    ordered: bool = False
    failing: bool = False


def read_script(text: str) -> Iterator[Case]:
    """The cases of a script; ValueError when it is not written as above."""
    tables = ""
    lines = list(enumerate(text.splitlines(), 1))
    while lines:
        number, head = lines.pop(0)
        if not head or head.startswith("#"):
            continue
        body = _take(lines, lambda line: line.startswith("    "))
        rows = ", ".join(row.rstrip(",") for row in body)
        if load := _LOAD.fullmatch(head):
            tables += f"let {load[1]} = datatable{load[2]}[{rows}];\n"
        elif evaluate := _EVAL.fullmatch(head):
            if not lines or lines.pop(0)[1] != "----":
                raise ValueError(f"line {number}: the query has no ---- behind it")
            expected = _take(lines, bool)
            query = tables + "\n".join(body)
            yield Case(number, query, tuple(expected), ordered=bool(evaluate[1]), failing=bool(evaluate[2]))
        else:
            raise ValueError(f"line {number}: neither load nor eval: {head}")


def _take(lines: list[tuple[int, str]], wanted: Callable[[str], object]) -> list[str]:
    taken = []
    while lines and wanted(lines[0][1]):
        taken.append(lines.pop(0)[1].strip())
    return taken


def cell(value: object) -> str:
    """A value as a script writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return _real(value)
        case datetime():
            return value.isoformat().removesuffix("+00:00") + "Z"
        case timedelta():
            return _timespan(value)
        case dict() | list():
            return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        case str():
            plain = (
                value == value.strip() and value not in {"", "null"} and not re.search(r"[|\n\r\t]", value)
            )
            return value if plain else json.dumps(value, ensure_ascii=False)
    return str(value)


def _real(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return str(value) if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"


def _timespan(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, seconds = divmod(value.seconds, 3600)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02}:{seconds // 60:02}:{seconds % 60:02}{fraction}"


def check(case: Case) -> None:
    """AssertionError when the answer is not the expected one."""
    if case.expected and (error := _ERROR.fullmatch(case.expected[0])):
        with pytest.raises(KqlError) as caught:
            run(case.query)
        assert type(caught.value).__name__ == error[1]
        assert error[2] in str(caught.value)
        return
    columns, rows = run(case.query)
    lines = [" | ".join(map(cell, row)) for row in rows]
    expected = list(case.expected[1:])
    assert " | ".join(columns) == case.expected[0]
    assert lines == expected if case.ordered else sorted(lines) == sorted(expected)


def cases() -> Iterator[object]:
    """Every case of every script, named by file and line."""
    for script in sorted(SCRIPTS.glob("*.kqlt")):
        for case in read_script(script.read_text(encoding="utf-8")):
            failing = pytest.mark.xfail(
                raises=(KqlUnsupportedError, AssertionError), reason="not answered yet"
            )
            yield pytest.param(case, id=f"{script.name}:{case.line}", marks=failing if case.failing else ())


@pytest.mark.parametrize("case", list(cases()))
def test_a_script_gets_its_answers(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "expected",
    [("x", "2"), ("y", "1"), ("x",), ("x", "1", "1"), ("error KqlSemanticError: x",)],
    ids=["value", "name", "row-missing", "row-too-many", "error"],
)
def test_a_wrong_expectation_fails(expected: tuple[str, ...]) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Case(1, "print x = 1", expected))


@pytest.mark.parametrize("text", ["evaluate\n    print 1", "eval\n    print 1\nx\n1", "eval\n    print 1"])
def test_a_malformed_script_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(read_script(text))
