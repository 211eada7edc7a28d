"""Every limit of the server is kept, and says so."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gatelog.http1 import AbortReason, server_connection
from gatelog.http1.server import SWEPT_AT_ONCE

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"a" * 400, 414),
        (GET[:-2] + b"a: b\r\n" * 10 + b"\r\n", 431),
        (GET[:-2] + b"a: " + b"b" * 1000 + b"\r\n\r\n", 431),
        (GET[:-2] + b"a: " + b"b" * 1000, 431),
        (POST + b"Content-Length: 1001\r\n\r\n", 413),
        (CHUNKED + b"3e9\r\n" + b"x" * 1001, 413),
        (CHUNKED + b"1;" + b"e" * 1000 + b"\r\nx\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1\r\nx\r\n0\r\na: " + b"b" * 1000 + b"\r\n\r\n", 400),
    ],
    ids=[
        "target",
        "endless target",
        "count",
        "head",
        "endless head",
        "length",
        "chunks",
        "extension",
        "trailer",
    ],
)
async def test_a_request_over_a_limit_is_refused(wire, make_app, request_bytes, status):
    limits = {
        "target_bytes_max": 100,
        "header_bytes_max": 800,
        "header_count_max": 10,
        "body_bytes_max": 1000,
        "chunk_overhead_bytes_max": 500,
    }
    async with wire.server(make_app(), **limits) as server:
        client = await wire.client(server)
        client.send(request_bytes)
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in answer


async def test_a_body_that_grows_too_large_ends_the_request(wire, make_app):
    app = make_app()
    async with wire.server(app, body_bytes_max=1000) as server:
        client = await wire.client(server)
        client.send(CHUNKED + b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        exchange = await app.exchange()
        await exchange.until("body")
        client.send(b"1\r\nx\r\n")
        await exchange.until("abort")
        assert exchange.aborted is AbortReason.TOO_LARGE
        assert len(exchange.body) == 1000


async def test_a_malformed_body_ends_the_request(wire, make_app):
    app = make_app(on_end=lambda _: None)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(CHUNKED + b"3\r\nabc\r\nxyz\r\n")
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 400")
        assert app.exchanges[0].aborted is AbortReason.MALFORMED_BODY


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408 Request Timeout\r\n"),
        (b"GET / HTTP/1.1\r\nHost:", b"HTTP/1.1 408 "),
    ],
)
async def test_a_head_that_does_not_come_in_time_is_given_up(wire, make_app, sent, answer):
    async with wire.server(make_app(), header_timeout_s=10, linger_timeout_s=0) as server:
        client = await wire.client(server)
        client.send(sent)
        start = await settled(server)
        server.sweep(start + 9)
        server.sweep(start + 10.5)
        server.sweep(start + 10.6)
        received = await client.rest()
        assert received.startswith(answer) if answer else received == b""


async def test_every_connection_is_swept_however_many_there_are(wire, make_app):
    app = make_app()
    async with wire.server(app, header_timeout_s=1_000, linger_timeout_s=0) as server:
        clients = [await wire.client(server) for _ in range(3 * SWEPT_AT_ONCE + 1)]
        for client in clients:
            client.send(b"GET / HT")
        start = await settled(server)
        server.sweep(start + 1_000.5)
        for client in clients:
            assert (await client.head()).startswith(b"HTTP/1.1 408 ")


async def settled(server) -> float:
    """The time after everything sent has been received: an exchange on another connection lies behind it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return server._tick.now


async def test_a_body_that_stalls_ends_the_request_unless_the_handler_has_paused_it(wire, make_app):
    app = make_app()
    async with wire.server(app, body_idle_timeout_s=30) as server:
        client = await wire.client(server)
        client.send(POST + b"Content-Length: 10\r\n\r\nabc")
        exchange = await app.exchange()
        await exchange.until("body")
        now = server._tick.now
        exchange.reply.pause_reading()
        server.sweep(now + 100)
        assert exchange.aborted is None
        exchange.reply.resume_reading()
        server.sweep(now + 120)
        assert exchange.aborted is None
        server.sweep(now + 131)
        assert exchange.aborted is AbortReason.BODY_TIMEOUT
        assert (await client.answer()).startswith(b"HTTP/1.1 408")


async def test_a_body_that_drips_ends_the_request_however_often_a_byte_comes(wire, make_app):
    """Below 500 bytes a second after the first 30 s; time that the handler had it paused is not counted."""
    app = make_app()
    async with wire.server(app, body_idle_timeout_s=30, body_bytes_per_s_min=500) as server:
        client = await wire.client(server)
        client.send(POST + b"Content-Length: 10000\r\n\r\n" + b"x" * 1000)
        exchange = await app.exchange()
        await exchange.until("body")
        now = server._tick.now
        for drip, seconds in enumerate((15, 30), start=2):
            server.sweep(now + seconds)
            client.send(b"y")
            await exchange.until("body", drip)
        exchange.reply.pause_reading()
        server.sweep(now + 100)
        exchange.reply.resume_reading()
        server.sweep(now + 101)
        assert exchange.aborted is None
        client.send(b"z")
        await exchange.until("body", 4)
        server.sweep(now + 103)
        assert exchange.aborted is AbortReason.BODY_TIMEOUT
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"500 bytes a second" in answer


async def test_a_head_that_begins_on_an_idle_connection_has_the_time_of_a_head(wire, make_app):
    """Whatever a sweep found before: the idle connection would have had much longer."""
    limits = {"keepalive_timeout_s": 75, "header_timeout_s": 10, "linger_timeout_s": 0}
    async with wire.server(make_app(), **limits) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        server.sweep(server._tick.now)
        client.send(b"GET / HT")
        start = await settled(server)
        server.sweep(start + 10.5)
        assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_is_left_alone_until_its_time_has_come(wire, make_app, monkeypatch):
    looked_at = []
    enforce = server_connection.enforce_timeouts

    def counted(connection, now):
        looked_at.append(now)
        enforce(connection, now)

    monkeypatch.setattr(server_connection, "enforce_timeouts", counted)
    async with wire.server(make_app(), keepalive_timeout_s=75) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        now = server._tick.now
        server.sweep(now)
        before = len(looked_at)
        assert before
        for seconds in (1, 30, 74):
            server.sweep(now + seconds)
        assert len(looked_at) == before
        server.sweep(now + 76)
        assert len(looked_at) > before


async def test_an_idle_connection_is_closed_after_the_keep_alive_time(wire, make_app):
    async with wire.server(make_app(), keepalive_timeout_s=75) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        now = server._tick.now
        server.sweep(now + 74)
        assert server.statistics().connections_open == 1
        server.sweep(now + 76)
        assert await client.rest() == b""


async def test_connections_beyond_the_limit_are_refused(wire, make_app):
    async with wire.server(make_app(), connections_max=1) as server:
        first = await wire.client(server)
        first.send(GET)
        await first.answer()
        second = await wire.client(server)
        assert (await second.rest()).startswith(b"HTTP/1.1 503")
        first.send(GET)
        assert (await first.answer()).startswith(b"HTTP/1.1 200")
        assert server.statistics().connections_refused == 1


def slow_reader(server) -> socket.socket:
    """A client with a small receive buffer that does not read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(GET)
    client.setblocking(False)
    return client


async def test_a_slow_reader_pauses_the_handler_with_a_bounded_buffer(wire, make_app):
    piece = b"x" * 16_384
    mark = 256 * 1024
    sizes = []

    def write_until_paused(exchange):
        while exchange.events.count("pause") == exchange.events.count("resume"):
            exchange.reply.write(piece)
        sizes.append(exchange.reply.sent_bytes)

    def start(exchange):
        exchange.reply.start(200, [], content_length=None)
        write_until_paused(exchange)

    app = make_app(on_end=start, on_resume=write_until_paused)
    async with wire.server(app, buffer_bytes_max=mark) as server:
        client = slow_reader(server)
        loop = asyncio.get_running_loop()
        exchange = await app.exchange()
        await exchange.until("pause")
        taken = 0
        while len(sizes) < 3:
            taken += len(await loop.sock_recv(client, 65536))
            assert exchange.reply.sent_bytes - taken <= mark + 3 * 2**20  # the kernel's buffers come on top
        buffered = exchange.reply._sender._transport.get_write_buffer_size()
        assert buffered <= mark + len(piece) + 10
        exchange.reply.abort()
        client.close()


async def test_a_client_that_takes_nothing_is_dropped(wire, make_app):
    def flood(exchange):
        exchange.reply.start(200, [], content_length=None)
        while "pause" not in exchange.events:
            exchange.reply.write(b"x" * 65_536)

    app = make_app(on_end=flood)
    async with wire.server(app, write_idle_timeout_s=60) as server:
        client = slow_reader(server)
        exchange = await app.exchange()
        await exchange.until("pause")
        client.recv(10) if await readable(client) else None
        now = server._tick.now
        server.sweep(now)
        server.sweep(now + 1)
        server.sweep(now + 59)
        assert exchange.aborted is None
        server.sweep(now + 62)
        assert exchange.aborted is AbortReason.SLOW_READER
        client.close()


async def test_a_client_that_takes_nothing_of_a_whole_answer_is_dropped_before_it_would_be_idle(
    wire, make_app, until
):
    """The answer is complete and below the mark; its end waits in the server."""
    app = make_app(on_end=lambda exchange: exchange.reply.send(200, [], bytes(32 * 2**20)))
    limits = {"buffer_bytes_max": 64 * 2**20, "write_idle_timeout_s": 60, "keepalive_timeout_s": 1_000}
    async with wire.server(app, **limits) as server:
        client = slow_reader(server)
        exchange = await app.exchange()
        await exchange.until("end")
        assert await readable(client)
        now = server._tick.now
        for seconds in (0, 1, 59):
            server.sweep(now + seconds)
        assert server.statistics().connections_open == 1
        server.sweep(now + 62)
        await until(lambda: server.statistics().connections_open == 0)
        client.close()


async def readable(client: socket.socket) -> bool:
    """Wait until the kernel has taken what it takes: the first bytes have arrived."""
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(client, arrived.set)
    await arrived.wait()
    loop.remove_reader(client)
    return True
