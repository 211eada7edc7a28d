"""How much of Kusto's recorded and documented behaviour the engine reproduces; the floors only rise.

The corpora are not part of the repository: without them these tests are skipped.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gatelog.errors import KqlError
from gatelog.testing.kql import run

CORPUS = Path(__file__).parents[3] / "shared" / "reference" / "kql"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpora are not at {CORPUS.name}")

FLOORS = {
    "kusto_emulator": 0.99,
    "kusto_loco": 0.98,
    "clickhouse_kql": 0.98,
    "docs_examples": 0.95,
}
"""Share of the self-contained, deterministic cases that pass."""

DOCUMENTED_CORE_FLOOR = 0.95
"""The same for the documentation without its geo, series, graph and plugin pages."""

KNOWN_WRONG = frozenset(
    {
        "emulator/dynamic-json#agent-dynamic-json-0044.2",  # a column name with a random id
        "emulator/type-casts-coercion#agent-type-casts-coercion-0033.2",  # tolong(real of 2^63): null here
        "emulator/type-casts-coercion#agent-type-casts-coercion-0021.3",  # tostring(0.1 + 0.2): last digit
        "query/join-innerunique#4",  # which of several rows survives is unspecified
        "query/range-function#4",  # the page shows a stray row
        "query/union-operator#7",  # the order of its columns; names and values are those of the page
        "query/url-encode-component-function#1",  # the page leaves out the last slash
        "query/geo-geohash-neighbors-function#4",  # the same polygon, other points on its sides
        "query/geospatial-joins#2",  # the page shows fewer rows than its cells hold
        "query/series-acos-function#1",  # the page shows an input that the query does not have
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
    return [record for record in records if record["needs"] == "none" and record["deterministic"]]


def verdict(record: dict[str, Any], scorer: ModuleType) -> str:
    try:
        columns, rows = run(record["query"])
    except KqlError:
        return "refused"
    return str(scorer.compare(record, columns, rows)[0])


def share(verdicts: Iterable[str]) -> float:
    found = [verdict.startswith("pass") for verdict in verdicts]
    return sum(found) / len(found)


def test_what_the_recorded_engine_rejects_is_rejected() -> None:
    lines = (CORPUS / "kusto_emulator_errors.jsonl").read_text().splitlines()
    accepted = []
    for record in map(json.loads, lines):
        try:
            run(record["query"])
        except KqlError:
            continue
        accepted.append(record["id"])
    assert accepted == []


@pytest.mark.parametrize("name", FLOORS)
def test_the_share_of_right_answers_does_not_fall(name: str, scorer: ModuleType) -> None:
    records = cases(name)
    verdicts = {record["id"]: verdict(record, scorer) for record in records}
    wrong = {key for key, found in verdicts.items() if not found.startswith("pass") and found != "refused"}
    assert wrong <= KNOWN_WRONG
    assert share(verdicts.values()) >= FLOORS[name]
    core = [verdicts[record["id"]] for record in records if record.get("family", "core") == "core"]
    if name == "docs_examples":
        assert share(core) >= DOCUMENTED_CORE_FLOOR
