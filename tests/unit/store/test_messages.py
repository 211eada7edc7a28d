"""Messages of requests: cut out of the body where they stand in it, read as JSON elsewhere."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import clickhouse_connect
import msgspec
import pytest

from gatelog import kql
from gatelog.model import Body, Exchange
from gatelog.store import CATALOG, Store
from gatelog.store.messages import READ_MESSAGES, REQUEST_MESSAGES, REQUEST_REST
from gatelog.testing.records import chat_exchange

NOW = datetime(2026, 9, 22, tzinfo=UTC)


def asked(sequence: int, text: str) -> Exchange:
    """A call whose request is `text`."""
    exchange = chat_exchange(sequence)
    content = msgspec.structs.replace(exchange.content, request=Body(text, len(text.encode()), "a" * 64))
    return msgspec.structs.replace(exchange, content=content)


def ask(store: Store, query: str, *, use_paths: bool = True) -> list[tuple[Any, ...]]:
    compiled = kql.compile(query, CATALOG, now=NOW, use_paths=use_paths)
    return sorted(tuple(row) for row in store.run(compiled.sql).rows)


_MADE = '[{{"role":"user","content":{}}}]'


@pytest.mark.parametrize(
    ("body", "messages", "rest"),
    [
        ('{"messages":[{"role":"user"}],"n":1}', '[{"role":"user"}]', '{"messages": ,"n":1}'),
        ('{"n":1,"messages":["ö\\n"]}', '["ö\\n"]', '{"n":1,"messages": }'),
        ('{"tools":[],"messages":[]}', "[]", '{"tools": ,"messages":[]}'),
        ('{"input":["a",[1,2]],"prompt":"b"}', '["a",[1,2]]', '{"input": ,"prompt":"b"}'),
        ('{"messages": [1]}', "[1]", '{"messages":  }'),
        ('{"messages":null,"input":[1]}', "[1]", '{"messages":null,"input": }'),
        ('{"messages":[1, 2]}', "[1,2]", None),
        ('{"messages":["\\u00f6"]}', '["ö"]', None),
        ('{"messages":[1e2]}', "[100]", None),
        ('{"messages":"a"}', _MADE.format('"a"'), None),
        ('{"input":"a"}', _MADE.format('"a"'), None),
        ('{"prompt":["a","b"]}', _MADE.format('["a","b"]'), None),
        ('{"prompt":null}', "", None),
        ('{"note":"messages"}', "", None),
        ("no JSON", "", None),
        ('{"messages":[1', "", None),
        ("", "", None),
    ],
)
def test_where_messages_stand_and_what_they_are(
    store: Store, body: str, messages: str, rest: str | None
) -> None:
    """Read or cut out they are the same; without a `rest` they do not stand in the body."""
    store.insert([asked(1, body)])
    sql = f"SELECT {READ_MESSAGES}, {REQUEST_MESSAGES}, {REQUEST_REST}, request_messages_at > 0 FROM calls"
    assert store.run(sql).rows == [(messages, messages, body if rest is None else rest, rest is not None)]
    shown = ask(store, "ApiManagementGatewayLlmLog | project RequestMessages, isnull(RequestMessages)")
    assert shown == [(messages or None, not messages)]


def test_messages_go_with_their_body(store: Store) -> None:
    """Retention leaves none, nor any word of them."""
    store.insert([asked(1, '{"messages":["an invoice"],"n":1}')])
    day = chat_exchange(1).timing.received_at_ns // (86_400 * 10**9)
    today = date(1970, 1, 1) + timedelta(days=day + 10)
    assert store.expire(today, retention_days=30, body_retention_days=7).bodies_cleared == 1
    table = "ApiManagementGatewayLlmLog"
    assert ask(store, f"{table} | where isnotnull(RequestMessages) | count") == [(0,)]
    assert ask(store, f"{table} | where RequestMessages has 'invoice' | count") == [(0,)]
    assert ask(store, f"{table} | where RequestMessages contains 'nvoic' | count") == [(0,)]
    assert ask(store, "Calls | where RequestBody has 'invoice' | count") == [(0,)]


@pytest.mark.parametrize(
    ("predicate", "reads_text"),
    [
        ("RequestMessages has 'invoice'", False),
        ("tostring(RequestMessages) has 'invoice'", False),
        ("RequestMessages contains 'nvoic'", False),
        ("RequestMessages has_any ('invoice', 'größe')", False),
        ("RequestMessages has 'two words'", True),
        ("RequestMessages has_cs 'Invoice'", True),
    ],
)
def test_a_word_of_messages_is_answered_by_their_index_alone(
    store: Store, predicate: str, reads_text: bool
) -> None:
    sql = kql.compile(f"ApiManagementGatewayLlmLog | where {predicate} | count", CATALOG, now=NOW).sql
    store.insert([asked(1, '{"messages":["an invoice"]}')])
    lines = [row[0] for row in store.run(f"EXPLAIN actions = 1 {sql}").rows]
    assert any("__text_index_message_words" in line for line in lines)
    assert any("_body" in line for line in lines) == reads_text


WORDS = (
    "invoice",
    "Rechnung",
    "Größe",
    "müşteri",
    "客户",
    "of",
    "the",
    "4711",
    "user",
    "role",
    "messages",
    "é12",
)


@pytest.fixture(scope="module")
def stores() -> Iterator[dict[str, Store]]:
    """By DSN: filled once, as no question changes them."""
    kept: dict[str, Store] = {}
    yield kept
    for store in kept.values():
        store.close()


@pytest.fixture
def spelled(dsn: str, stores: dict[str, Store]) -> Store:
    """Requests of every shape, spelled in every way that a client might, in a part with all indexes."""
    if dsn not in stores:
        stores[dsn] = Store.open(dsn, database="messages_spelled")
        chance = random.Random(11)
        stores[dsn].insert([asked(number, _spelled(_request(chance), chance)) for number in range(1, 400)])
        client = clickhouse_connect.get_client(dsn=dsn, database="messages_spelled")
        client.command("OPTIMIZE TABLE calls FINAL")
        client.close()
    return stores[dsn]


def _text(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randrange(1, 7))
    return "".join(word + chance.choice((" ", " ", ", ", "\n", "", "/")) for word in words)


def _request(chance: random.Random) -> dict[str, Any]:
    said = _text(chance)
    content = chance.choice((said, [{"type": "text", "text": said}], None, 12.5))
    key, value = chance.choice(
        (
            ("messages", [{"role": chance.choice(("user", "system")), "content": content}]),
            ("messages", content),
            ("input", content),
            ("prompt", content),
            ("note", content),
        )
    )
    members = [(key, value), ("model", _text(chance)), ("user", _text(chance))]
    chance.shuffle(members)
    return dict(members)


def _spelled(request: dict[str, Any], chance: random.Random) -> str:
    spaces = chance.choice(((",", ":"), (",", ":"), (", ", ": ")))
    return json.dumps(request, ensure_ascii=chance.random() < 0.3, separators=spaces)


def _needles(chance: random.Random) -> Iterator[str]:
    yield from WORDS
    yield from ("content", 'messages":[{"role', 'role":"user","content":"invoice', "u00f6", "prompt", "nuser")
    for _ in range(10):
        whole = _text(chance).strip()
        start = chance.randrange(len(whole))
        yield whole[start : start + chance.randrange(1, 12)]


@pytest.mark.parametrize("operator", ["has", "contains", "hasprefix", "hassuffix", "has_cs", "!has"])
@pytest.mark.parametrize("table", ["ApiManagementGatewayLlmLog", "Calls"])
def test_what_is_found_by_the_indexes_is_what_the_texts_have(
    spelled: Store, operator: str, table: str
) -> None:
    """Of the body and of its messages, however these are spelled there."""
    column = "RequestMessages" if table == "ApiManagementGatewayLlmLog" else "RequestBody"
    found = 0
    for needle in _needles(random.Random(operator)):
        query = f"{table} | where {column} {operator} {json.dumps(needle, ensure_ascii=False)} | project Id"
        query = query.replace("Id", "CorrelationId" if column == "RequestMessages" else "RequestId")
        expected = ask(spelled, query, use_paths=False)
        assert ask(spelled, query) == expected, needle
        found += len(expected)
    assert found > 100
