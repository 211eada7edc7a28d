"""How much of Kusto's recorded and documented behaviour the engine reproduces; the floors only rise.

The corpora are not part of the repository: without them these tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gatelog.errors import KqlError
from gatelog.testing.kql import run

CORPUS = Path(__file__).parents[3] / "shared" / "reference" / "kql"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpora are not at {CORPUS.name}")

FLOORS = {"kusto_emulator": 0.99, "kusto_loco": 0.98, "clickhouse_kql": 0.98, "docs_examples": 0.88}
"""Share of the cases that pass; of the documentation only its core, without geo, series and graph
functions."""

KNOWN_WRONG = frozenset(
    {
        "emulator/dynamic-json#agent-dynamic-json-0044.2",  # a column name with a random id
        "emulator/type-casts-coercion#agent-type-casts-coercion-0033.2",  # tolong(real of 2^63): null here
        "emulator/type-casts-coercion#agent-type-casts-coercion-0021.3",  # tostring(0.1 + 0.2): last digit
        "query/join-innerunique#4",  # which of several rows survives is unspecified
        "query/range-function#4",  # the page shows a stray row
        "query/union-operator#7",  # split names that clash with others
        "query/url-encode-component-function#1",  # upper-case digits, and the last slash
        "clickhouse/core-operators#33",  # Kusto answers null
        "functions-library/time-window-rolling-avg-fl#4",  # the answer depends on today's date
        "query/punycode-domain-to-string-function#1",  # the page's answer is not what its input decodes to
    }
)
"""Answers that differ; every other case that is not right is refused with an error."""


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kql_score", CORPUS / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases(name: str) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in (CORPUS / "dev" / f"{name}.jsonl").read_text().splitlines()]
    return [
        record
        for record in records
        if record["needs"] == "none" and record["deterministic"] and record.get("family", "core") == "core"
    ]


def verdict(record: dict[str, Any], scorer: ModuleType) -> str:
    try:
        columns, rows = run(record["query"])
    except KqlError:
        return "refused"
    return str(scorer.compare(record, columns, rows)[0])


@pytest.mark.parametrize("name", FLOORS)
def test_the_share_of_right_answers_does_not_fall(name: str, scorer: ModuleType) -> None:
    verdicts = {record["id"]: verdict(record, scorer) for record in cases(name)}
    wrong = {key for key, found in verdicts.items() if not found.startswith("pass") and found != "refused"}
    right = sum(found.startswith("pass") for found in verdicts.values())
    assert wrong <= KNOWN_WRONG
    assert right / len(verdicts) >= FLOORS[name]
