"""How much of Kusto's recorded and documented behaviour the engine reproduces; the floors only rise.

The corpora are not part of the repository: without them these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from gatelog.errors import KqlError
from gatelog.testing.kql import run
from gatelog.testing.kql_corpus import (
    DOCUMENTED_CORE_FLOOR,
    FLOORS,
    REFUSED,
    cases,
    records,
    scorer_of,
    verdict,
)

CORPUS = Path(__file__).parents[3] / "shared" / "reference" / "kql"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpora are not at {CORPUS.name}")

KNOWN_WRONG = frozenset(
    {
        "emulator/dynamic-json#agent-dynamic-json-0044.2",  # a column name with a random id
        "emulator/type-casts-coercion#agent-type-casts-coercion-0033.2",  # tolong(real of 2^63): null here
        "emulator/type-casts-coercion#agent-type-casts-coercion-0021.3",  # tostring(0.1 + 0.2): last digit
        "query/range-function#4",  # the page shows a stray row
        "query/union-operator#7",  # the order of its columns; names and values are those of the page
        "query/url-encode-component-function#1",  # the page leaves out the last slash
        "query/geo-geohash-neighbors-function#4",  # the same polygon, other points on its sides
        "query/geospatial-joins#2",  # the page shows fewer rows than its cells hold
        "query/series-acos-function#1",  # the page shows an input that the query does not have
        "clickhouse/core-operators#33",  # Kusto answers null
        "functions-library/time-window-rolling-avg-fl#4",  # the answer depends on today's date
    }
)
"""Answers that differ; every other case that is not right is refused with an error."""


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    return scorer_of(CORPUS)


def share(verdicts: Iterable[str]) -> float:
    found = [verdict.startswith("pass") for verdict in verdicts]
    return sum(found) / len(found)


def test_what_the_recorded_engine_rejects_is_rejected() -> None:
    accepted = []
    for record in records(CORPUS / "kusto_emulator_errors.jsonl"):
        try:
            run(record["query"])
        except KqlError:
            continue
        accepted.append(record["id"])
    assert accepted == []


@pytest.mark.parametrize("name", FLOORS)
def test_the_share_of_right_answers_does_not_fall(name: str, scorer: ModuleType) -> None:
    found = cases(CORPUS, name)
    verdicts = {record["id"]: verdict(record, scorer) for record in found}
    wrong = {key for key, word in verdicts.items() if not word.startswith("pass") and word != REFUSED}
    assert wrong <= KNOWN_WRONG
    assert share(verdicts.values()) >= FLOORS[name]
    core = [verdicts[record["id"]] for record in found if record.get("family", "core") == "core"]
    if name == "docs_examples":
        assert share(core) >= DOCUMENTED_CORE_FLOOR
