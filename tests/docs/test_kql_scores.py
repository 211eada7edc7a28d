"""The page of scores: its figures agree with each other, and with the floors that the tests hold."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from gatelog.testing.kql_corpus import DOCUMENTED_CORE_FLOOR, FLOORS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "kql-scores.md"


class Table(NamedTuple):
    """A table of the page: what its rows are, and (passed, cases) by name."""

    of: str
    rows: dict[str, tuple[int, int]]

    @property
    def total(self) -> tuple[int, int]:
        passed, cases = zip(*self.rows.values(), strict=True)
        return sum(passed), sum(cases)


def tables(text: str) -> list[Table]:
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        (of, *_), _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines())
        counted = {row[0]: (int(row[1].replace(",", "")), int(row[2].replace(",", ""))) for row in rows}
        found.append(Table(of, counted))
    return found


@pytest.fixture(scope="module")
def sections() -> dict[str, list[Table]]:
    """The tables of the page by its sections; the summary is the one without a name."""
    first, *named = PAGE.read_text().split("\n## ")
    return {"": tables(first)} | {part.partition("\n")[0]: tables(part) for part in named}


def hundredths(score: tuple[int, int]) -> int:
    return math.floor(100 * score[0] / score[1])


@pytest.mark.parametrize("name", FLOORS)
def test_families_and_pages_add_up_to_the_collection(name: str, sections: dict[str, list[Table]]) -> None:
    families, pages = sections[name]
    assert (families.of, pages.of) == ("family", "page")
    assert families.total == pages.total == sections[""][0].rows[name]


def test_the_floors_are_what_the_page_shows(sections: dict[str, list[Table]]) -> None:
    """In whole percents: who raises a score renews the page, and raises the floor with it."""
    shown = {name: hundredths(score) for name, score in sections[""][0].rows.items()}
    assert shown == {name: round(100 * floor) for name, floor in FLOORS.items()}
    core = sections["docs_examples"][0].rows["core"]
    assert hundredths(core) == round(100 * DOCUMENTED_CORE_FLOOR)


def test_everything_that_kusto_rejects_is_rejected(sections: dict[str, list[Table]]) -> None:
    passed, cases = sections[""][1].rows["Queries that a Kusto engine rejects, rejected"]
    assert passed == cases


def test_the_page_names_cases_only_by_their_pages(sections: dict[str, list[Table]]) -> None:
    """Nothing of a query or an answer is repeated."""
    parts = [table for name, found in sections.items() if name for table in found]
    names = [name for table in parts for name in table.rows]
    assert len(names) > 200
    assert not [name for name in names if not re.fullmatch(r"[\w/-]+", name)]
