"""Completion at every kind of place of queries that others wrote."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from gatelog.errors import KqlSyntaxError
from gatelog.kql import complete
from gatelog.kql.parser import parse, parse_recovering
from gatelog.store import CATALOG

CORPUS = Path(__file__).parents[2].parent / "shared" / "reference" / "kql"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not at {CORPUS}")

PLACES = 1500
CHECKED_SUGGESTIONS = 6

SECONDS_P95 = 0.010
"""Processor time of one completion: typing must not feel it. On a quiet machine 99 of 100 take 5 ms; the
rest are pauses of the garbage collector, and queries of 10,000 characters."""


def places() -> list[tuple[str, int]]:
    """Queries and offsets into them, the same in every run."""
    queries = [
        json.loads(line)["query"]
        for name in ("parse_only.jsonl", "dev/kusto_emulator.jsonl", "dev/docs_examples.jsonl")
        for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()
    ]
    chosen = random.Random(20261121)
    return [(query, chosen.randint(0, len(query))) for query in chosen.choices(queries, k=PLACES)]


def is_prefix(text: str) -> bool:
    """Whether `text` is KQL as far as it goes: what is wrong with it is that it ends."""
    try:
        parse(text)
    except KqlSyntaxError as error:
        return offset_of(text, error) >= len(text)
    return True


def offset_of(text: str, error: KqlSyntaxError) -> int:
    assert error.place is not None
    line, column = error.place
    return sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1


def test_every_place_gets_an_answer_at_once() -> None:
    seconds, answered = [], 0
    for query, position in places():
        began = time.process_time()
        answered += bool(complete(query, position, CATALOG).suggestions)
        seconds.append(time.process_time() - began)
    assert answered > PLACES / 3  # the rest: strings, comments, numbers, names that are new or unknown
    assert sorted(seconds)[int(PLACES * 0.95)] < SECONDS_P95


def test_what_is_suggested_parses_as_far_as_it_goes() -> None:
    """Words that begin a statement or a source need something behind them: they get a name."""
    chosen, wrong, checked = random.Random(7), [], 0
    for query, position in places()[::4]:
        found = complete(query, position, CATALOG)
        before = query[: found.start]
        if any(offset_of(before, error) < len(before) for error in parse_recovering(before)[1]):
            continue  # what is broken before the cursor stays broken
        for one in chosen.sample(found.suggestions, min(CHECKED_SUGGESTIONS, len(found.suggestions))):
            checked += 1
            text = before + one.text
            if not is_prefix(text) and not is_prefix(f"{text} name"):
                wrong.append(text[-80:])
    assert checked > 500
    assert wrong == []
