"""The page about `Calls` names the columns, reasons and sources that there are, and its queries compile."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatelog import kql
from gatelog.model import EndReason, UsageSource
from gatelog.store import CATALOG, TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "calls.md").read_text()
COLUMNS, ENDS, SOURCES, QUESTIONS = re.split(r"^## .*$", PAGE, flags=re.MULTILINE)
[CALLS] = [table for table in TABLES if table.name == "Calls"]


def first_cells(part: str) -> list[str]:
    return re.findall(r"^\| \*?`(\w+)`\*? \|", part, re.MULTILINE)


def test_every_column_is_explained_once_with_its_type() -> None:
    shown = re.findall(r"^\| \*?`(\w+)`\*? \| (\w+) \|", COLUMNS, re.MULTILINE)
    assert sorted(shown) == sorted((column.name, column.type.value) for column in CALLS.columns)


def test_what_was_said_is_in_italics() -> None:
    assert set(re.findall(r"^\| \*`(\w+)`\* \|", COLUMNS, re.MULTILINE)) == set(CALLS.content)


def test_every_end_and_every_source_is_explained() -> None:
    assert first_cells(ENDS) == ["EndReason", *EndReason]
    assert sorted(first_cells(SOURCES)) == sorted(["UsageSource", *UsageSource])


@pytest.mark.parametrize("query", re.findall(r"```kusto\n(.+?)```", QUESTIONS, re.DOTALL))
def test_a_question_compiles(query: str) -> None:
    [answer] = kql.compile_batch(query, CATALOG, now=datetime(2026, 12, 1, tzinfo=UTC))
    assert answer.columns
