"""Calls to an origin: framing, and which connections are used again."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gatelog.http1 import FailureReason

from .origin import GET, OK, always, called


async def test_an_answer_comes_back_and_the_connection_is_used_again(wire, make_caller):
    async with wire.origin(always(OK, OK, OK)) as port, wire.pool(port) as pool:
        for _ in range(3):
            caller = await called(pool, make_caller)
            assert caller.events == ["sent", "head", "body", "end", "done"]
            assert (caller.head.status, caller.head.reason, caller.body) == (200, b"OK", b"ok")
            assert caller.head.get(b"content-length") == b"2"
        statistics = pool.statistics()
        assert (statistics.opened, statistics.reused, statistics.idle) == (1, 2, 1)


async def test_the_youngest_idle_connection_is_used_first(wire, make_caller):
    ports = []

    async def script(reader, writer):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(OK)

    async with wire.origin(script) as port, wire.pool(port) as pool:
        first, second = make_caller(), make_caller()
        pool.send(GET, None, first)
        pool.send(GET, None, second)
        await first.until("done")
        await second.until("done")
        assert pool.statistics().idle == 2
        await called(pool, make_caller)
        await called(pool, make_caller)
        assert ports[2] == ports[3]


@pytest.mark.parametrize(
    ("answer", "body", "trailers"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", []),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
            b"ok",
            [(b"X-T", b"1")],
        ),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b"", []),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", []),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok", []),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", []),
    ],
    ids=["chunked", "trailers", "204", "304", "interim", "no reason"],
)
async def test_every_framing_is_read_and_keeps_the_connection(wire, make_caller, answer, body, trailers):
    async with wire.origin(always(answer, OK)) as port, wire.pool(port) as pool:
        caller = await called(pool, make_caller)
        assert (caller.failure, caller.body, caller.trailers) == (None, body, trailers)
        assert (await called(pool, make_caller)).body == b"ok"
        assert pool.statistics().opened == 1


@pytest.mark.parametrize("announced", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
async def test_a_204_that_announces_a_body_ends_its_connection(wire, make_caller, announced):
    """The body may come while another call waits for its answer."""
    answer = b"HTTP/1.1 204 No Content\r\n%b\r\n\r\n" % announced
    async with wire.origin(always(answer)) as port, wire.pool(port) as pool:
        caller = await called(pool, make_caller)
        assert (caller.failure, caller.body) == (None, b"")
        assert pool.statistics().open == 0


async def test_an_answer_to_head_has_no_body_and_keeps_the_connection(wire, make_caller):
    head_answer = OK[:-2]
    async with wire.origin(always(head_answer, head_answer, OK)) as port, wire.pool(port) as pool:
        for _ in range(2):
            caller = await called(pool, make_caller, GET.replace(b"GET", b"HEAD"), head_request=True)
            assert (caller.head.content_length, caller.body) == (2, b"")
        assert (await called(pool, make_caller)).body == b"ok"
        assert pool.statistics().opened == 1


async def test_a_close_delimited_answer_ends_with_the_connection(wire, make_caller):
    script = always(b"HTTP/1.1 200 OK\r\n\r\nall of it", then_close=True)
    async with wire.origin(script) as port, wire.pool(port) as pool:
        caller = await called(pool, make_caller)
        assert (caller.failure, caller.body) == (None, b"all of it")
        assert pool.statistics().open == 0


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"x",
        OK + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + OK,
    ],
    ids=["close", "1.0", "surplus byte", "surplus answer", "surplus behind chunks"],
)
async def test_a_connection_with_anything_unexpected_is_not_used_again(wire, make_caller, answer):
    async with wire.origin(always(answer, OK)) as port, wire.pool(port) as pool:
        assert (await called(pool, make_caller)).body == b"ok"
        assert pool.statistics().open == 0
        await called(pool, make_caller)
        assert pool.statistics().opened == 2


async def test_unsolicited_bytes_on_an_idle_connection_close_it(wire, make_caller, until):
    unsolicited = asyncio.Event()

    async def script(reader, writer):
        await always(OK)(reader, writer)
        await unsolicited.wait()
        writer.write(OK)

    async with wire.origin(script) as port, wire.pool(port) as pool:
        await called(pool, make_caller)
        unsolicited.set()
        await until(lambda: pool.statistics().open == 0)


async def test_an_idle_connection_that_the_origin_closes_leaves_the_pool(wire, make_caller, until):
    async with wire.origin(always(OK, then_close=True)) as port, wire.pool(port) as pool:
        await called(pool, make_caller)
        await until(lambda: pool.statistics().open == 0)
        assert (await called(pool, make_caller)).body == b"ok"


async def test_an_idle_connection_expires(wire, make_caller):
    async with wire.origin(always(OK)) as port, wire.pool(port, keepalive_timeout_s=55) as pool:
        await called(pool, make_caller)
        now = pool._tick.now
        pool.sweep(now + 54)
        assert pool.statistics().idle == 1
        pool.sweep(now + 56)
        assert pool.statistics().open == 0


@pytest.mark.parametrize("late", [OK.replace(b"ok", b"no"), b""], ids=["another answer", "the end"])
async def test_what_comes_on_an_idle_connection_just_before_its_next_call_is_not_taken_for_its_answer(
    wire, make_caller, late
):
    """The bytes are in the kernel, and the loop has not told of them yet."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with wire.pool(listener.getsockname()[1]) as pool:
            first, second = make_caller(), make_caller()
            pool.send(GET, None, first)
            connection, _ = await loop.sock_accept(listener)
            await loop.sock_recv(connection, 1000)
            connection.send(OK)
            await first.until("done")
            if late:
                connection.send(late)
            else:
                connection.shutdown(socket.SHUT_WR)
            pool.send(GET, None, second)
            other, _ = await loop.sock_accept(listener)
            await loop.sock_recv(other, 1000)
            other.send(OK)
            await second.until("done")
            assert (first.body, second.body) == (b"ok", b"ok")
            connection.close()
            other.close()


@pytest.mark.parametrize("late", [OK.replace(b"ok", b"no"), b""], ids=["another answer", "the end"])
async def test_what_comes_behind_an_answer_is_not_taken_for_that_of_the_call_that_waits(
    wire, make_caller, late
):
    """It arrives while the answer is read: behind it, but not in the same read."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        async with wire.pool(listener.getsockname()[1], connections_max=1) as pool:
            first, second = make_caller(), make_caller()
            pool.send(GET, None, first)
            pool.send(GET, None, second)
            connection, _ = await loop.sock_accept(listener)
            await loop.sock_recv(connection, 1000)
            first.on_body = lambda data: connection.send(late) or connection.shutdown(socket.SHUT_WR)
            connection.send(OK)
            other, _ = await loop.sock_accept(listener)
            await loop.sock_recv(other, 1000)
            other.send(OK)
            await second.until("done")
            assert (first.events[-1], second.body) == ("done", b"ok")
            connection.close()
            other.close()


async def test_a_stale_connection_fails_as_reused(wire, make_caller):
    async def script(reader, writer):
        await always(OK)(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with wire.origin(script) as port, wire.pool(port) as pool:
        await called(pool, make_caller)
        failure = (await called(pool, make_caller)).failure
        assert failure.reason is FailureReason.RESET
        assert (failure.reused_connection, failure.request_sent, failure.head_received) == (
            True,
            True,
            False,
        )
