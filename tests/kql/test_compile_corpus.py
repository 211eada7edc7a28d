"""Queries that people published for Azure Monitor and for AI gateways compile, given tables like theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatelog.testing.inferred_schema import remaining_error

CORPUS = Path(__file__).parents[3] / "shared" / "reference" / "kql"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not at {CORPUS}")

FLOORS = {"azmoncommunity": 0.98, "ai-gateway": 1.0}
"""Share of the queries of a collection that compile. The rest use names that their authors did not
define, or tables whose types one query does not tell."""


def queries(collection: str) -> dict[str, str]:
    records = map(json.loads, (CORPUS / "parse_only.jsonl").read_text(encoding="utf-8").splitlines())
    return {record["id"]: record["query"] for record in records if record["id"].startswith(f"{collection}/")}


@pytest.mark.parametrize("collection", FLOORS)
def test_published_queries_compile(collection: str) -> None:
    found = queries(collection)
    errors = {
        name: str(error) for name, text in found.items() if (error := remaining_error(text)) is not None
    }
    assert 1 - len(errors) / len(found) >= FLOORS[collection], errors
