"""Each row of the page on bad input names a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "reference" / "bad-input.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| input", "| backend |", "| promise"))
]


def names_in(path: Path) -> set[str]:
    """The names of the test functions of a file."""
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) >= 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:50])
def test_a_row_names_a_test_that_exists(row: str) -> None:
    (file, name) = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)[0]
    assert name in names_in(ROOT / file)
