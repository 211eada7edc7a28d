"""Connections, and errors that say whether trying again helps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, DataError, OperationalError

from gatelog.errors import StoreError, StoreRefusedError, StoreUnavailableError
from gatelog.store import Store
from gatelog.store.clients import Clients, engine_text, error_code, store_error
from gatelog.testing.clickhouse_server import PASSWORD, ClickHouseServer
from gatelog.testing.records import chat_exchange


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DatabaseError("Code: 252. DB::Exception: Too many parts"), StoreUnavailableError),
        (DatabaseError("Code: 241. DB::Exception: Memory limit"), StoreUnavailableError),
        (OperationalError("Error connecting"), StoreUnavailableError),
        (ConnectionResetError("reset"), StoreUnavailableError),
        (DatabaseError("Code: 53. DB::Exception: Type mismatch"), StoreRefusedError),
        (DataError("bad value"), StoreRefusedError),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), StoreRefusedError),
        (DatabaseError("Code: 60. DB::Exception: Table does not exist"), StoreError),
        (DatabaseError("Code: 497. DB::Exception: Access denied"), StoreError),
    ],
)
def test_errors_say_whether_to_try_again(error: Exception, kind: type[StoreError]) -> None:
    """A missing table is neither: rows must not be given up for it, nor is the store away."""
    assert type(store_error(error)) is kind


def cut_text(text: str) -> UnicodeDecodeError:
    """The error of decoding an engine's text that ends inside its last character."""
    with pytest.raises(UnicodeDecodeError) as caught:
        text.encode()[:-1].decode()
    return caught.value


def test_a_text_of_the_engine_that_is_cut_inside_a_character_keeps_its_number() -> None:
    error = cut_text("Code: 159. DB::Exception: Timeout exceeded while reading `стол`ы")
    wrapped = DatabaseError(str(error))
    wrapped.__cause__ = error
    for raised in (error, wrapped):
        assert error_code(raised) == 159
        assert (
            engine_text(raised)
            == "Code: 159. DB::Exception: Timeout exceeded while reading `стол`\N{REPLACEMENT CHARACTER}"
        )
        assert type(store_error(raised)) is StoreUnavailableError


def test_a_value_that_is_not_decoded_is_no_text_of_the_engine() -> None:
    error = cut_text("an answer about Code: 159. Ж")
    assert error_code(error) is None
    assert type(store_error(error)) is StoreRefusedError


def test_the_password_is_in_no_error(tmp_path: Path) -> None:
    """A server that is away, and one that refuses us."""
    server = ClickHouseServer(tmp_path)
    server.port = 1
    with pytest.raises(StoreUnavailableError) as away:
        Store.open(server.dsn)
    assert PASSWORD not in str(away.value)
    assert "secret%20" not in str(away.value)


def test_a_server_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Unavailable meanwhile, and what was stored is there afterwards."""
    server = ClickHouseServer(tmp_path)
    with server:
        store = Store.open(server.dsn)
        store.insert([chat_exchange(1)])
    with pytest.raises(StoreUnavailableError):
        store.insert([chat_exchange(2)])
    with pytest.raises(StoreUnavailableError):
        store.ping()
    with server:
        store.insert([chat_exchange(2)])
        assert store.run("SELECT count() FROM calls").rows == [(2,)]
        store.close()


def test_every_thread_has_a_connection_of_its_own(store: Store) -> None:
    """Queries and inserts at once, from many threads."""

    def work(number: int) -> int:
        store.insert([chat_exchange(number)])
        return store.run("SELECT max(number) FROM numbers(100000)").rows[0][0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(1, 25))) == {99_999}
    assert store.run("SELECT count() FROM calls").rows == [(24,)]


def test_a_closed_store_says_so(dsn: str, database: str) -> None:
    """Instead of opening the engine anew."""
    clients = Clients(dsn, database)
    clients.close()
    with pytest.raises(StoreUnavailableError, match="closed"), clients.borrow():
        pass


@pytest.mark.parametrize("name", ["a-b", "a`b", "", "1a", "x" * 70])
def test_odd_database_names_are_refused(name: str) -> None:
    """They would have to be quoted everywhere."""
    with pytest.raises(StoreError, match="letters, digits"):
        Clients("chdb://:memory:", name)


def test_the_database_of_the_dsn_is_used(clickhouse_server: ClickHouseServer) -> None:
    """http://user:password@host/database."""
    store = Store.open(f"{clickhouse_server.dsn}from_the_dsn")
    assert store.run("SELECT currentDatabase()").rows == [("from_the_dsn",)]
    store.close()
