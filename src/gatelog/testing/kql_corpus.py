"""Collections of queries with known answers: their cases, run and judged by the scorer that comes with them.

DIRECTORY/score.py            compare(case, columns, rows) → ("pass" | "pass~order" | "values" | …, detail)
DIRECTORY/dev/NAME.jsonl      a case a line: id, page, family, query, columns, rows, needs, deterministic, …
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from gatelog.errors import KqlError
from gatelog.testing.kql import run

REFUSED = "refused"

FLOORS = {
    "kusto_emulator": 0.99,
    "kusto_loco": 0.99,
    "clickhouse_kql": 0.98,
    "docs_examples": 0.96,
}
"""Share of the cases that pass, below which no change may go."""

DOCUMENTED_CORE_FLOOR = 0.96
"""The same for the documentation without its geo, series, graph and plugin pages."""


def scorer_of(directory: Path) -> ModuleType:
    """The scorer that comes with the collections."""
    spec = importlib.util.spec_from_file_location("kql_score", directory / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def records(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file."""
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def cases(directory: Path, name: str) -> list[dict[str, Any]]:
    """The cases of a collection that bring their own data and have one right answer."""
    listed = records(directory / "dev" / f"{name}.jsonl")
    return [record for record in listed if record["needs"] == "none" and record["deterministic"]]


def verdict(record: dict[str, Any], scorer: ModuleType) -> str:
    """The scorer's word for our answer to a case; REFUSED where there is none."""
    try:
        columns, rows = run(record["query"])
    except KqlError:
        return REFUSED
    return str(scorer.compare(record, columns, rows)[0])
