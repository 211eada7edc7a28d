"""A whole hub: a real spool, a real port."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from gatelog.api import Hub
from gatelog.config import Address, Config, Dsn, HttpUrl, HubConfig, StoreConfig, TlsConfig
from gatelog.errors import ConfigError
from gatelog.model import Account, Boot, Clock, Record
from gatelog.spool import SpoolWriter
from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.records import end_record, start_record
from gatelog.testing.stack import wait_until

from .conftest import FixedClock

PATIENCE_S = 30


def config(data: Path, dsn: str) -> Config:
    hub = HubConfig(listen=Address("127.0.0.1", 0), anonymous=True)
    return Config(data=data, hub=hub, store=StoreConfig(dsn=Dsn(dsn)))


def write_spool(data: Path, *records: Record) -> None:
    """As a gateway would that has stopped since."""
    directory = data / "spool" / "gateway-0"
    writer = SpoolWriter.open(directory, boot=b"\1" * 16, notify=lambda callback: callback())
    for record in records:
        writer.append(record.kind, msgspec.msgpack.encode(record))
    writer.close(PATIENCE_S)


def two_calls() -> list[Record]:
    return [
        Boot("here", "b1", 1, "0.1"),
        *(start_record(1), end_record(1), start_record(2), end_record(2)),
        Account(1, 2, 2, 0, {}, [], final=True),
    ]


class Asked:
    """A question to a running hub, off the event loop."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    async def __call__(self, path: str, query: str | None = None) -> tuple[int, dict]:
        return await asyncio.to_thread(self._ask, path, query)

    def _ask(self, path: str, query: str | None) -> tuple[int, dict]:
        body = json.dumps({"query": query}).encode() if query else None
        request = urllib.request.Request(self._url + path, body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    async def until(self, path: str, query: str | None, done: Callable[[int, dict], bool]) -> dict:
        """Ask again until the answer is `done`."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status, answer = await self(path, query)
            if done(status, answer):
                return answer
            assert time.monotonic() < deadline, answer
            await asyncio.sleep(0.02)


def with_hub(
    configuration: Config, scenario: Callable[[Asked, Hub], Awaitable[None]], clock: Clock | None = None
) -> None:
    """Run `scenario` against a hub, then stop it."""

    async def run() -> None:
        hub = Hub(configuration, clock=clock or FixedClock())
        ready = asyncio.Event()
        serving = asyncio.create_task(hub.serve(ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            if ready.is_set():
                await scenario(Asked(hub.port), hub)
        finally:
            hub.stop()
            await serving

    asyncio.run(run())


def test_what_is_in_the_spool_can_be_asked_for(tmp_path: Path) -> None:
    """Found, stored, proved complete."""
    write_spool(tmp_path, *two_calls())

    async def scenario(asked: Asked, hub: Hub) -> None:
        await asked.until("/query", "Calls | count", lambda status, answer: answer.get("rows") == [[2]])
        report = await asked.until("/completeness", None, lambda status, answer: answer.get("accepted") == 2)
        assert report["complete"]
        assert report["recorded"] == 2

    with_hub(config(tmp_path, "chdb://:memory:"), scenario)


def test_a_hub_is_found_as_resources_and_by_pages_of_the_configured_origins(tmp_path: Path) -> None:
    configuration = config(tmp_path, "chdb://:memory:")
    origins = (HttpUrl("https://pages.example"),)
    hub_config = structs.replace(configuration.hub, origins=origins, workspace="w-1", database="logs")

    def preflight(port: int) -> str | None:
        headers = {"Origin": origins[0], "Access-Control-Request-Method": "POST"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v2/rest/query", headers=headers, method="OPTIONS"
        )
        with urllib.request.urlopen(request) as response:
            return response.headers["access-control-allow-origin"]

    async def scenario(asked: Asked, hub: Hub) -> None:
        assert await asyncio.to_thread(preflight, hub.port) == origins[0]
        kind = "Microsoft.OperationalInsights/workspaces"
        _, found = await asked(f"/subscriptions/s/providers/{kind}?api-version=2022-10-01")
        assert [(one["name"], one["properties"]["customerId"]) for one in found["value"]] == [("logs", "w-1")]

    with_hub(structs.replace(configuration, hub=hub_config), scenario)


def test_a_stop_stores_what_is_there_first(tmp_path: Path, clickhouse_server: ClickHouseServer) -> None:
    """Even if it comes at once; a second hub goes on from there."""
    write_spool(tmp_path, *two_calls())
    configuration = config(tmp_path, f"{clickhouse_server.dsn}stop_test")

    async def leave_when_found(asked: Asked, hub: Hub) -> None:
        await asyncio.to_thread(wait_until, lambda: bool(hub.statistics()), "a forwarder", PATIENCE_S)

    async def count(asked: Asked, hub: Hub) -> None:
        assert (await asked("/query", "Calls | count"))[1]["rows"] == [[2]]

    with_hub(configuration, leave_when_found)
    with_hub(configuration, count)


def test_a_hub_starts_without_its_store_and_finds_it_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 meanwhile; calls wait in the spool."""
    monkeypatch.setattr("gatelog.api.hub.STORE_RETRY_S", 0.1)
    write_spool(tmp_path, *two_calls())
    server = ClickHouseServer(tmp_path / "clickhouse")
    with server:
        pass  # it has a port now
    configuration = config(tmp_path, server.dsn)

    async def scenario(asked: Asked, hub: Hub) -> None:
        status, answer = await asked("/query", "Calls | count")
        assert (status, answer["error"]["code"]) == (503, "store_unavailable")
        with server:
            await asked.until("/query", "Calls | count", lambda status, answer: answer.get("rows") == [[2]])

    with_hub(configuration, scenario)


def test_two_hubs_cannot_share_a_data_directory(tmp_path: Path) -> None:
    """The second says so, and the first goes on."""
    configuration = config(tmp_path, "chdb://:memory:")

    async def scenario(asked: Asked, hub: Hub) -> None:
        with pytest.raises(ConfigError, match="open"):
            await Hub(configuration).serve(lambda: None)
        assert (await asked("/healthz"))[0] == 200

    with_hub(configuration, scenario)


def test_what_is_too_old_is_forgotten_at_the_start(
    tmp_path: Path, clickhouse_server: ClickHouseServer
) -> None:
    """Two years later, at the next start; the proof still holds."""
    write_spool(tmp_path, *two_calls())
    configuration = config(tmp_path, f"{clickhouse_server.dsn}retention_test")

    class Later(FixedClock):
        def now_ns(self) -> int:
            return super().now_ns() + 2 * 365 * 86_400 * 10**9

    def counts(rows: int) -> Callable[[Asked, Hub], Awaitable[None]]:
        async def scenario(asked: Asked, hub: Hub) -> None:
            await asked.until(
                "/query", "Calls | count", lambda status, answer: answer.get("rows") == [[rows]]
            )
            report = await asked.until(
                "/completeness", None, lambda status, answer: answer.get("recorded") == 2
            )
            assert report["complete"]

        return scenario

    with_hub(configuration, counts(2))
    with_hub(configuration, counts(0), Later())


def test_a_certificate_that_cannot_be_read_ends_the_hub(tmp_path: Path) -> None:
    """It does not wait for ever to be ready."""
    missing = TlsConfig(cert_file=tmp_path / "cert.pem", key_file=tmp_path / "key.pem")
    hub = HubConfig(listen=Address("127.0.0.1", 0), tls=missing)
    configuration = Config(data=tmp_path, hub=hub, store=StoreConfig(dsn=Dsn("chdb://:memory:")))
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(Hub(configuration).serve(lambda: None))
