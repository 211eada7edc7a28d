"""How requests and servers end: clients that leave, drain, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct

import pytest
import trustme

from gatelog.http1 import AbortReason

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def begin(exchange):
    exchange.reply.start(200, [], content_length=None)
    exchange.reply.write(b"token")


def with_reset(client):
    sock = client.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.writer.transport.abort()


def with_fin(client):
    client.writer.close()


@pytest.mark.parametrize("leave", [with_fin, with_reset])
@pytest.mark.parametrize("do", [begin, lambda exchange: None], ids=["mid-stream", "before the answer"])
async def test_a_client_that_leaves_is_noticed_at_once(wire, make_app, leave, do):
    app = make_app(on_end=do)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        exchange = await app.exchange()
        await exchange.until("end")
        leave(client)
        await exchange.until("abort")
        assert exchange.aborted is AbortReason.CLIENT_GONE
        exchange.reply.write(b"too late")
        exchange.reply.end()
        exchange.reply.abort()
        exchange.reply.pause_reading()
        assert server.statistics().aborted == 1


async def test_a_client_that_leaves_during_its_upload_is_noticed(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        exchange = await app.exchange()
        await exchange.until("body")
        client.close()
        await exchange.until("abort")
        assert exchange.aborted is AbortReason.CLIENT_GONE
        assert "end" not in exchange.events


async def test_a_client_that_leaves_after_the_reply_aborts_nothing(wire, make_app, until):
    app = make_app()
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.answer()
        client.close()
        await until(lambda: server.statistics().connections_open == 0)
        assert app.exchanges[0].aborted is None


async def test_drain_closes_idle_connections_and_lets_running_requests_finish(wire, make_app):
    app = make_app()
    async with wire.server(app) as server:
        idle, busy = await wire.client(server), await wire.client(server)
        idle.send(GET)
        await idle.answer()
        app.on_end = lambda exchange: None
        busy.send(GET)
        exchange = await app.exchange(1)
        await exchange.until("end")
        draining = asyncio.ensure_future(server.drain(grace_s=9))
        assert await idle.rest() == b""
        assert not draining.done()
        exchange.reply.send(200, [], b"done")
        answer = await busy.rest()
        assert b"connection: close" in answer
        assert answer.endswith(b"done")
        await draining
        assert exchange.aborted is None
        with pytest.raises(OSError):  # noqa: PT011 - refused, in the words of each loop
            await wire.client(server)


async def test_drain_closes_a_stream_that_had_promised_to_keep_alive(wire, make_app):
    app = make_app(on_end=begin)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        await client.head()
        draining = asyncio.ensure_future(server.drain(grace_s=9))
        await asyncio.sleep(0)
        app.exchanges[0].reply.end()
        assert (await client.rest()).endswith(b"0\r\n\r\n")
        await draining


async def test_drain_waits_a_second_for_a_connection_just_made_whatever_a_sweep_found_before(wire, make_app):
    async with wire.server(make_app(), header_timeout_s=1_000) as server:
        client, later = await wire.client(server), await wire.client(server)
        later.send(GET)
        await later.answer()
        now = server._tick.now
        server.sweep(now)
        draining = asyncio.create_task(server.drain(grace_s=1_000))
        assert await later.rest() == b""
        assert not draining.done()
        server.sweep(now + 1.5)
        assert await client.rest() == b""
        await draining


async def test_drain_aborts_what_is_still_running_at_the_end_of_grace(wire, make_app):
    app = make_app(on_end=begin)
    async with wire.server(app) as server:
        client = await wire.client(server)
        client.send(GET)
        exchange = await app.exchange()
        await exchange.until("end")
        await server.drain(grace_s=0)
        assert exchange.aborted is AbortReason.SHUTDOWN
        assert server.statistics().connections_open == 0
        assert not (await client.rest()).endswith(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_tls(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_tls_serves_and_tells_its_version(wire, make_app, server_tls, client_tls):
    app = make_app()
    async with wire.server(app, ssl=server_tls) as server:
        client = await wire.client(server, ssl=client_tls, server_hostname="localhost")
        for _ in range(2):
            client.send(GET)
            assert (await client.answer()).startswith(b"HTTP/1.1 200")
        assert app.exchanges[0].head.tls_version == "1.3"


async def test_a_tls_client_that_leaves_mid_stream_is_noticed(wire, make_app, server_tls, client_tls):
    app = make_app(on_end=begin)
    async with wire.server(app, ssl=server_tls) as server:
        client = await wire.client(server, ssl=client_tls, server_hostname="localhost")
        client.send(GET)
        await client.head()
        client.close()
        await app.exchanges[0].until("abort")
        assert app.exchanges[0].aborted is AbortReason.CLIENT_GONE


async def test_the_pool_speaks_tls_and_refuses_a_wrong_name(
    wire, make_app, make_caller, server_tls, client_tls
):
    async with wire.server(make_app(), ssl=server_tls) as server:
        async with wire.pool(server.port, ssl=client_tls, server_hostname="localhost") as pool:
            caller = make_caller()
            pool.send(GET, None, caller)
            await caller.until("done")
            assert caller.body == b"GET / "
        async with wire.pool(server.port, ssl=client_tls, server_hostname="other.test") as pool:
            caller = make_caller()
            pool.send(GET, None, caller)
            await caller.until("done")
            assert caller.failure.reason == "tls"
            assert not caller.failure.request_sent


def withhold(exchange):
    exchange.reply.withheld = True


BROKEN = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"


async def broken(wire, app, server):
    """A client whose request broke off, and the exchange that withholds the answer."""
    client = await wire.client(server)
    client.send(BROKEN + GET)
    exchange = await app.exchange()
    await exchange.until("abort")
    return client, exchange


async def test_an_answer_in_the_handlers_place_waits_until_the_handler_gives_it(wire, make_app):
    app = make_app(on_request=withhold)
    async with wire.server(app) as server:
        client, exchange = await broken(wire, app, server)
        assert exchange.reply.given[0] == 400
        client.send(b"more")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.05)
        exchange.reply.give()
        exchange.reply.give()
        assert (await client.rest()).count(b"HTTP/1.1 400") == 1
        assert len(app.exchanges) == 1


async def test_a_handler_that_withheld_an_answer_may_answer_itself(wire, make_app):
    app = make_app(on_request=withhold)
    async with wire.server(app) as server:
        client, exchange = await broken(wire, app, server)
        exchange.reply.send(413, [], b"mine")
        exchange.reply.give()
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"connection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nmine")


async def test_nobody_is_left_to_give_a_withheld_answer_to(wire, make_app, until):
    app = make_app(on_request=withhold)
    async with wire.server(app) as server:
        client, exchange = await broken(wire, app, server)
        client.close()
        await until(lambda: server.statistics().connections_open == 0)
        exchange.reply.give()
        exchange.reply.send(413, [], b"mine")
        assert server.statistics().aborted == 1
