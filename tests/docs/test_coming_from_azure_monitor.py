"""What the page "Coming from Azure Monitor" says about this side; its steps are followed in tests/e2e."""

import re
from pathlib import Path

from gatelog.config import HubConfig
from gatelog.store import TABLES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "coming-from-azure-monitor.md").read_text()


def row(first: str) -> str:
    found = re.search(rf"^\| {re.escape(first)}.*$", PAGE, re.MULTILINE)
    assert found is not None
    return found[0]


def test_the_tables_that_stay_are_all_there_are() -> None:
    named = set(re.findall(r"`(\w+)`", row("the tables")))
    assert named == {table.name for table in TABLES}


def test_the_limits_are_those_of_the_configuration() -> None:
    limits = HubConfig().query
    shown = f"{limits.rows_max:,} rows, {limits.answer_bytes_max >> 20} MiB, {limits.time_s / 60:.0f} minute,"
    assert shown in row("an answer may have")
