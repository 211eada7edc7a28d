"""Fuzzed of the query language:

kql        a query               → SQL, or an error with a place in the text
complete   a query and a cursor  → suggestions; nothing raises
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.kql.test_scripts import read_script

from gatelog import kql
from gatelog.errors import KqlBudgetError, KqlError
from gatelog.kql import Catalog, Column, KqlType, Table

from .target import Target

SCRIPTS = Path(__file__).parents[1] / "kql" / "scripts"
TABLE = Table(
    "Calls",
    tuple(
        Column(name, kind)
        for name, kind in {
            "TimeGenerated": KqlType.DATETIME,
            "Status": KqlType.INT,
            "TotalTokens": KqlType.LONG,
            "DurationMs": KqlType.REAL,
            "Client": KqlType.STRING,
            "Body": KqlType.DYNAMIC,
        }.items()
    ),
    "db.calls",
)
CATALOG = Catalog([TABLE])
NOW = datetime(2026, 9, 21, tzinfo=UTC)
QUERIES = (
    *(
        case.query.encode()
        for script in sorted(SCRIPTS.glob("*.kqlt"))
        for case in read_script(script.read_text())
    ),
    b"Calls | where Status == 200 and Client has 'a' | summarize n=count() by bin(TimeGenerated, 1h)",
    b"let a = 5; Calls | extend x = Body.usage.total_tokens + a | top 3 by x desc | project x, Client",
    b"Calls | join kind=inner (Calls | distinct Client) on Client | mv-expand Body",
    b"Calls | parse Client with * 'x' y:long | make-series count() on TimeGenerated step 1h",
)


def run_kql(data: bytes) -> None:
    """A query compiles, or its author is told where and why."""
    text = data.decode("utf-8", "replace")
    try:
        assert kql.compile(text, CATALOG, now=NOW).sql
    except KqlError as error:
        if not error.message or (error.place is None and not isinstance(error, KqlBudgetError)):
            raise AssertionError("the error names no place") from error


def run_complete(data: bytes) -> None:
    """Whatever stands before the cursor; the pieces of a text are the text."""
    text = data.decode("utf-8", "replace")
    place = data[-1] * len(text) // 255 if data else 0
    for position in (place, len(text)):
        found = kql.complete(text, position, CATALOG)
        assert 0 <= found.start <= position
    assert "".join(piece.text for piece in kql.pieces(text)) == text


TARGETS = (Target("kql", QUERIES, run_kql), Target("complete", QUERIES, run_complete))
