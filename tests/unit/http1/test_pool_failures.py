"""Calls to an origin that fail, each with its reason, and calls that are given up."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from gatelog.http1 import FailureReason

from .origin import GET, OK, always, called, silent


@pytest.mark.parametrize(
    ("answer", "head_received"),
    [(b"", False), (b"HTTP/1.1 200 OK\r\nCont", False), (OK[:-1], True)],
    ids=["nothing", "half a head", "half a body"],
)
async def test_an_answer_cut_short_is_a_reset(wire, make_caller, answer, head_received):
    async with wire.origin(always(answer, then_close=True)) as port, wire.pool(port) as pool:
        failure = (await called(pool, make_caller)).failure
        assert failure.reason is FailureReason.RESET
        assert (failure.head_received, failure.reused_connection) == (head_received, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/" + OK,
        b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 3000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * 3000,
    ],
)
async def test_an_answer_that_is_not_strict_fails(wire, make_caller, answer):
    limits = {"header_bytes_max": 2000, "header_count_max": 10, "chunk_overhead_bytes_max": 2000}
    async with wire.origin(always(answer)) as port, wire.pool(port, **limits) as pool:
        caller = await called(pool, make_caller)
        assert caller.failure.reason is FailureReason.PROTOCOL
        assert pool.statistics().open == 0


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


async def test_no_connection_is_told_apart_by_reason(wire, make_caller):
    async with wire.pool(unused_port()) as pool:
        failure = (await called(pool, make_caller)).failure
        assert failure.reason is FailureReason.CONNECT_REFUSED
        assert not failure.request_sent
    async with wire.pool(80, host="no-such-host.invalid") as pool:
        assert (await called(pool, make_caller)).failure.reason is FailureReason.DNS


async def test_a_handshake_that_never_ends_is_a_connect_timeout(wire, make_caller):
    async def mute(reader, writer):
        await reader.read()

    options = {"ssl": ssl.create_default_context(), "server_hostname": "localhost"}
    async with wire.origin(mute) as port, wire.pool(port, connect_timeout_s=0.02, **options) as pool:
        assert (await called(pool, make_caller)).failure.reason is FailureReason.CONNECT_TIMEOUT


async def test_an_origin_without_tls_is_a_tls_failure(wire, make_caller):
    async def plain(reader, writer):
        writer.write(OK)
        await reader.read()

    options = {"ssl": ssl.create_default_context(), "server_hostname": "localhost"}
    async with wire.origin(plain) as port, wire.pool(port, **options) as pool:
        assert (await called(pool, make_caller)).failure.reason is FailureReason.TLS


async def test_a_closed_pool_fails_running_waiting_and_new_calls(wire, make_caller):
    async with wire.origin(silent) as port, wire.pool(port, connections_max=1) as pool:
        running, waiting = make_caller(), make_caller()
        pool.send(GET, None, running)
        await running.until("sent")
        pool.send(GET, None, waiting)
        pool.close()
        assert running.failure.reason is FailureReason.RESET
        assert waiting.failure.reason is FailureReason.POOL_EXHAUSTED
        assert (await called(pool, make_caller)).failure.reason is FailureReason.POOL_EXHAUSTED


async def test_a_cancelled_call_hears_nothing_more_and_frees_its_place(wire, make_caller):
    async with wire.origin(silent) as port, wire.pool(port, connections_max=1) as pool:
        running, waiting, last = make_caller(), make_caller(), make_caller()
        first = pool.send(GET, None, running)
        second = pool.send(GET, None, waiting)
        await running.until("sent")
        second.cancel()
        assert pool.statistics().waiting == 0
        third = pool.send(GET, None, last)
        first.cancel()
        await last.until("sent")
        third.cancel()
        third.cancel()
        assert (running.events, waiting.events, last.events) == (["sent"], [], ["sent"])
        assert pool.statistics().open == 0


@pytest.mark.parametrize("callback", ["on_sent", "on_pause_upload", "on_head", "on_body"])
async def test_a_call_may_be_cancelled_from_its_callbacks(wire, make_caller, callback):
    async with wire.origin(always(OK)) as port, wire.pool(port, buffer_bytes_max=1000) as pool:
        caller, cancelled, calls = make_caller(), asyncio.Event(), []

        def cancel(*_):
            calls[0].cancel()
            cancelled.set()

        setattr(caller, callback, cancel)
        calls.append(pool.send(GET, b"x" * 8_000_000, caller))
        await cancelled.wait()
        assert pool.statistics().open == 0
        assert "done" not in caller.events


async def test_a_handler_that_raises_fails_its_call_only(wire, make_caller, caplog):
    def broken(head):
        raise ZeroDivisionError

    async with wire.origin(always(OK, OK)) as port, wire.pool(port) as pool:
        caller = make_caller()
        caller.on_head = broken
        pool.send(GET, None, caller)
        await caller.until("done")
        assert caller.failure.reason is FailureReason.HANDLER_ERROR
        assert (await called(pool, make_caller)).body == b"ok"
    assert "response handler failed" in caplog.text


@pytest.mark.parametrize("method", ["on_head", "on_body"])
async def test_what_is_left_of_the_answer_to_a_handler_that_raised_is_not_waited_for(
    wire, make_caller, method
):
    def broken(_):
        raise ZeroDivisionError

    async with wire.origin(always(OK[:-1])) as port, wire.pool(port) as pool:
        caller = make_caller()
        setattr(caller, method, broken)
        pool.send(GET, None, caller)
        await caller.until("done")
        assert caller.failure.reason is FailureReason.HANDLER_ERROR
        assert pool.statistics().open == 0
