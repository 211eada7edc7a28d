"""Searches for words next to each other: an index of seams says which granules have none."""

from __future__ import annotations

import sys
import unicodedata
from datetime import UTC, datetime

import clickhouse_connect
import msgspec
import pytest

from gatelog import kql
from gatelog.kql import SEAM_KINDS
from gatelog.model import Body, Exchange
from gatelog.store import CATALOG, Store
from gatelog.testing.records import chat_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)
DATABASE = "store_test"
TEXTS = ("An Invoice of 4711, thanks", "Die Größe der Straße", "die GRÖSSE，und Größe…")


def asked(sequence: int, text: str) -> Exchange:
    """A call whose request is `text`."""
    exchange = chat_exchange(sequence)
    content = msgspec.structs.replace(exchange.content, request=Body(text, len(text), "a" * 64))
    return msgspec.structs.replace(exchange, content=content)


def merge(dsn: str) -> None:
    """All parts into one, which has all indexes."""
    client = clickhouse_connect.get_client(dsn=dsn, database=DATABASE)
    client.command("OPTIMIZE TABLE calls FINAL")
    client.close()


def reads_texts(store: Store, predicate: str) -> bool:
    """Whether the one granule is read."""
    query = f"ApiManagementGatewayLogs | where {predicate} | project CorrelationId"
    sql = kql.compile(query, CATALOG, now=NOW).sql
    lines = [row[0].strip() for row in store.run(f"EXPLAIN indexes = 1 {sql}").rows]
    last = [line for line in lines if line.startswith("Granules:")][-1]
    return int(last.removeprefix("Granules: ").partition("/")[0]) > 0


@pytest.mark.parametrize(
    ("predicate", "reads"),
    [
        ("RequestBody has 'invoice of'", True),
        ("RequestBody has 'invoice thanks'", False),
        ("RequestBody has 'INVOICE, thanks'", False),
        ("RequestBody has_cs 'An thanks'", False),
        ("RequestBody has 'an invoice thanks'", False),
        ("RequestBody has 'invoice of 4711'", True),
        ("RequestBody has 'die größe'", True),
        ("RequestBody has 'grösse größe'", False),
        ("RequestBody has 'GRÖSSE，und'", True),
        ("RequestBody contains ' of 4711, th'", True),
        ("RequestBody contains ' of invoice '", False),
        ("RequestBody contains 'voice of 47'", True),
        ("RequestBody contains 'voice thanks'", False),
        ("RequestBody contains 'voice than'", False),
        ("RequestBody contains 'voice th'", True),
        ("RequestBody contains 'die grö'", True),
        ("RequestBody contains 'invoice grö'", False),
        ("RequestBody has 'die gröfaz'", False),
        ("RequestBody hasprefix 'die gröf'", False),
        ("RequestBody contains 'ice thanks'", True),
        ("RequestBody contains 'ice 4711 inv'", False),
        ("RequestBody contains 'Größe 客户'", False),
        ("RequestBody contains 'RÖSSE，u'", True),
        ("RequestBody hasprefix 'invoice thank'", False),
        ("RequestBody hassuffix 'voice thanks'", False),
        ("RequestBody startswith 'An thanks'", False),
        ("RequestBody !has 'invoice thanks'", True),
        ("RequestBody has 'invoice thanks' or RequestBody has 'invoice of'", True),
        ("BackendRequestBody has 'invoice thanks'", False),
    ],
)
def test_where_no_text_has_two_words_next_to_each_other_none_is_read(
    dsn: str, store: Store, predicate: str, reads: bool
) -> None:
    """Though one text has both. The filter is wrong once in ten, of these it is not.

    A piece of three letters could end any word, one of two begin any.
    """
    store.insert([asked(number, text) for number, text in enumerate(TEXTS, start=1)])
    merge(dsn)
    assert reads_texts(store, predicate) == reads


def test_an_insert_leaves_the_index_of_seams_to_merges(dsn: str, store: Store) -> None:
    """It would take half as long again."""
    store.insert([asked(number, text) for number, text in enumerate(TEXTS, start=1)])
    assert reads_texts(store, "RequestBody has 'invoice thanks'")
    merge(dsn)
    assert not reads_texts(store, "RequestBody has 'invoice thanks'")


def test_the_engine_sees_the_same_in_every_character_that_a_search_asks_the_index_for(store: Store) -> None:
    """Its lower case, whether it is a letter or digit, and its kind: else rows would be lost."""
    of_unicode_3_2 = unicodedata.ucd_3_2_0.category
    without = {"Cn", "Cs", "Co"}  # not assigned, surrogates, private use
    known = [chr(code) for code in range(1, sys.maxunicode) if of_unicode_3_2(chr(code)) not in without]
    known.remove("\n")
    store.insert([asked(1, "\n".join(known))])
    seen = store.run(
        rf"SELECT c, lowerUTF8(c), match(c, '^[\\pL\\pN]$'), ascii(c) % {SEAM_KINDS}"
        r" FROM (SELECT arrayJoin(splitByChar('\n', request_body)) AS c FROM calls)"
    ).rows
    assert len(seen) == len(known) > 90_000
    expected = ((c, c.lower(), int(c.isalnum()), c.encode()[0] % SEAM_KINDS) for c in known)
    assert [(one, other) for one, other in zip(seen, expected, strict=True) if tuple(one) != other] == []
