"""A hub removes rows of the users' own tables when their time is over."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatelog.api import Hub
from gatelog.config import Address, Config, Dsn, HubConfig, StoreConfig
from gatelog.kql import Column, KqlType
from gatelog.model import Clock
from gatelog.store import Retention, Store, TableNotes
from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.stack import wait_until

DAY_NS = 86_400 * 10**9
PATIENCE_S = 30.0


class TwoDaysLater(Clock):
    def now_ns(self) -> int:
        return time.time_ns() + 2 * DAY_NS

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


def ask(port: int, query: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/rest/query",
        data=json.dumps({"csl": query}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["Tables"][0]["Rows"]


def wait_until_empty(port: int, table: str) -> None:
    wait_until(lambda: bool(ask(port, f"{table} | count") == [[0]]), "an empty table", PATIENCE_S)


def test_rows_leave_with_the_hubs_retention(tmp_path: Path, clickhouse_server: ClickHouseServer) -> None:
    dsn = f"{clickhouse_server.dsn}user_retention_test"
    store = Store.open(dsn)
    for name, retention in (("Kept", Retention()), ("Short", Retention(86_400.0))):
        notes = TableNotes(name=name, created=datetime.now(UTC), retention=retention)
        store.user_tables.rows.insert(store.user_tables.create(notes, [Column("a", KqlType.LONG)]), [[1]])
    store.close()
    hub_config = HubConfig(listen=Address("127.0.0.1", 0), anonymous=True)
    hub = Hub(
        Config(data=tmp_path, hub=hub_config, store=StoreConfig(dsn=Dsn(dsn), retention_days=30)),
        clock=TwoDaysLater(),
    )

    async def scenario() -> Any:
        ready = asyncio.Event()
        serving = asyncio.create_task(hub.serve(ready.set))
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
            await asyncio.to_thread(wait_until_empty, hub.port, "Short")
            kept = await asyncio.to_thread(ask, hub.port, "Kept | count")
            of_record = await asyncio.to_thread(
                ask,
                hub.port,
                ".show table Calls policy retention | project parse_json(Policy).SoftDeletePeriod",
            )
        hub.stop()
        await serving
        return kept, of_record

    assert asyncio.run(scenario()) == ([[1]], [["30.00:00:00"]])
