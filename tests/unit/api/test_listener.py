"""Clients that take their time, or send too much, over plain HTTP and over TLS."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import trustme

from gatelog.api import Hub
from gatelog.api.listener import HubProtocol
from gatelog.config import Address, Config, Dsn, HubConfig, HubLimitsConfig, StoreConfig, TlsConfig
from gatelog.testing.clickhouse_server import ClickHouseServer

Connected = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

CONNECTIONS_MAX = 60
LIMITS = HubLimitsConfig(
    connections_max=CONNECTIONS_MAX, header_s=0.4, body_s=0.6, header_bytes_max=4096, keepalive_s=1
)
QUESTION = json.dumps({"query": "print x = 1"}).encode()
HEAD = (
    b"POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
)
WHOLE = HEAD % len(QUESTION) + QUESTION
PATIENCE_S = 10


BOTH = pytest.mark.parametrize("scheme", ["http", "https"])


@pytest.fixture
def scheme() -> str:
    return "http"


@pytest.fixture
def serve(
    tmp_path: Path, clickhouse_server: ClickHouseServer, scheme: str
) -> Callable[[Callable[[Connected], Awaitable[None]]], None]:
    """Run a scenario against a hub with short limits."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    tls = TlsConfig(cert_file=chain, key_file=key) if scheme == "https" else None
    hub_config = HubConfig(listen=Address("127.0.0.1", 0), anonymous=True, limits=LIMITS, tls=tls)
    config = Config(data=tmp_path / "data", hub=hub_config, store=StoreConfig(dsn=Dsn(clickhouse_server.dsn)))
    context = ssl.create_default_context() if tls else None
    if context is not None:
        authority.configure_trust(context)

    def run(scenario: Callable[[Connected], Awaitable[None]]) -> None:
        asyncio.run(_with_hub(config, context, scenario))

    return run


async def _with_hub(
    config: Config, context: ssl.SSLContext | None, scenario: Callable[[Connected], Awaitable[None]]
) -> None:
    hub, ready = Hub(config), asyncio.Event()
    serving = asyncio.create_task(hub.serve(ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    opened: list[asyncio.StreamWriter] = []

    async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = "localhost" if context else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", hub.port, ssl=context, server_hostname=name
        )
        opened.append(writer)
        return reader, writer

    try:
        async with asyncio.timeout(PATIENCE_S):
            await scenario(connected)
    finally:
        for writer in opened:
            writer.close()
        hub.stop()
        await serving


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2])
    return int(head.split()[1]), await reader.readexactly(length)


@BOTH
def test_a_question_in_time_is_answered_and_another_after_it(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        for _ in range(3):
            writer.write(WHOLE)
            status, body = await answer(reader)
            assert (status, msgspec.json.decode(body)["rows"]) == (200, [[1]])

    serve(scenario)


@BOTH
def test_no_part_of_an_answer_waits_until_the_client_acknowledges_the_one_before(
    serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Head and body are written one after the other; with Nagle's algorithm each answer takes 40 ms more."""
    seen: list[int] = []

    def connection_made(protocol: HubProtocol, transport: asyncio.Transport) -> None:
        connected_socket = transport.get_extra_info("socket")
        seen.append(connected_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(protocol, transport)

    made = HubProtocol.connection_made
    monkeypatch.setattr(HubProtocol, "connection_made", connection_made)

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(WHOLE)
        await answer(reader)

    serve(scenario)
    assert seen == [1]


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST /query HT", HEAD[:40], HEAD % 10, HEAD % 10 + b"123", WHOLE + b"POST /que"],
    ids=["nothing", "a request line", "half a head", "a head", "half a body", "the next head"],
)
def test_a_client_that_stops_is_cut_off(serve, beginning: bytes) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(beginning)
        if beginning.startswith(WHOLE):
            assert (await answer(reader))[0] == 200
        rest = await reader.read()  # to the end: the hub closes
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408 ")

    serve(scenario)


@BOTH
def test_a_client_that_drips_is_cut_off(serve) -> None:
    """Each byte comes soon after the one before; the head as a whole does not."""

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.1\r\nx: ")
        dripping = asyncio.create_task(_drip(writer))
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        dripping.cancel()

    serve(scenario)


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" if not writer.is_closing() else b"")
        await asyncio.sleep(0.05)


def test_a_head_over_the_limit_is_refused(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: " + b"x" * 8192)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")

    serve(scenario)


def problem_of(answered: bytes) -> tuple[int, str]:
    """Status and code of a whole answer; it has the hub's own shape."""
    head, _, body = answered.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert b"content-type: application/json" in lines
    assert b"connection: close" in lines
    assert b"content-length: %d" % len(body) in lines
    error = msgspec.json.decode(body)["error"]
    assert set(error) == {"code", "message", "line", "column", "hint"}
    return int(head.split()[1]), error["code"]


@pytest.mark.parametrize("names", [1, 80], ids=["one line", "many lines"])
def test_a_head_over_the_limit_that_comes_at_once_is_refused(serve, names: int) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        lines = b"".join(b"x-%d: %s\r\n" % (name, b"x" * (4000 // names)) for name in range(names))
        writer.write(
            b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n" + lines + b"x: " + b"x" * 120 + b"\r\n\r\n"
        )
        assert problem_of(await reader.read()) == (431, "head_too_large")

    serve(scenario)


def test_a_head_within_the_limit_is_answered(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 4000 + b"\r\n\r\n")
        assert (await answer(reader))[0] == 200

    serve(scenario)


_ASKED = b"POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


@BOTH
@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        (b"\x00\x01garbage\r\n\r\n", (400, "malformed_request")),
        (_ASKED + b"transfer-encoding: chunked\r\n\r\nZZ\r\n{}", (400, "malformed_request")),
        (_ASKED + b"content-length: 5\r\ncontent-length: 6\r\n\r\n{}", (400, "malformed_request")),
        (
            _ASKED + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            (400, "malformed_request"),
        ),
        (_ASKED + b"content-length: -5\r\n\r\n{}", (400, "malformed_request")),
        (b"GET http:// HTTP/1.1\r\nhost: localhost\r\n\r\n", (400, "malformed_request")),
        (b"GET /healthz HTTP/1.1\r\n\r\n", (400, "malformed_request")),
        (b"GET /healthz HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", (400, "malformed_request")),
        (b"GET /healthz HTTP/1.1\r\nhost: a b\r\n\r\n", (400, "malformed_request")),
        (b"GET /healthz\r\n\r\n", (505, "http_version")),
    ],
    ids=[
        "no HTTP",
        "a chunk without a size",
        "two lengths",
        "a length and chunks",
        "a negative length",
        "no target",
        "no host",
        "two hosts",
        "a host that is none",
        "HTTP/0.9",
    ],
)
def test_what_is_no_request_is_refused_in_the_hubs_shape(
    serve, sent: bytes, refused: tuple[int, str]
) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(sent)
        assert problem_of(await reader.read()) == refused

    serve(scenario)


def test_a_request_of_http_1_0_needs_no_host(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert (await answer(reader))[0] == 200

    serve(scenario)


def test_an_answer_to_http_1_0_has_no_chunks(serve) -> None:
    """It ends with the connection where its length is not known before (RFC 9112, 6.1)."""
    rows = 200_000
    question = msgspec.json.encode({"query": f"range x from 1 to {rows} step 1"})

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write((HEAD % len(question)).replace(b"HTTP/1.1", b"HTTP/1.0") + question)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding" not in head
        assert b"content-length" not in head
        assert len(msgspec.json.decode(await reader.read())["rows"]) == rows

    serve(scenario)


def test_http_1_0_is_not_told_to_go_on(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        asked = WHOLE.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nexpect: 100-continue\r\n")
        writer.write(asked)
        assert (await answer(reader))[0] == 200

    serve(scenario)


OFFER = b"connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n"
"""As Java's client sends it with each first request where there is no TLS."""


@pytest.mark.parametrize("piece_bytes", [1, 100, 10_000])
def test_an_offer_of_http_2_is_declined_and_its_request_answered(serve, piece_bytes: int) -> None:
    """Bodies of such requests are bodies, and none is taken for the next request."""
    offering = WHOLE.replace(b"host:", OFFER + b"host:")
    chunked = offering.replace(b"content-length: %d" % len(QUESTION), b"transfer-encoding: chunked")
    chunked = chunked.replace(QUESTION, b"%x\r\n%s\r\n0\r\n\r\n" % (len(QUESTION), QUESTION))
    health = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n" + OFFER + b"\r\n"
    sent = offering + health + chunked + WHOLE

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        for start in range(0, len(sent), piece_bytes):
            writer.write(sent[start : start + piece_bytes])
            await writer.drain()
        answers = [await answer(reader) for _ in range(4)]
        assert [status for status, _ in answers] == [200] * 4
        assert [msgspec.json.decode(body).get("rows") for _, body in answers] == [[[1]], None, [[1]], [[1]]]

    serve(scenario)


def test_a_head_with_an_offer_has_the_limits_of_others(serve) -> None:
    async def scenario(connected: Connected) -> None:
        for head in (b"x: " + b"y" * 4096 + b"\r\n", b"host: other\r\n"):
            reader, writer = await connected()
            writer.write(WHOLE.replace(b"host:", OFFER + head + b"host:"))
            refused = {b"x": (431, "head_too_large"), b"h": (400, "malformed_request")}[head[:1]]
            assert problem_of(await reader.read()) == refused

    serve(scenario)


def test_a_tunnel_is_refused(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost:80\r\n" + OFFER + b"\r\n")
        assert problem_of(await reader.read()) == (400, "malformed_request")

    serve(scenario)


def test_trailers_are_no_headers(serve) -> None:
    """Here one that would be refused: an Origin's page may not ask an anonymous hub."""

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        chunk = b"%x\r\n%s\r\n" % (len(QUESTION), QUESTION)
        head = _ASKED + b"transfer-encoding: chunked\r\n\r\n"
        writer.write(head + chunk + b"0\r\nsec-fetch-site: cross-site\r\n\r\n")
        assert (await answer(reader))[0] == 200

    serve(scenario)


@BOTH
def test_a_refused_request_is_not_the_one_before_it(serve) -> None:
    """What was asked whole is answered, or nothing is: never as if it had been malformed."""

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(WHOLE + b"garbage\r\n\r\n")
        assert not (await reader.read()).startswith(b"HTTP/1.1 4")

    serve(scenario)


@BOTH
def test_an_early_answer_reaches_a_client_that_still_sends(serve) -> None:
    """It asks for the connection's end, and has more to send than a socket holds."""

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n")
        writer.write(b"content-length: 20000000\r\n\r\n")
        for _ in range(20):
            writer.write(b" " * 1_000_000)
            await writer.drain()
        status, body = await answer(reader)
        assert (status, msgspec.json.decode(body)["error"]["code"]) == (404, "http_404")

    serve(scenario)


def test_a_client_that_sends_without_end_is_not_read_for_ever(serve) -> None:
    async def scenario(connected: Connected) -> None:
        _, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        with suppress(ConnectionError):
            await _pour(writer, b" " * 1_000_000)  # to the end: the hub closes
        assert writer.is_closing()

    serve(scenario)


def test_one_connection_too_many_is_told_so(serve) -> None:
    async def scenario(connected: Connected) -> None:
        for _ in range(CONNECTIONS_MAX):
            await connected()
        reader, writer = await connected()
        writer.write(WHOLE)
        assert problem_of(await reader.read()) == (503, "too_many_connections")

    serve(scenario)


def test_a_body_over_the_limit_is_refused_before_it_is_all_there(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(HEAD % (64 * 2**20))
        writer.write(b" " * (2 * 2**20))
        status, body = await answer(reader)
        assert (status, msgspec.json.decode(body)["error"]["code"]) == (413, "too_large")

    serve(scenario)


def test_slow_clients_do_not_keep_others_waiting(serve) -> None:
    async def scenario(connected: Connected) -> None:
        for _ in range(50):
            _, slow = await connected()
            slow.write(HEAD[:30])
        reader, writer = await connected()
        writer.write(WHOLE)
        assert (await answer(reader))[0] == 200

    serve(scenario)


@pytest.mark.parametrize("scheme", ["https"])
def test_plain_http_on_a_tls_listener_is_no_answer(serve) -> None:
    async def scenario(connected: Connected) -> None:
        _, writer = await connected()
        port = writer.get_extra_info("peername")[1]
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(plain, WHOLE)
            assert b"rows" not in await asyncio.get_running_loop().sock_recv(plain, 4096)

    serve(scenario)


@pytest.mark.parametrize(
    ("beginning", "further"),
    [
        (b"0\r\nx: ", b"x"),
        (b"0\r\n", b"a: b\r\n"),
        (b"1;", b"x"),
    ],
    ids=["a trailer", "trailers", "an extension of a chunk"],
)
def test_what_is_neither_head_nor_body_is_limited_too(serve, beginning: bytes, further: bytes) -> None:
    """A parser keeps it, and nobody reads it."""

    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        writer.write(beginning)
        pouring = asyncio.create_task(_pour(writer, further * (1024 // len(further))))
        assert b" 431 " in await reader.read()
        pouring.cancel()

    serve(scenario)


async def _pour(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)


def test_a_body_of_the_smallest_chunks_is_a_body(serve) -> None:
    async def scenario(connected: Connected) -> None:
        reader, writer = await connected()
        head = HEAD.replace(b"content-length: %d", b"transfer-encoding: chunked")
        question = json.dumps({"query": "print x = 1" + " " * 2000}).encode()
        writer.write(head + b"".join(b"1\r\n%c\r\n" % byte for byte in question) + b"0\r\n\r\n")
        assert (await answer(reader))[0] == 200

    serve(scenario)
