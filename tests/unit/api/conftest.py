"""The hub's HTTP surface over an embedded store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gatelog.api.application import HubApi
from gatelog.api.auth import Authenticator
from gatelog.api.prometheus import ForwarderCollector, hub_registry
from gatelog.api.questions import Questions
from gatelog.api.services import Services
from gatelog.api.workers import Workers
from gatelog.control import Functions, open_control
from gatelog.errors import StoreUnavailableError
from gatelog.sinks import ForwarderStatistics
from gatelog.store import Store
from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.records import RECEIVED_AT_NS, chat_exchange, refused_exchange


class FixedClock:
    """A quarter of an hour after the records."""

    def now_ns(self) -> int:
        return RECEIVED_AT_NS + 900 * 10**9

    def monotonic_ns(self) -> int:
        return 0


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Nine answered calls and a refused one."""
    store = Store.open("chdb://:memory:", database="api_test")
    store.insert([*map(chat_exchange, range(1, 10)), refused_exchange(10)])
    yield store
    store.close()


def away() -> Store:
    """What a hub says whose store cannot be reached."""
    raise StoreUnavailableError("the store cannot be reached yet")


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    """Control data of its own for each test."""
    with open_control(tmp_path) as control:
        yield Functions(control, FixedClock())


@pytest.fixture
def client(store: Store, functions: Functions) -> Iterator[Callable[..., TestClient]]:
    """A client of the API: `client(authenticator=…, opened=away)`."""
    workers = Workers()
    statistics = {"gateway-0": ForwarderStatistics(calls=7, lag_bytes=512)}

    def build(
        authenticator: Authenticator | None = None, opened: Callable[[], Store] = lambda: store
    ) -> TestClient:
        registry = hub_registry(ForwarderCollector(lambda: statistics))
        clock = FixedClock()
        asked = authenticator or Authenticator([], anonymous=True)
        questions = Questions(opened, clock, functions=functions.saved)
        api = HubApi(Services(asked, workers, questions, opened, functions, clock), registry)
        return TestClient(api.application(), base_url="http://127.0.0.1:8081", raise_server_exceptions=False)

    yield build
    workers.close()


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server for hubs that come and go."""
    with ClickHouseServer(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server
