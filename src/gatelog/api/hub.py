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
from datetime import UTC, datetime

import uvicorn

from gatelog.api.application import HubApi
from gatelog.api.auth import Anonymous, Authenticator, LocalToken, local_token
from gatelog.api.data_directory import claimed, embedded_dsn, spool_root
from gatelog.api.forwarders import Forwarders
from gatelog.api.metrics import ForwarderCollector, hub_registry
from gatelog.api.workers import Workers
from gatelog.config import Config
from gatelog.errors import StoreError, StoreUnavailableError
from gatelog.model import Clock, SystemClock
from gatelog.provider import Tokenizers
from gatelog.sinks import ForwarderStatistics, StoreSink
from gatelog.store import Store

log = logging.getLogger("gatelog.hub")

DISCOVERY_INTERVAL_S = 1.0
RETENTION_INTERVAL_S = 3600.0
STORE_RETRY_S = 2.0
FORWARDER_STOP_S = 10.0
"""Time that forwarders get to catch up at a stop; what is left is done at the next start."""

REQUEST_STOP_S = 5
CONNECTIONS_MAX = 256
"""People and tools, not traffic: beyond it the hub answers 503."""

KEEPALIVE_S = 30


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
        with claimed(self._config.data), _listen(self._config) as listener:
            self.port = listener.getsockname()[1]
            workers = Workers()
            server = self._server(workers)
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
        today = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC).date()
        try:
            expired = self._opened_store().expire(
                today, retention_days=keep.retention_days, body_retention_days=keep.body_retention_days
            )
        except StoreError:
            log.exception("retention failed; it is tried again in an hour")
            return
        if expired.days_dropped or expired.days_cleared:
            log.info("retention removed what is over", extra=expired._asdict())

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # HTTP

    def _server(self, workers: Workers) -> _HubServer:
        registry = hub_registry(ForwarderCollector(self.statistics))
        api = HubApi(self._opened_store, workers, self._authenticator(), registry, self._clock)
        tls = self._config.hub.tls
        return _HubServer(
            uvicorn.Config(
                api.application(),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=KEEPALIVE_S,
                timeout_graceful_shutdown=REQUEST_STOP_S,
                ssl_certfile=tls.cert_file if tls else None,
                ssl_keyfile=tls.key_file if tls else None,
            )
        )

    def _authenticator(self) -> Authenticator:
        if self._config.hub.anonymous:
            return Anonymous()
        return LocalToken(local_token(self._config.data))


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


def _listen(config: Config) -> socket.socket:
    host, port = config.hub.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
