"""A server that is too old is refused before anything is made in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import clickhouse_connect
import pytest

from gatelog.errors import StoreVersionError
from gatelog.store import Store
from gatelog.store.engine_version import check_engine_version


def server(version: str | None) -> Any:
    return SimpleNamespace(server_version=version)


@pytest.mark.parametrize("version", ["26.4.1.1", "26.9.2.1", "26.10.1.1-testing", "27.1.1.1"])
def test_new_enough_servers_pass(version: str) -> None:
    check_engine_version(server(version))


@pytest.mark.parametrize("version", ["26.3.9.9", "25.12.1.1", "9.99.1.1", "", None])
def test_older_and_unknown_servers_are_refused(version: str | None) -> None:
    with pytest.raises(StoreVersionError, match=r"needs 26\.4 or newer: upgrade the server"):
        check_engine_version(server(version))


def test_opening_a_store_asks_first(dsn: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the empty database is made."""
    monkeypatch.setattr("gatelog.store.engine_version.OLDEST", (99, 1))
    client = clickhouse_connect.get_client(dsn=dsn, database="default")
    with pytest.raises(StoreVersionError, match="needs 99"):
        Store.open(dsn, database=database)
    assert client.query(f"SHOW TABLES FROM {database}").result_rows == []
    client.close()
