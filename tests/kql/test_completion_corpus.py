"""Completion at every kind of place of queries that others wrote."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from gatelog import kql
from gatelog.errors import KqlError, KqlSyntaxError
from gatelog.kql import complete
from gatelog.kql.parser import parse, parse_recovering
from gatelog.kql.text.tokenizer import tokenize
from gatelog.kql.text.tokens import NAME
from gatelog.store import CATALOG

CORPUS = Path(__file__).parents[2].parent / "shared" / "reference" / "kql"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus is not at {CORPUS}")

PLACES = 1500
CHECKED_SUGGESTIONS = 6
LENGTH_MAX = 1200

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


def test_the_word_that_the_author_wrote_is_offered_where_it_stands() -> None:
    """In queries over the tables of Azure: but for names that are new there, and members of unknown JSON."""
    words, offered = 0, 0
    for query in compiling_queries():
        tokens = [*tokenize(query)]
        for token, following in pairwise(tokens):
            if token.kind != NAME or following.text == "=":
                continue
            found = complete(query, token.start, CATALOG).suggestions
            known = {word for one in found for word in (one.name.rstrip("="), *one.name.split())}
            words += 1
            offered += token.text in known
    assert words > 500
    assert offered / words > 0.99


def compiling_queries() -> list[str]:
    """Published queries that compile over the tables of the record, up to a length."""
    found = []
    for line in (CORPUS / "parse_only.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)["query"]
        if "ApiManagementGateway" in query and len(query) < LENGTH_MAX:
            with suppress(KqlError):
                kql.compile(query, CATALOG, now=datetime(2026, 1, 1, tzinfo=UTC))
                found.append(query)
    return found
