"""Searches for words: the index answers as the text does, and the text is read only where it must be."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from gatelog import kql
from gatelog.errors import KqlError
from gatelog.model import Body, Exchange, Operation, OperationKind, PathFamily
from gatelog.store import CATALOG, Store
from gatelog.testing.records import chat_exchange, refused_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)
TEXTS = (
    "An Invoice of 4711, please",
    "invoices are no invoice_number",
    "Die Größe der Straße",
    "die GRÖSSE，und Größe…",
    "你好，世界 客户订单",
    "müşteri İstanbul",
    "nothing of interest",
    "ΟΔΟΣ’Α",
)
EMBEDDINGS = Operation(
    "embeddings_create", OperationKind.EMBEDDINGS, PathFamily.DEPLOYMENT, "embeddings", "e", ""
)


def said(sequence: int, text: str, operation: Operation | None = None) -> Exchange:
    """A call whose both bodies are `text`."""
    exchange = chat_exchange(sequence)
    body = Body(text, len(text), "a" * 64)
    content = msgspec.structs.replace(exchange.content, request=body, response=body)
    call = msgspec.structs.replace(exchange.call, operation=operation or exchange.call.operation)
    return msgspec.structs.replace(exchange, content=content, call=call)


def ask(store: Store, query: str, *, use_paths: bool = True) -> list[tuple[int, ...]]:
    compiled = kql.compile(query, CATALOG, now=NOW, use_paths=use_paths)
    return [tuple(row) for row in store.run(compiled.sql).rows]


def sql_of(query: str) -> str:
    return kql.compile(query, CATALOG, now=NOW).sql


@pytest.fixture
def filled(store: Store) -> Store:
    store.insert([said(number, text) for number, text in enumerate(TEXTS, start=1)])
    return store


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        ("has 'invoice'", [1, 2]),
        ("has 'INVOICE'", [1, 2]),
        ("has_cs 'Invoice'", [1]),
        ("has 'invoice_number'", [2]),
        ("has 'invoice number'", []),
        ("has '4711'", [1]),
        ("has '4711, please'", [1]),
        ("has 'größe'", [3, 4]),
        ("has 'grösse'", [4]),
        ("has 'und'", [4]),
        ("has '世界'", [5]),
        ("has '客户'", []),
        ("has 'istanbul'", []),
        ("has 'müşteri'", [6]),
        ("!has 'invoice'", [3, 4, 5, 6, 7, 8]),
        ("has_cs 'ΟΔΟΣ'", [8]),
        ("has '你好，世界'", [5]),
        ("has 'İstanbul'", [6]),
        ("has_any ('invoice', 'müşteri')", [1, 2, 6]),
        ("has_all ('größe', 'der')", [3]),
        ("hasprefix 'invoi'", [1, 2]),
        ("hasprefix 'nvoi'", []),
        ("hassuffix 'voices'", [2]),
        ("hassuffix 'voice'", [1, 2]),
        ("contains 'NVOIC'", [1, 2]),
        ("contains 'voices are no inv'", [2]),
        ("contains_cs 'nvoic'", [1, 2]),
        ("contains_cs 'NVOIC'", []),
        ("contains '客户'", [5]),
        ("contains 'öße'", [3, 4]),
        ("contains 'or'", []),
        ("!contains 'nvoic'", [3, 4, 5, 6, 7, 8]),
        ("startswith 'die grö'", [3, 4]),
        ("startswith 'größe'", []),
        ("endswith 'STRASSE'", []),
        ("endswith 'STRAßE'", [3]),
        ("has ''", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("contains '，'", [4, 5]),
    ],
)
@pytest.mark.parametrize(
    "column", ["RequestBody", "ResponseBody", "BackendRequestBody", "BackendResponseBody"]
)
def test_the_index_finds_what_the_text_holds(
    filled: Store, column: str, predicate: str, found: list[int]
) -> None:
    """Terms are runs of letters and digits of any script; the same rows with and without the index."""
    expected = [(f"request-{number}",) for number in found]
    query = f"ApiManagementGatewayLogs | where {column} {predicate} | project CorrelationId"
    assert sorted(ask(filled, query)) == expected
    assert sorted(ask(filled, query, use_paths=False)) == expected


def test_answers_of_embeddings_are_searched_without_an_index(store: Store) -> None:
    """Their words are in no index, and are found all the same."""
    store.insert([said(1, "a vector of words", EMBEDDINGS), said(2, "a vector")])
    assert ask(store, "Calls | where ResponseBody has 'vector' | count") == [(2,)]
    assert ask(store, "Calls | where ResponseBody contains 'word' | count") == [(1,)]
    assert ask(store, "Calls | where ResponseBody has 'omitted' | count") == [(0,)]
    assert ask(store, "Calls | where RequestBody has 'words' | count") == [(1,)]


def test_what_no_backend_saw_is_in_no_backend_column(store: Store) -> None:
    """The guard of the view holds where the index answers alone."""
    store.insert([refused_exchange(1), chat_exchange(2)])
    assert ask(store, "Calls | where RequestBody has 'spool' | count") == [(2,)]
    assert ask(store, "ApiManagementGatewayLogs | where BackendRequestBody has 'spool' | count") == [(1,)]
    assert ask(store, "ApiManagementGatewayLogs | where BackendRequestBody contains 'spoo' | count") == [(1,)]


@pytest.mark.parametrize(
    ("predicate", "reads_text"),
    [
        ("RequestBody has 'invoice'", False),
        ("RequestBody has 'Größe'", False),
        ("RequestBody contains 'nvoic'", False),
        ("RequestBody contains 'öße'", False),
        ("RequestBody contains '客户'", False),
        ("BackendRequestBody has 'invoice'", False),
        ("RequestBody has 'two words'", True),
        ("RequestBody has_cs 'Invoice'", True),
        ("RequestBody hasprefix 'invoi'", True),
        ("RequestBody hasprefix 'invoi' and RequestBody has 'x'", True),
        ("ResponseBody has 'invoice'", True),
    ],
)
def test_a_single_word_is_answered_by_the_index_alone(
    filled: Store, predicate: str, reads_text: bool
) -> None:
    """No column of text is read; where it must be, the index has its say before."""
    sql = sql_of(f"ApiManagementGatewayLogs | where {predicate} | project CorrelationId")
    lines = [row[0] for row in filled.run(f"EXPLAIN actions = 1 {sql}").rows]
    assert any("__text_index_re" in line for line in lines)
    assert any("_body" in line for line in lines) == reads_text


def test_the_words_of_a_protected_column_are_protected_too() -> None:
    """A reader without a right to bodies reaches no index of them."""
    calls = CATALOG.find("Calls")
    assert calls is not None
    narrowed = kql.Catalog([calls.without(frozenset({"RequestBody"}))])
    with pytest.raises(KqlError, match="RequestBody"):
        kql.compile("Calls | where RequestBody has 'invoice' | count", narrowed, now=NOW)
