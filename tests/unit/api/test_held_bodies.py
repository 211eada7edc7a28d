"""Bodies in memory, all together: what is counted, what is refused, and who is not."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from gatelog.api import Hub
from gatelog.api.held_bodies import SMALL_BYTES, HeldBodies, HoldsBodies
from gatelog.api.kusto.requests import COMMAND_BODY_BYTES_MAX
from gatelog.api.problems import RequestError
from gatelog.config import (
    Address,
    Config,
    Dsn,
    HubConfig,
    HubLimitsConfig,
    HubTokenConfig,
    StoreConfig,
    TokenDigest,
)
from gatelog.config.schema import TokenHash
from gatelog.testing.clickhouse_server import ClickHouseServer

MIB = 2**20
PATIENCE_S = 60
BUDGET = 4 * MIB
LARGE = 3 * MIB // 2
"""Two of them fit into the budget."""


def test_the_first_bytes_of_each_body_are_free() -> None:
    bodies = HeldBodies(0)
    with bodies.one() as one, bodies.one() as other:
        one.grow(SMALL_BYTES)
        other.grow(SMALL_BYTES)
        with pytest.raises(RequestError) as caught:
            other.grow(1)
    assert caught.value.status == 503
    assert "hub.limits.buffered_bytes_max" in caught.value.hint


def test_what_was_reserved_is_free_after_the_request_however_it_ends() -> None:
    bodies = HeldBodies(MIB)

    def refused() -> None:
        with bodies.one() as one:
            one.grow(SMALL_BYTES + 7)
            assert bodies.bytes == 7
            one.grow(MIB)

    with pytest.raises(RequestError):
        refused()
    assert bodies.bytes == 0


def test_a_body_that_becomes_smaller_makes_room() -> None:
    bodies = HeldBodies(10)
    with bodies.one() as one, bodies.one() as other:
        one.grow(SMALL_BYTES + 10)
        one.become(SMALL_BYTES + 4)
        other.grow(SMALL_BYTES + 6)
        assert bodies.bytes == 10


def test_a_caller_has_half_at_most_and_others_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelog.api.held_bodies.SHARE_BYTES_LEAST", 0)
    bodies = HeldBodies(20)
    with bodies.one() as one, bodies.one() as another, bodies.one() as of_other:
        one.caller = another.caller = "reader"
        of_other.caller = "loader"
        one.grow(SMALL_BYTES + 6)
        another.grow(SMALL_BYTES + 4)
        with pytest.raises(RequestError, match="this caller's requests take all of the 10 bytes") as caught:
            another.grow(1)
        assert caught.value.status == 503
        of_other.grow(SMALL_BYTES + 10)
        one.become(SMALL_BYTES)
        another.grow(6)
    with bodies.one() as one:
        one.caller = "reader"
        one.grow(SMALL_BYTES + 10)


def test_the_largest_command_fits_into_the_share_of_the_smallest_hub() -> None:
    bodies = HeldBodies(32 * MIB)
    with bodies.one() as one:
        one.grow(COMMAND_BODY_BYTES_MAX)  # packed
        one.grow(COMMAND_BODY_BYTES_MAX)
    with HeldBodies(64 * MIB).one() as one:
        one.become(sys.getsizeof("😀" + "x" * (COMMAND_BODY_BYTES_MAX - 4)))  # four bytes a character


def test_a_request_holds_its_body_until_it_is_answered() -> None:
    bodies = HeldBodies(MIB)

    async def application(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        scope["gatelog.held_body"].grow(MIB)
        assert bodies.bytes == MIB - SMALL_BYTES
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(HoldsBodies(application, bodies)({}, None, None))  # type: ignore[arg-type]
    assert bodies.bytes == 0


# over sockets


class Surface(NamedTuple):
    """A route that takes large bodies, a body that it answers with 200, and the refusal's status and code."""

    path: str
    small: bytes
    status: int
    code: str


def kusto(text: str) -> bytes:
    return json.dumps({"csl": text}).encode()


SURFACES = [
    Surface("/v1/rest/mgmt", kusto(".show version"), 429, "TooManyRequests"),
    Surface("/v1/rest/query", kusto("print 1 //" + " " * 2_000), 429, "TooManyRequests"),
    Surface("/v1/workspaces/gatelog/query", b'{"query": "print 1"}', 429, "ThrottledError"),
    Surface("/query", b'{"query": "print 1"}', 503, "busy"),
    Surface(
        "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01",
        b'{"query": "resources | take 1"}',
        429,
        "TooManyRequests",
    ),
]


COMMAND = kusto(".ingest inline into table Prices <| gpt-4o" + "\n" * (LARGE // 2))
HELD = len(COMMAND) - 2 - SMALL_BYTES
"""What is counted of a command that lacks its last two bytes."""


class Answered(NamedTuple):
    """Status, headers and code of an answer."""

    status: int
    headers: bytes
    code: str


class Connection:
    """One client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(
        self, path: str, body: bytes, coding: str = "", *, all_but: int = 0, token: str = ""
    ) -> None:
        """A request; without the last bytes of its body, if so wanted."""
        lines = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json"]
        lines += [f"authorization: Bearer {token}"] if token else []
        lines += [f"content-length: {len(body)}", f"content-encoding: {coding or 'identity'}", "", ""]
        self.writer.write("\r\n".join(lines).encode() + body[: len(body) - all_but])
        with suppress(ConnectionError):  # who was refused is not read from
            await self.writer.drain()

    async def answer(self) -> Answered:
        """What came back."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
        body = await self._reader.readexactly(int(lengths[0].partition(b":")[2]))
        error = msgspec.json.decode(body).get("error", {})
        return Answered(int(head.split()[1]), head, error.get("code", ""))

    async def command(self, text: str) -> None:
        """A command that is carried out."""
        await self.send("/v1/rest/mgmt", kusto(text))
        assert (await self.answer()).status == 200


Connected = Callable[[], Awaitable[Connection]]


class Watched(HeldBodies):
    """Those of the hub, for the test to look at."""

    hub: Watched

    def __init__(self, bytes_max: int) -> None:
        super().__init__(bytes_max)
        Watched.hub = self

    async def wait_until(self, held: int) -> None:
        """Until the hub has read so much; the scenario's deadline ends it."""
        while self.bytes != held:  # noqa: ASYNC110 - the hub tells nobody
            await asyncio.sleep(0.005)


@pytest.fixture
def serve(
    tmp_path: Path, clickhouse_server: ClickHouseServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Connected], Awaitable[None]]], None]:
    """Run a scenario against a hub whose bodies have BUDGET."""
    monkeypatch.setattr("gatelog.api.hub.HeldBodies", Watched)
    limits = HubLimitsConfig(buffered_bytes_max=BUDGET)
    tokens = {
        "loader": HubTokenConfig(role="log", hash=TokenHash(TokenDigest.of("loader's")), may_write=True)
    }
    hub_config = HubConfig(listen=Address("127.0.0.1", 0), anonymous=True, limits=limits, tokens=tokens)
    config = Config(data=tmp_path / "data", hub=hub_config, store=StoreConfig(dsn=Dsn(clickhouse_server.dsn)))
    return lambda scenario: asyncio.run(_with_hub(config, scenario))


async def _with_hub(config: Config, scenario: Callable[[Connected], Awaitable[None]]) -> None:
    hub, ready = Hub(config), asyncio.Event()
    serving = asyncio.create_task(hub.serve(ready.set))
    await ready.wait()
    opened: list[asyncio.StreamWriter] = []

    async def connected() -> Connection:
        connection = Connection(*await asyncio.open_connection("127.0.0.1", hub.port))
        opened.append(connection.writer)
        return connection

    try:
        async with asyncio.timeout(PATIENCE_S):
            await (await connected()).command(".create table Prices (Model:string)")
            await scenario(connected)
            await (await connected()).command(".drop table Prices")
    finally:
        for writer in opened:
            writer.close()
        hub.stop()
        await serving


async def two_large_bodies(connected: Connected) -> list[Connection]:
    """Two commands of which the hub has all but the last two bytes."""
    waiting = [await connected(), await connected()]
    for one in waiting:
        await one.send("/v1/rest/mgmt", COMMAND, all_but=2)
    await Watched.hub.wait_until(2 * HELD)
    return waiting


def test_small_requests_pass_while_large_ones_wait_and_others_are_refused(serve) -> None:
    async def scenario(connected: Connected) -> None:
        waiting = await two_large_bodies(connected)
        for body, coding in ((COMMAND, ""), (gzip.compress(COMMAND), "gzip")):
            refused = await connected()
            await refused.send("/v1/rest/mgmt", body, coding)
            assert (await refused.answer())[::2] == (429, "TooManyRequests")
        await Watched.hub.wait_until(2 * HELD)
        for surface in SURFACES:
            client = await connected()
            await client.send(surface.path, surface.small)
            assert (await client.answer()).status == 200, surface.path
        for one in waiting:  # who has a place keeps it
            one.writer.write(b'"}')
            assert (await one.answer()).status == 200
        again = await connected()
        await again.send("/v1/rest/mgmt", COMMAND)
        assert (await again.answer()).status == 200
        await Watched.hub.wait_until(0)

    serve(scenario)


def test_each_surface_says_in_its_own_shape_that_there_is_no_room(serve) -> None:
    async def scenario(connected: Connected) -> None:
        await two_large_bodies(connected)
        rest = BUDGET - 2 * HELD + SMALL_BYTES
        last = await connected()
        await last.send("/v1/rest/mgmt", b" " * (rest + 1), all_but=1)
        await Watched.hub.wait_until(BUDGET)
        for surface in SURFACES:
            client = await connected()
            await client.send(surface.path, gzip.compress(surface.small + b" " * SMALL_BYTES), "gzip")
            said = await client.answer()
            assert (said.status, said.code) == (surface.status, surface.code)
            assert b"\r\nretry-after: 5\r\n" in said.headers

    serve(scenario)


def test_data_that_is_packed_for_ingestion_is_counted_as_it_grows(serve) -> None:
    """What clients name gzip is unpacked by its first bytes, after the body was read."""

    async def scenario(connected: Connected) -> None:
        await two_large_bodies(connected)
        client = await connected()
        data = gzip.compress(b"gpt-4o\n" * 300_000)
        await client.send("/v1/rest/ingest/gatelog/Prices?streamFormat=csv", data, "gzip")
        assert (await client.answer())[::2] == (429, "TooManyRequests")
        await Watched.hub.wait_until(2 * HELD)

    serve(scenario)


def test_one_caller_alone_does_not_keep_out_another(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatelog.api.held_bodies.SHARE_BYTES_LEAST", 0)

    async def scenario(connected: Connected) -> None:
        first, second, other = await connected(), await connected(), await connected()
        await first.send("/v1/rest/mgmt", COMMAND, all_but=2)
        await Watched.hub.wait_until(HELD)
        await second.send("/v1/rest/mgmt", COMMAND)
        assert (await second.answer())[::2] == (429, "TooManyRequests")
        await other.send("/v1/rest/mgmt", COMMAND, token="loader's")
        assert (await other.answer()).status == 200
        first.writer.write(b'"}')
        assert (await first.answer()).status == 200
        await Watched.hub.wait_until(0)

    serve(scenario)
