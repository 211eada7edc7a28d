"""Every store test runs twice: on the embedded engine, and through ClickHouse's HTTP interface."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from gatelog.store import Store
from gatelog.store.clients import Clients
from gatelog.testing.clickhouse_server import ClickHouseServer

DATABASE = "store_test"
_databases = itertools.count(1)


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server shared by the whole run; tests use databases of their own."""
    with ClickHouseServer(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture(params=["embedded", "http"])
def dsn(request: pytest.FixtureRequest) -> str:
    """Where the store is. The embedded engine is in memory: a process has one engine, shared by all tests."""
    if request.param == "embedded":
        return "chdb://:memory:"
    server: ClickHouseServer = request.getfixturevalue("clickhouse_server")
    return server.dsn


@pytest.fixture
def database() -> str:
    """A name that no other test has."""
    return f"store_test_{next(_databases)}"


@pytest.fixture(scope="session")
def open_clients() -> Iterator[dict[str, Clients]]:
    """Connections by DSN, to a schema made once: it takes longer than most tests to run."""
    clients: dict[str, Clients] = {}
    yield clients
    for opened in clients.values():
        opened.close()


@pytest.fixture
def clients(dsn: str, open_clients: dict[str, Clients]) -> Clients:
    """Connections to an empty store."""
    if dsn not in open_clients:
        open_clients[dsn] = Clients(dsn, DATABASE)
        Store.open(dsn, database=DATABASE).close()
    with open_clients[dsn].borrow() as client:
        for table in ("calls", "boots", "accounts", "unlogged", "expired"):
            client.command(f"TRUNCATE TABLE {table}")
    return open_clients[dsn]


@pytest.fixture
def store(clients: Clients) -> Store:
    """An empty store, which knows nothing of what another test did."""
    return Store(clients)


@pytest.fixture
def fresh_store(dsn: str, database: str) -> Iterator[Store]:
    """A store in a database of its own, for tests that touch the schema."""
    store = Store.open(dsn, database=database)
    yield store
    store.close()


@pytest.fixture
def scalar(store: Store) -> Callable[[str], object]:
    """Runs SQL that gives one value."""
    return lambda sql: store.run(sql).rows[0][0]


@pytest.fixture
def no_user_tables(store: Store) -> Iterator[None]:
    """The test ends without tables of the users' own."""
    yield
    for table in store.user_tables.all():
        store.user_tables.drop(table)
