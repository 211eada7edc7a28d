"""The hub: drains the spools into the store, and answers questions.

serve: claim the data directory ─► listen ─► open the store ─► ready ─┬─ every second: new spools
                                              └ away: 503, try again  ├─ every hour: retention
stop:  no new questions ─► forwarders catch up ─► close               └─ questions
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import uvicorn
from starlette.routing import BaseRoute

from gatelog.api.activity import Activity
from gatelog.api.application import HubApi
from gatelog.api.auth import Authenticator, DeclaredTokens, LocalToken, local_token
from gatelog.api.data_directory import claimed, embedded_dsn, spool_root
from gatelog.api.forwarders import Forwarders
from gatelog.api.held_bodies import HeldBodies
from gatelog.api.kusto import KustoApi
from gatelog.api.listener import HubProtocol
from gatelog.api.loganalytics import LogAnalyticsApi, Workspaces
from gatelog.api.metrics import MetricsApi
from gatelog.api.prometheus import ForwarderCollector, hub_registry
from gatelog.api.questions import Questions
from gatelog.api.resource_manager import Inventory, ResourceManagerApi
from gatelog.api.services import Services
from gatelog.api.workers import Workers
from gatelog.config import Config, QueryConfig
from gatelog.control import Functions, open_control
from gatelog.errors import StoreError, StoreUnavailableError
from gatelog.model import Clock, SystemClock
from gatelog.provider import Tokenizers
from gatelog.sinks import ForwarderStatistics, StoreSink
from gatelog.store import Budget, Retention, Store, UserTable

log = logging.getLogger("gatelog.hub")

DISCOVERY_INTERVAL_S = 1.0
RETENTION_INTERVAL_S = 3600.0
STORE_RETRY_S = 2.0
FORWARDER_STOP_S = 10.0
"""Time that forwarders get to catch up at a stop; what is left is done at the next start."""

REQUEST_STOP_S = 5


class Hub:
    """One hub on one data directory. `port` is known once it is ready."""

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self.port = 0
        self._config = config
        self._clock: Clock = clock or SystemClock()
        self._stopping = asyncio.Event()
        self._store: Store | None = None
        self._forwarders: Forwarders | None = None

    def stop(self) -> None:
        """Begin the end; `serve` returns when everything is stored or the time is up."""
        self._stopping.set()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Run until `stop`. `ready` is called once questions are accepted.

        ConfigError if another hub has the data directory, StoreError if the store can never be used.
        """
        data = self._config.data
        with claimed(data), open_control(data) as control, _listen(self._config) as listener:
            self.port = listener.getsockname()[1]
            limits = self._config.hub.query
            activity = Activity(self._clock, lambda name: self._opened_store().stop(name))
            workers = Workers(
                limits.at_once_max, limits.waiting_max, limits.at_once_per_caller_max, stop=activity.stop
            )
            server = self._server(workers, activity, Functions(control, self._clock))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                opened = await self._try_open()
                if await server.wait_begun(serving):
                    ready()
                    await self._run(opened)
            finally:
                server.should_exit = True
                await serving
                workers.close()
                await asyncio.to_thread(self._close)

    def statistics(self) -> dict[str, ForwarderStatistics]:
        """How far the forwarders are, by spool directory."""
        return self._forwarders.statistics() if self._forwarders else {}

    async def _run(self, opened: bool) -> None:
        if not opened:
            await self._open_later()
        housekeeping = [
            asyncio.create_task(self._discover()),
            asyncio.create_task(self._expire()),
        ]
        try:
            await self._stopping.wait()
        finally:
            for task in housekeeping:
                task.cancel()
            await asyncio.gather(*housekeeping, return_exceptions=True)

    # store

    def _opened_store(self) -> Store:
        if self._store is None:
            raise StoreUnavailableError("the store cannot be reached yet")
        return self._store

    async def _try_open(self) -> bool:
        dsn = self._config.store.dsn or embedded_dsn(self._config.data)
        try:
            self._store = await asyncio.to_thread(Store.open, dsn)
        except StoreUnavailableError as error:
            log.warning("%s; calls wait in the spool", error)
            return False
        self._forwarders = Forwarders(spool_root(self._config.data), StoreSink(self._store), Tokenizers())
        return True

    async def _open_later(self) -> None:
        while not self._stopping.is_set():
            await self._pause(STORE_RETRY_S)
            if await self._try_open():
                log.info("the store can be reached again")
                return

    def _close(self) -> None:
        if self._forwarders is not None and not self._forwarders.stop(FORWARDER_STOP_S):
            log.warning("not everything in the spool was stored: the next start goes on from there")
        if self._store is not None:
            self._store.close()

    # housekeeping

    async def _discover(self) -> None:
        while self._forwarders is not None:
            await asyncio.to_thread(self._forwarders.discover)
            await asyncio.sleep(DISCOVERY_INTERVAL_S)

    async def _expire(self) -> None:
        while True:
            await asyncio.to_thread(self._expire_once)
            await asyncio.sleep(RETENTION_INTERVAL_S)

    def _expire_once(self) -> None:
        keep = self._config.store
        now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
        try:
            expired = self._opened_store().expire(
                now.date(), retention_days=keep.retention_days, body_retention_days=keep.body_retention_days
            )
            rows = self._opened_store().user_tables.expire(now)
        except StoreError:
            log.exception("retention failed; it is tried again in an hour")
            return
        if expired.days_dropped or expired.days_cleared:
            log.info("retention removed what is over", extra=expired._asdict())
        if rows:
            log.info("retention removed rows of users' tables", extra={"rows": rows})

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # HTTP

    def _server(self, workers: Workers, activity: Activity, functions: Functions) -> _HubServer:
        registry = hub_registry(ForwarderCollector(self.statistics))
        questions = Questions(
            self._opened_store,
            self._clock,
            budget=_budget(self._config.hub.query),
            functions=functions.saved,
            user_tables=self._user_tables,
            activity=activity,
            database=self._config.hub.database,
            workspace=self._config.hub.workspace,
        )
        services = Services(
            self._authenticator(),
            workers,
            questions,
            self._opened_store,
            functions,
            self._clock,
            Retention(timedelta(days=self._config.store.retention_days).total_seconds()),
        )
        tls, limits = self._config.hub.tls, self._config.hub.limits
        bodies = HeldBodies(limits.buffered_bytes_max)
        api = HubApi(services, registry, self._surfaces(services), self._config.hub.origins, bodies)
        return _HubServer(
            uvicorn.Config(
                api.application(),
                http=partial(HubProtocol, limits=limits),  # type: ignore[arg-type]  # called like the class
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_keep_alive=max(1, round(limits.keepalive_s)),
                timeout_graceful_shutdown=REQUEST_STOP_S,
                ssl_certfile=tls.cert_file if tls else None,
                ssl_keyfile=tls.key_file if tls else None,
            )
        )

    def _surfaces(self, services: Services) -> list[BaseRoute]:
        """The protocols of others; the first route that fits a path takes it."""
        hub = self._config.hub
        workspaces = Workspaces([hub.workspace, hub.database])
        regions = {name: backend.region for name, backend in self._config.backends.items()}
        return [
            *KustoApi(services, hub.database).routes(),
            *LogAnalyticsApi(services, workspaces).routes(),
            *MetricsApi(services, regions).routes(),
            *ResourceManagerApi(services, Inventory(regions, hub.workspace, hub.database)).routes(),
        ]

    def _user_tables(self) -> tuple[UserTable, ...]:
        return self._store.user_tables.all() if self._store is not None else ()

    def _authenticator(self) -> Authenticator:
        hub = self._config.hub
        declared = DeclaredTokens(hub.tokens)
        if hub.anonymous:
            return Authenticator([declared], anonymous=True)
        return Authenticator([declared, LocalToken(local_token(self._config.data))])


class _HubServer(uvicorn.Server):
    """uvicorn that leaves signals to whoever runs the hub, and says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._begun = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting."""
        await super().startup(sockets)
        self._begun.set()

    async def wait_begun(self, serving: asyncio.Task[None]) -> bool:
        """Wait until connections are accepted; False if `serving` ended without that (a bad certificate)."""
        begun = asyncio.create_task(self._begun.wait())
        await asyncio.wait({serving, begun}, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        return self._begun.is_set()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # uvicorn's own signature has no annotation
        """Do nothing with signals."""
        yield


def _budget(query: QueryConfig) -> Budget:
    return Budget(
        query.time_s, query.rows_max, query.answer_bytes_max, query.memory_bytes_max, settings="hub.query"
    )


def _listen(config: Config) -> socket.socket:
    host, port = config.hub.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # Connections inherit it. asyncio sets it only where a socket names its protocol, and these do not: the
    # body of each answer would wait until the client acknowledges the head, which takes it 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
