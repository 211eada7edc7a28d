"""Searches for words: the index answers as the text does, and the text is read only where it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import msgspec
import pytest

from gatelog import kql
from gatelog.errors import KqlError
from gatelog.model import Body, Exchange, Operation, OperationKind, PathFamily
from gatelog.store import CATALOG, Store
from gatelog.store.tables import TABLES
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


Records = Callable[..., Store]


@pytest.fixture(scope="module")
def records() -> Iterator[Records]:
    """`records(dsn, name, texts, operation)`: a store of calls that said these. It is filled the first time
    only: no question changes it, and filling takes longer than asking.
    """
    stores: dict[tuple[str, str], Store] = {}
    with ExitStack() as stack:

        def record(dsn: str, name: str, texts: Sequence[str], operation: Operation | None = None) -> Store:
            if (dsn, name) not in stores:
                store = stack.enter_context(closing(Store.open(dsn, database=f"search_{name}")))
                store.insert([said(number, text, operation) for number, text in enumerate(texts, start=1)])
                stores[dsn, name] = store
            return stores[dsn, name]

        yield record


@pytest.fixture
def filled(dsn: str, records: Records) -> Store:
    return records(dsn, "texts", TEXTS)


@pytest.fixture
def embeddings(dsn: str, records: Records) -> Store:
    return records(dsn, "embeddings", VECTORS, EMBEDDINGS)


@pytest.fixture
def chats(dsn: str, records: Records) -> Store:
    return records(dsn, "chats", CHATS)


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


VECTOR = "w7pSvDnA1mo8jUy2Zk0" * 5
NUMBERS = "[" + ",".join(f"-0.{number:04}e-05" for number in range(4710, 4720)) + "]"
VECTORS = (
    f'{{"embedding":"{VECTOR}","of":"a vector Größe"}}',
    f'{{"embedding":{NUMBERS},"of":"vector"}}',
    "a vector 4711 面面面面面面 abcdefghijklmnopqré",
)


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        ("has 'vector'", [1, 2, 3]),
        ("has 'größe'", [1]),
        ("has 'a vector'", [1, 3]),
        ("has 'vector größe'", [1]),
        ("has 'vector 4711'", [3]),
        ("has '4711'", [3]),
        ("has 'e'", []),
        ("has '05'", [2]),
        ("has '4712e'", [2]),
        ("has 'omitted'", []),
        ("has 'numbers'", []),
        (f"has '{VECTOR}'", [1]),
        (f"has '{VECTOR[:-1]}'", []),
        ("has '面面面面面面'", [3]),
        ("has 'abcdefghijklmnopqré'", [3]),
        ("has 'é'", []),
        ("has 'XC3XA9'", []),
        ("contains 'jUy2Zk0w7'", [1]),
        ("contains 'ecto'", [1, 2, 3]),
        ("hasprefix 'w7psvdna'", [1]),
    ],
)
def test_answers_of_embeddings_are_found_by_any_of_their_words(
    embeddings: Store, predicate: str, found: list[int]
) -> None:
    """Long words and numbers of vectors are in no index; they are found all the same."""
    expected = [(f"request-{number}",) for number in found]
    for table, column in (
        ("ApiManagementGatewayLogs", "BackendResponseBody"),
        ("ApiManagementGatewayLogs", "ResponseBody"),
    ):
        query = f"{table} | where {column} {predicate} | project CorrelationId"
        assert sorted(ask(embeddings, query)) == expected
        assert sorted(ask(embeddings, query, use_paths=False)) == expected


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
        ("ResponseBody has 'invoice'", False),
        ("BackendResponseBody has 'Größe'", False),
        ("ResponseBody has '4711'", True),
        ("ResponseBody has 'two words'", True),
        ("ResponseBody contains 'nvoic'", True),
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


CHATS = (
    '{"messages":[{"role":"user","content":"An Invoice of 4711"}]}',
    r'{"messages":[{"role":"user","content":"An \u0069nvo\u0049ce"}]}',
    r'{"messages":[{"role":"user","content":"invoice\nof\/books \ud83d\ude00"}]}',
    '{"messages":[{"role":"system","content":"none"}],"note":"invoice"}',
    r'{"messages":"invoice\nbooks"}',
    '{"messages":[{"price":1e5,"paid":[1.250,true]}]}',
    '{"input":"INVOICE"}',
    '{"input":["books"]}',
    '{"prompt":"bookſ İnvoiceİ"}',
    '{"messages":["\u2028invoice\u2029"]}',
    '{"messages":["boo\u212as"]}',
    r'{"messages":["{\"said\":\"inv\\u006fice\"}"]}',
    "no JSON: invoice",
)
"""Bodies, some of them spelled in ways that the values read from them are not."""


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        ("RequestMessages has 'invoice'", [1, 2, 3, 5, 7]),
        ("RequestMessages !has 'invoice'", [4, 6, 8, 9, 10, 11, 12, 13]),
        ("RequestMessages has_cs 'INVOICE'", [7]),
        ("RequestMessages has 'nbooks'", [5]),
        ("RequestMessages has 'books'", [3, 8, 11]),
        ("RequestMessages contains 'u2028invoice'", [10]),
        ("RequestMessages contains '2028inv'", [10]),
        ("RequestMessages has '100000'", [6]),
        ("RequestMessages has '1.25'", [6]),
        ("RequestMessages has 'true'", [6]),
        ("RequestMessages has 'user'", [1, 2, 3, 5, 7, 9]),
        ("RequestMessages has 'content'", [1, 2, 3, 4, 5, 7, 9]),
        ("RequestMessages contains 'nvoice'", [1, 2, 3, 5, 7, 9, 10]),
        ("RequestMessages has_any ('4711', 'INVOICE')", [1, 2, 3, 5, 7]),
        ("RequestMessages[0].content has 'invoice'", [1, 2, 3, 5, 7]),
        ("RequestMessages[0].content endswith 'of 4711'", [1]),
        ("parse_json(tostring(RequestMessages[0])).said has 'invoice'", [12]),
        ("RequestMessages matches regex 'Invo.ce'", [1]),
    ],
)
def test_what_messages_hold_is_found_however_their_json_is_spelled(
    chats: Store, predicate: str, found: list[int]
) -> None:
    """The same rows with and without the look at the body that the messages are read from."""
    expected = [(f"request-{number}",) for number in found]
    query = f"ApiManagementGatewayLlmLog | where {predicate} | project CorrelationId"
    assert sorted(ask(chats, query, use_paths=False)) == sorted(expected)
    assert sorted(ask(chats, query)) == sorted(expected)


NAMED = (
    "hello",
    "HELLO you",
    "(Hello)",
    "hello—x",
    "x_hello",
    "Straße hello",
    "helloé",
    "яhello",
    "othello",
    "hello1",
)


@pytest.mark.parametrize("column", ["ClaimedUser", "SubscriptionName"])
def test_a_word_in_a_stored_column_ends_where_letters_and_digits_of_any_script_end(
    store: Store, column: str
) -> None:
    """In a column of texts, and in one that the engine has a dictionary of: of that it is not asked by the
    pattern that takes long to compile."""
    callers = [msgspec.structs.replace(chat_exchange().caller, claimed_user=n, subscription=n) for n in NAMED]
    store.insert([chat_exchange(place, caller=caller) for place, caller in enumerate(callers)])
    query = f"Calls | where {column} {{}} 'hello' | project {column} | sort by {column} asc"
    for operator, count in (("has", 6), ("has_cs", 4), ("!has", 4)):
        found = ask(store, query.format(operator))
        expected = {"has": NAMED[:6], "has_cs": [NAMED[place] for place in (0, 3, 4, 5)], "!has": NAMED[6:]}
        assert (len(found), {name for (name,) in found}) == (count, set(expected[operator]))
    written = sql_of(query.format("has"))
    assert "hasToken" in written
    assert written.count("pL") == 2 * written.count("match(CAST(") == 2


@pytest.mark.parametrize("table", ["ApiManagementGatewayLogs", "Calls"])
def test_what_parse_json_reads_is_found_however_the_json_is_spelled(chats: Store, table: str) -> None:
    """Members of a body too."""
    query = f"{table} | where parse_json(RequestBody).messages has 'invoice' | count"
    assert ask(chats, query) == ask(chats, query, use_paths=False) == [(4,)]


@pytest.mark.parametrize(
    ("predicate", "looks"),
    [
        ("RequestMessages[0].content has 'invoice'", True),
        ("ResponseMessages[0].content contains 'invoice'", True),
        ("RequestMessages has 'content'", False),
        ("RequestMessages has ModelName", False),
        ("ModelName has 'invoice'", False),
    ],
)
def test_the_body_is_looked_at_before_messages_are_read(predicate: str, looks: bool) -> None:
    """Where letters are known that it must have."""
    glance = "multiSearchAny(lower("
    assert (glance in sql_of(f"ApiManagementGatewayLlmLog | where {predicate} | count")) == looks


def test_a_member_with_a_column_of_its_own_is_not_looked_for_in_the_body() -> None:
    """The column is shorter."""
    query = "Calls | where parse_json(ResponseBody).model has 'gpt-4o-mini' | count"
    assert "multiSearchAny" not in sql_of(query)


def test_what_a_view_puts_around_json_is_known() -> None:
    """Every piece of JSON in the SQL of a column is in `added` of its origin."""
    messages = next(table for table in TABLES if table.name == "ApiManagementGatewayLlmLog")
    columns = {column.name: column.sql for column in messages.columns}
    for origin in messages.origins:
        pieces = re.findall(r"'([^']*\"[^']*)'", columns[origin.column])
        assert pieces
        assert all(piece in origin.added for piece in pieces)


def test_the_words_of_a_protected_column_are_protected_too() -> None:
    """A reader without a right to bodies reaches no index of them."""
    calls = CATALOG.find("Calls")
    assert calls is not None
    narrowed = kql.Catalog([calls.without(frozenset({"RequestBody"}))])
    with pytest.raises(KqlError, match="RequestBody"):
        kql.compile("Calls | where RequestBody has 'invoice' | count", narrowed, now=NOW)
