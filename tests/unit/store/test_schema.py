"""The schema and its versions."""

from __future__ import annotations

from datetime import UTC, datetime

import clickhouse_connect
import pytest

from gatelog import kql
from gatelog.errors import StoreVersionError
from gatelog.store import CATALOG, Store
from gatelog.store.calls import COLUMN_NAMES
from gatelog.store.clients import Clients
from gatelog.store.ingest import CallWriter
from gatelog.store.schema import CURRENT_VERSION, VERSIONS
from gatelog.testing.records import chat_exchange


def test_every_column_of_the_table_is_written(store: Store) -> None:
    """The list of columns in the code and the table's are the same, in the same order."""
    described = [row[0] for row in store.run("DESCRIBE TABLE calls").rows]
    assert described == list(COLUMN_NAMES)


def test_inserts_are_durable_when_acknowledged(store: Store, scalar) -> None:
    """The part and its directory are synced before an insert returns."""
    statement = scalar(
        "SELECT create_table_query FROM system.tables WHERE name = 'calls' AND database = currentDatabase()"
    )
    assert "fsync_after_insert = 1" in statement
    assert "fsync_part_directory = 1" in statement


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


def test_a_store_of_version_1_is_upgraded(dsn: str, database: str) -> None:
    """Its rows stay, and are found by the indexes that it did not have; the old ones are gone."""
    clickhouse_connect.get_client(dsn=dsn, database="default").command(f"CREATE DATABASE {database}")
    client = clickhouse_connect.get_client(dsn=dsn, database=database)
    for statement in (
        *VERSIONS[0],
        "CREATE TABLE schema_version (version UInt32, applied DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY version",
        "INSERT INTO schema_version (version) VALUES (1)",
    ):
        client.command(statement)
    CallWriter(Clients(dsn, database)).insert([chat_exchange()])
    store = Store.open(dsn, database=database)
    sql = kql.compile(
        "Calls | where RequestBody has 'Spool' | count", CATALOG, now=datetime(2026, 9, 21, tzinfo=UTC)
    ).sql
    assert store.run(sql).rows == [(1,)]
    client.command("ALTER TABLE calls MATERIALIZE INDEX request_words", settings={"mutations_sync": 1})
    assert store.run(sql).rows == [(1,)]
    indexes = store.run(
        "SELECT name FROM system.data_skipping_indices"
        " WHERE table = 'calls' AND database = currentDatabase() ORDER BY name"
    ).rows
    assert [name for (name,) in indexes] == [
        "by_conversation_id",
        "by_received",
        "by_request_id",
        "by_sequence",
        "request_words",
        "response_words",
    ]
    client.close()
    store.close()
