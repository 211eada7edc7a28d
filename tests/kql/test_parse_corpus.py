"""The parser against queries that others wrote: accepted and refused as the official parser and engine do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.testing.kql import parse

CORPUS = Path(__file__).parents[2].parent / "shared" / "reference" / "kql"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not at {CORPUS}")


def queries(name: str) -> Iterator[tuple[str, str]]:
    """Identity and text of each query in a file of the corpus."""
    with (CORPUS / name).open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["id"], record["query"]


def refused(name: str) -> dict[str, str]:
    """The queries of a file that do not parse, with the reason."""
    reasons = {}
    for identity, text in queries(name):
        try:
            parse(text)
        except KqlSyntaxError as error:
            reasons[identity] = str(error)
    return reasons


@pytest.mark.parametrize(
    "name", ["clickhouse_kql.jsonl", "docs_examples.jsonl", "kusto_emulator.jsonl", "kusto_loco.jsonl"]
)
def test_every_query_with_a_known_answer_parses(name: str) -> None:
    assert refused(f"dev/{name}") == {}


def test_published_queries_parse() -> None:
    """All but a handful of 4,173: constants out of range or made up, `=` where `==` was meant."""
    reasons = refused("parse_only.jsonl")
    assert len(reasons) <= 9, reasons


def test_queries_that_are_no_kql_for_the_engine_are_none_here() -> None:
    """Reserved names, untyped nulls, arithmetic in datatable, clauses out of order; the rest is no matter
    of syntax: unknown names, wrong types."""
    assert len(refused("kusto_emulator_errors.jsonl")) >= 38
