"""The schema and its versions."""

from __future__ import annotations

from datetime import UTC, datetime

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from gatelog import kql
from gatelog.errors import StoreVersionError
from gatelog.store import CATALOG, Store
from gatelog.store.calls import COLUMN_NAMES
from gatelog.store.schema import CURRENT_VERSION, VERSIONS, migrate, stored_version
from gatelog.testing.records import chat_exchange

NOW = datetime(2026, 9, 21, tzinfo=UTC)


def test_every_column_of_the_table_is_written(store: Store) -> None:
    """The list of columns in the code and the table's are the same, in the same order; but for those that
    the store computes.
    """
    described = [row[0] for row in store.run("DESCRIBE TABLE calls").rows]
    computed = {"request_messages_at", "request_messages_size"}
    assert [name for name in described if name not in computed] == list(COLUMN_NAMES)
    assert computed <= set(described)


def test_inserts_are_durable_when_acknowledged(store: Store, scalar) -> None:
    """The part and its directory are synced before an insert returns."""
    statement = scalar(
        "SELECT create_table_query FROM system.tables WHERE name = 'calls' AND database = currentDatabase()"
    )
    assert "fsync_after_insert = 1" in statement
    assert "fsync_part_directory = 1" in statement


def test_what_a_merge_replaced_is_kept_until_the_new_files_are_written(store: Store) -> None:
    """Merges do not sync: the parts before them are what a loss of power leaves."""
    tables = store.run(
        "SELECT name, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    ).rows
    ours = {"calls", "boots", "accounts", "unlogged", "expired", "schema_version"}
    assert {name for name, _ in tables} == ours
    assert [name for name, statement in tables if "old_parts_lifetime = 480" not in statement] == []


def test_numbers_are_compressed_by_their_bits(store: Store) -> None:
    """Half of the time of sums was unpacking; those that are nearly always the same are quick as they are."""
    others = store.run(
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'calls'"
        " AND match(type, 'Int|DateTime') AND compression_codec NOT LIKE 'CODEC(T64%' ORDER BY name"
    ).rows
    assert [name for (name,) in others] == ["backend_status", "sequence", "status"]


def test_opening_again_changes_nothing(dsn: str, database: str, fresh_store: Store) -> None:
    """What was stored is still there, and the version is written once."""
    fresh_store.insert([chat_exchange()])
    again = Store.open(dsn, database=database)
    assert again.run("SELECT count() FROM calls").rows == [(1,)]
    versions = again.run("SELECT version FROM schema_version ORDER BY version").rows
    assert versions == [(version,) for version in range(1, CURRENT_VERSION + 1)]
    again.close()


def test_a_newer_schema_is_left_alone(dsn: str, database: str, fresh_store: Store) -> None:
    """Somebody newer was here: refused, and not even a view is touched."""
    client = clickhouse_connect.get_client(dsn=dsn, database=database)
    client.command(f"INSERT INTO schema_version (version) VALUES ({CURRENT_VERSION + 1})")
    client.command("DROP VIEW Calls")
    with pytest.raises(StoreVersionError, match="newer gatelog"):
        Store.open(dsn, database=database)
    tables = {row[0] for row in client.query("SHOW TABLES").result_rows}
    client.close()
    assert "Calls" not in tables


def test_an_interrupted_migration_is_completed(dsn: str, database: str, fresh_store: Store) -> None:
    """A crash before the version was written: the statements run again without harm."""
    client = clickhouse_connect.get_client(dsn=dsn, database=database)
    client.command("TRUNCATE TABLE schema_version")
    client.command("DROP TABLE unlogged")
    client.close()
    fresh_store.insert([chat_exchange()])
    again = Store.open(dsn, database=database)
    assert again.run("SELECT count() FROM calls").rows == [(1,)]
    assert again.ledger.unlogged() == {}
    again.close()


def test_a_version_is_noted_only_when_all_of_it_is_there(
    dsn: str, database: str, fresh_store: Store, monkeypatch
) -> None:
    """The store may go away in between: the next start does the rest."""
    client = clickhouse_connect.get_client(dsn=dsn, database=database)
    statements = ("CREATE TABLE half_way (n Int64) ENGINE = Memory", "SELECT throwIf(1)")
    monkeypatch.setattr("gatelog.store.schema.VERSIONS", (*VERSIONS, statements))
    with pytest.raises(clickhouse_connect.driver.exceptions.Error):
        migrate(client)
    assert stored_version(client) == CURRENT_VERSION
    client.close()


_BODY = '{"content":"the Spool","messages":["asked"]}'


def _insert_as_ever(client: Client) -> None:
    """A chat call that was sent to two backends and an embedding call, with the columns of version 1."""
    chat = ["gateway-0", "b", 1, NOW, "chat", _BODY, "an answer", '[{"a":1},{"b":2}]']
    embedding = ["gateway-0", "b", 2, NOW, "embeddings", "", "an invoice [1,2]", "[]"]
    names = ["instance", "boot", "sequence", "received", "operation_kind"]
    client.insert(
        "calls", [chat, embedding], column_names=[*names, "request_body", "response_body", "attempts"]
    )


_FORMER_INDEXES = (
    (2, 5, "request_words request_body TYPE text(tokenizer = splitByNonAlpha)"),
    (4, 5, "request_pairs tokens(request_body) TYPE bloom_filter(0.1) GRANULARITY 1"),
    (5, 5, "request_seams tokens(request_body) TYPE bloom_filter(0.1) GRANULARITY 1"),
    (6, 8, "message_seams tokens(request_body) TYPE bloom_filter(0.1) GRANULARITY 1"),
)
"""The first and the last version with an index that later ones do without."""


def _older_store(dsn: str, database: str, version: int) -> Client:
    """A database as the version left it, with two calls."""
    outside = clickhouse_connect.get_client(dsn=dsn, database="default")
    outside.command(f"CREATE DATABASE {database}")
    client = clickhouse_connect.get_client(dsn=dsn, database=database)
    client.command("SELECT 1")  # an engine in memory ends with its last client
    outside.close()
    for statement in (
        "CREATE TABLE schema_version (version UInt32, applied DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY version",
        *(statement for statements in VERSIONS[:version] for statement in statements),
        *(
            f"ALTER TABLE calls ADD INDEX {text}"
            for first, last, text in _FORMER_INDEXES
            if first <= version <= last
        ),
        f"INSERT INTO schema_version (version) VALUES ({version})",
    ):
        client.command(statement)
    _insert_as_ever(client)
    return client


@pytest.mark.parametrize("version", range(1, CURRENT_VERSION))
def test_an_older_store_is_upgraded(dsn: str, database: str, version: int) -> None:
    """Its rows stay, have the columns that it did not have, and are found before and after the indexes that
    it did not have are made; old ones are gone.
    """
    client = _older_store(dsn, database, version)
    store = Store.open(dsn, database=database)
    questions = {
        "Calls | where RequestBody has 'Spool' | count": 1,
        "Calls | where RequestBody has 'the Spool' | count": 1,
        "Calls | where ResponseBody has 'invoice' | count": 1,
        "ApiManagementGatewayLlmLog | where RequestMessages has 'asked' | count": 1,
        "ApiManagementGatewayLlmLog | where RequestMessages has 'the Spool' | count": 0,
        "Calls | summarize sum(AttemptCount)": 2,
    }

    def check() -> None:
        for question, number in questions.items():
            assert store.run(kql.compile(question, CATALOG, now=NOW).sql).rows == [(number,)]

    check()
    for index in ("message_words", "rest_words", "request_word_seams", "response_short_words"):
        client.command(f"ALTER TABLE calls MATERIALIZE INDEX {index}", settings={"mutations_sync": 1})
    check()
    indexes = store.run(
        "SELECT name FROM system.data_skipping_indices"
        " WHERE table = 'calls' AND database = currentDatabase() ORDER BY name"
    ).rows
    assert [name for (name,) in indexes] == [
        "by_conversation_id",
        "by_received",
        "by_request_id",
        "by_sequence",
        "message_words",
        "request_word_seams",
        "response_short_words",
        "response_words",
        "rest_words",
    ]
    client.close()
    store.close()


@pytest.mark.parametrize("index", ["request_words", "request_pairs", "request_seams", "message_seams"])
def test_an_index_that_is_still_being_made_is_given_up(dsn: str, database: str, index: str) -> None:
    """Former versions made it in the background: of a large store it takes longer than a restart."""
    client = _older_store(dsn, database, 1)
    slow = "arraySum(arrayMap(n -> halfMD5(concat(request_body, toString(n))), range(1000000)))"
    client.command(f"ALTER TABLE calls ADD INDEX {index} {slow} TYPE bloom_filter(0.1)")
    client.command(f"ALTER TABLE calls MATERIALIZE INDEX {index}", settings={"mutations_sync": 0})
    store = Store.open(dsn, database=database)
    assert stored_version(client) == CURRENT_VERSION
    assert store.run("SELECT count() FROM calls").rows == [(2,)]
    client.close()
    store.close()
