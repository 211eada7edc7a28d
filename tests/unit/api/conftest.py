"""The hub's HTTP surface over an embedded store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from gatelog.api.application import HubApi
from gatelog.api.auth import Authenticator
from gatelog.api.kusto import KustoApi
from gatelog.api.loganalytics import LogAnalyticsApi, Workspaces
from gatelog.api.metrics import MetricsApi
from gatelog.api.principal import Principal
from gatelog.api.prometheus import ForwarderCollector, hub_registry
from gatelog.api.questions import Questions
from gatelog.api.resource_manager import Inventory, ResourceManagerApi
from gatelog.api.services import Services
from gatelog.api.workers import Workers
from gatelog.control import Functions, open_control
from gatelog.errors import StoreUnavailableError
from gatelog.model import Exchange
from gatelog.sinks import ForwarderStatistics
from gatelog.store import Budget, Retention, Store
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
        authenticator: Authenticator | None = None,
        opened: Callable[[], Store] = lambda: store,
        origins: Sequence[str] = (),
    ) -> TestClient:
        registry = hub_registry(ForwarderCollector(lambda: statistics))
        clock = FixedClock()
        asked = authenticator or Authenticator([], anonymous=True)
        questions = Questions(opened, clock, functions=functions.saved)
        services = Services(asked, workers, questions, opened, functions, clock)
        api = HubApi(services, registry, origins=origins)
        return TestClient(api.application(), base_url="http://127.0.0.1:8081", raise_server_exceptions=False)

    yield build
    workers.close()


class KnownTokens:
    """Tokens that are their principals' names."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self._principals = principals

    def principal(self, token: str) -> Principal | None:
        return self._principals.get(token)


class Surfaces(NamedTuple):
    """All surfaces of a hub, without a network, and what is behind them."""

    client: TestClient
    store: Store
    workers: Workers
    questions: Questions


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Surfaces]]:
    """`surfaces(exchanges, principals, budget)`: over a record of these, for these callers. Each has a
    database of its own: the engine keeps what is in its memory for as long as the process lasts.
    """
    with ExitStack() as stack:

        def build(
            exchanges: Sequence[Exchange], principals: Mapping[str, Principal], budget: Budget
        ) -> Surfaces:
            directory = tmp_path_factory.mktemp("control")
            store = Store.open("chdb://:memory:", database=f"surfaces_{directory.name}")
            stack.callback(store.close)
            store.insert(exchanges)
            control = stack.enter_context(open_control(directory))
            functions = Functions(control, FixedClock())
            questions = Questions(
                lambda: store,
                FixedClock(),
                budget=budget,
                functions=functions.saved,
                user_tables=store.user_tables.all,
            )
            workers = Workers(stop=questions.activity.stop)
            stack.callback(workers.close)
            authenticator = Authenticator([KnownTokens(principals)])
            services = Services(
                authenticator,
                workers,
                questions,
                lambda: store,
                functions,
                FixedClock(),
                Retention(365 * 86_400),
            )
            regions = {"east": "East US", "west": ""}
            routes = [
                *KustoApi(services, "gatelog").routes(),
                *LogAnalyticsApi(services, Workspaces(["home", "gatelog"])).routes(),
                *MetricsApi(services, regions).routes(),
                *ResourceManagerApi(services, Inventory(regions, "home", "gatelog")).routes(),
            ]
            application = HubApi(services, CollectorRegistry(), routes).application()
            client = TestClient(application, raise_server_exceptions=False)
            return Surfaces(client, store, workers, questions)

        yield build


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    """A server for hubs that come and go."""
    with ClickHouseServer(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server
