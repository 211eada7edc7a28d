"""Calls to an origin: keep-alive, waiting, framing, and every way to fail."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from gatelog.http1 import FailureReason

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def always(*answers: bytes, then_close: bool = False):
    """An origin that gives these answers in turn, one per request head."""

    async def script(reader, writer):
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if then_close:
            writer.close()

    return script


async def silent(reader, writer):
    await reader.readuntil(b"\r\n\r\n")


async def called(pool, make_caller, head=GET, body=None, **options):
    """Send a call and wait until it is over."""
    caller = make_caller()
    pool.send(head, body, caller, **options)
    await caller.until("done")
    return caller


def test_an_answer_comes_back_and_the_connection_is_used_again(run, wire, make_caller):
    async def scenario():
        async with wire.origin(always(OK, OK, OK)) as port, wire.pool(port) as pool:
            for _ in range(3):
                caller = await called(pool, make_caller)
                assert caller.events == ["sent", "head", "body", "end", "done"]
                assert (caller.head.status, caller.head.reason, caller.body) == (200, b"OK", b"ok")
                assert caller.head.get(b"content-length") == b"2"
            statistics = pool.statistics()
            assert (statistics.opened, statistics.reused, statistics.idle) == (1, 2, 1)

    run(scenario())


def test_the_youngest_idle_connection_is_used_first(run, wire, make_caller):
    ports = []

    async def script(reader, writer):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(OK)

    async def scenario():
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

    run(scenario())


@pytest.mark.parametrize(
    ("answer", "body", "trailers"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok", []),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
            b"ok",
            [(b"X-T", b"1")],
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", []),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", []),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok", []),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", []),
    ],
    ids=["chunked", "trailers", "204", "304", "interim", "no reason"],
)
def test_every_framing_is_read_and_keeps_the_connection(run, wire, make_caller, answer, body, trailers):
    async def scenario():
        async with wire.origin(always(answer, OK)) as port, wire.pool(port) as pool:
            caller = await called(pool, make_caller)
            assert (caller.failure, caller.body, caller.trailers) == (None, body, trailers)
            assert (await called(pool, make_caller)).body == b"ok"
            assert pool.statistics().opened == 1

    run(scenario())


def test_an_answer_to_head_has_no_body_and_keeps_the_connection(run, wire, make_caller):
    async def scenario():
        head_answer = OK[:-2]
        async with wire.origin(always(head_answer, head_answer, OK)) as port, wire.pool(port) as pool:
            for _ in range(2):
                caller = await called(pool, make_caller, GET.replace(b"GET", b"HEAD"), head_request=True)
                assert (caller.head.content_length, caller.body) == (2, b"")
            assert (await called(pool, make_caller)).body == b"ok"
            assert pool.statistics().opened == 1

    run(scenario())


def test_a_close_delimited_answer_ends_with_the_connection(run, wire, make_caller):
    async def scenario():
        script = always(b"HTTP/1.1 200 OK\r\n\r\nall of it", then_close=True)
        async with wire.origin(script) as port, wire.pool(port) as pool:
            caller = await called(pool, make_caller)
            assert (caller.failure, caller.body) == (None, b"all of it")
            assert pool.statistics().open == 0

    run(scenario())


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
def test_a_connection_with_anything_unexpected_is_not_used_again(run, wire, make_caller, answer):
    async def scenario():
        async with wire.origin(always(answer, OK)) as port, wire.pool(port) as pool:
            assert (await called(pool, make_caller)).body == b"ok"
            assert pool.statistics().open == 0
            await called(pool, make_caller)
            assert pool.statistics().opened == 2

    run(scenario())


def test_unsolicited_bytes_on_an_idle_connection_close_it(run, wire, make_caller, until):
    unsolicited = asyncio.Event()

    async def script(reader, writer):
        await always(OK)(reader, writer)
        await unsolicited.wait()
        writer.write(OK)

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port) as pool:
            await called(pool, make_caller)
            unsolicited.set()
            await until(lambda: pool.statistics().open == 0)

    run(scenario())


def test_an_idle_connection_that_the_origin_closes_leaves_the_pool(run, wire, make_caller, until):
    async def scenario():
        async with wire.origin(always(OK, then_close=True)) as port, wire.pool(port) as pool:
            await called(pool, make_caller)
            await until(lambda: pool.statistics().open == 0)
            assert (await called(pool, make_caller)).body == b"ok"

    run(scenario())


def test_an_idle_connection_expires(run, wire, make_caller):
    async def scenario():
        async with wire.origin(always(OK)) as port, wire.pool(port, keepalive_timeout_s=55) as pool:
            await called(pool, make_caller)
            now = asyncio.get_running_loop().time()
            pool.sweep(now + 54)
            assert pool.statistics().idle == 1
            pool.sweep(now + 56)
            assert pool.statistics().open == 0

    run(scenario())


@pytest.mark.parametrize("late", [OK.replace(b"ok", b"no"), b""], ids=["another answer", "the end"])
def test_what_comes_on_an_idle_connection_just_before_its_next_call_is_not_taken_for_its_answer(
    run, wire, make_caller, late
):
    """The bytes are in the kernel, and the loop has not told of them yet."""

    async def scenario():
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

    run(scenario())


def test_a_stale_connection_fails_as_reused(run, wire, make_caller):
    async def script(reader, writer):
        await always(OK)(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port) as pool:
            await called(pool, make_caller)
            failure = (await called(pool, make_caller)).failure
            assert failure.reason is FailureReason.RESET
            assert (failure.reused_connection, failure.request_sent, failure.head_received) == (
                True,
                True,
                False,
            )

    run(scenario())


def test_calls_beyond_the_limit_wait_in_order_for_a_connection(run, wire, make_caller):
    order = []

    async def script(reader, writer):
        while True:
            order.append((await reader.readuntil(b"\r\n\r\n"))[5:6])
            writer.write(OK)

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port, connections_max=1) as pool:
            callers = [make_caller() for _ in range(5)]
            for number, caller in enumerate(callers):
                pool.send(GET.replace(b"/", b"/%d" % number, 1), None, caller)
            assert pool.statistics().waiting == 5
            for caller in callers:
                await caller.until("done")
            assert order == [b"0", b"1", b"2", b"3", b"4"]
            assert pool.statistics().opened == 1

    run(scenario())


def test_waiting_is_bounded_in_number_and_time(run, wire, make_caller):
    async def scenario():
        limits = {"connections_max": 1, "waiting_max": 1, "connect_timeout_s": 5}
        async with wire.origin(silent) as port, wire.pool(port, **limits) as pool:
            running = make_caller()
            call = pool.send(GET, None, running)
            await running.until("sent")
            waiting, refused = make_caller(), make_caller()
            pool.send(GET, None, waiting)
            pool.send(GET, None, refused)
            assert refused.failure is None, "told only after send() has returned"
            await refused.until("done")
            assert refused.failure.reason is FailureReason.POOL_EXHAUSTED
            pool.sweep(asyncio.get_running_loop().time() + 6)
            assert waiting.failure.reason is FailureReason.POOL_EXHAUSTED
            assert not waiting.failure.request_sent
            call.cancel()

    run(scenario())


def test_a_cancelled_call_hears_nothing_more_and_frees_its_place(run, wire, make_caller):
    async def scenario():
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

    run(scenario())


@pytest.mark.parametrize(
    ("answer", "head_received"),
    [(b"", False), (b"HTTP/1.1 200 OK\r\nCont", False), (OK[:-1], True)],
    ids=["nothing", "half a head", "half a body"],
)
def test_an_answer_cut_short_is_a_reset(run, wire, make_caller, answer, head_received):
    async def scenario():
        async with wire.origin(always(answer, then_close=True)) as port, wire.pool(port) as pool:
            failure = (await called(pool, make_caller)).failure
            assert failure.reason is FailureReason.RESET
            assert (failure.head_received, failure.reused_connection) == (head_received, False)

    run(scenario())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
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
def test_an_answer_that_is_not_strict_fails(run, wire, make_caller, answer):
    async def scenario():
        limits = {"header_bytes_max": 2000, "header_count_max": 10, "chunk_overhead_bytes_max": 2000}
        async with wire.origin(always(answer)) as port, wire.pool(port, **limits) as pool:
            caller = await called(pool, make_caller)
            assert caller.failure.reason is FailureReason.PROTOCOL
            assert pool.statistics().open == 0

    run(scenario())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", FailureReason.FIRST_BYTE_TIMEOUT),
        (b"HTTP/1.1 100 Continue\r\n\r\n", FailureReason.FIRST_BYTE_TIMEOUT),
        (OK[:-1], FailureReason.IDLE_TIMEOUT),
    ],
)
def test_an_answer_that_does_not_come_or_stalls_times_out(run, wire, make_caller, answer, reason):
    async def scenario():
        limits = {"first_byte_timeout_s": 600, "idle_timeout_s": 120}
        async with wire.origin(always(answer)) as port, wire.pool(port, **limits) as pool:
            caller = make_caller()
            pool.send(GET, None, caller)
            await caller.until("body" if OK.startswith(answer) and answer else "sent")
            now = asyncio.get_running_loop().time()
            limit_s = 120 if reason is FailureReason.IDLE_TIMEOUT else 600
            pool.sweep(now + limit_s - 1)
            assert caller.failure is None
            pool.sweep(now + limit_s + 1)
            assert caller.failure.reason is reason

    run(scenario())


def test_a_paused_answer_is_not_idle_but_has_a_total_time(run, wire, make_caller):
    async def scenario():
        async with wire.origin(always(OK[:-1])) as port, wire.pool(port, total_timeout_s=1800) as pool:
            caller = make_caller()
            call = pool.send(GET, None, caller)
            await caller.until("body")
            call.pause_reading()
            now = asyncio.get_running_loop().time()
            pool.sweep(now + 1700)
            assert caller.failure is None
            pool.sweep(now + 1801)
            assert caller.failure.reason is FailureReason.TOTAL_TIMEOUT
            assert caller.failure.head_received

    run(scenario())


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_no_connection_is_told_apart_by_reason(run, wire, make_caller):
    async def scenario():
        async with wire.pool(unused_port()) as pool:
            failure = (await called(pool, make_caller)).failure
            assert failure.reason is FailureReason.CONNECT_REFUSED
            assert not failure.request_sent
        async with wire.pool(80, host="no-such-host.invalid") as pool:
            assert (await called(pool, make_caller)).failure.reason is FailureReason.DNS

    run(scenario())


def test_a_handshake_that_never_ends_is_a_connect_timeout(run, wire, make_caller):
    async def mute(reader, writer):
        await reader.read()

    async def scenario():
        options = {"ssl": ssl.create_default_context(), "server_hostname": "localhost"}
        async with wire.origin(mute) as port, wire.pool(port, connect_timeout_s=0.02, **options) as pool:
            assert (await called(pool, make_caller)).failure.reason is FailureReason.CONNECT_TIMEOUT

    run(scenario())


def test_an_origin_without_tls_is_a_tls_failure(run, wire, make_caller):
    async def plain(reader, writer):
        writer.write(OK)
        await reader.read()

    async def scenario():
        options = {"ssl": ssl.create_default_context(), "server_hostname": "localhost"}
        async with wire.origin(plain) as port, wire.pool(port, **options) as pool:
            assert (await called(pool, make_caller)).failure.reason is FailureReason.TLS

    run(scenario())


def test_a_closed_pool_fails_running_waiting_and_new_calls(run, wire, make_caller):
    async def scenario():
        async with wire.origin(silent) as port, wire.pool(port, connections_max=1) as pool:
            running, waiting = make_caller(), make_caller()
            pool.send(GET, None, running)
            await running.until("sent")
            pool.send(GET, None, waiting)
            pool.close()
            assert running.failure.reason is FailureReason.RESET
            assert waiting.failure.reason is FailureReason.POOL_EXHAUSTED
            assert (await called(pool, make_caller)).failure.reason is FailureReason.POOL_EXHAUSTED

    run(scenario())


def test_a_streamed_upload_is_framed_and_can_be_answered_early(run, wire, make_caller):
    received = []

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[:-1])
        received.append(await reader.readuntil(b"0\r\nX-Sum: 6\r\n\r\n"))
        writer.write(OK[-1:])

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port) as pool:
            caller = make_caller()
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            call = pool.send(head, b"abc", caller, end=False, chunked=True)
            call.write(b"def")
            await caller.until("head")
            assert "end" not in caller.events
            call.end([(b"X-Sum", b"6")])
            await caller.until("done")
            assert received == [b"3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Sum: 6\r\n\r\n"]
            assert pool.statistics().idle == 1

    run(scenario())


def test_an_answer_complete_before_the_upload_closes_the_connection(run, wire, make_caller):
    async def scenario():
        async with wire.origin(always(OK)) as port, wire.pool(port) as pool:
            caller = make_caller()
            call = pool.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"abc", caller, end=False
            )
            await caller.until("done")
            assert (caller.body, pool.statistics().open) == (b"ok", 0)
            call.write(b"late")
            call.end()

    run(scenario())


def test_an_upload_that_the_origin_does_not_read_is_paused(run, wire, make_caller):
    go = asyncio.Event()

    async def script(reader, writer):
        await go.wait()
        while await reader.read(2**20):
            pass

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port, buffer_bytes_max=65_536) as pool:
            caller = make_caller()
            call = pool.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", None, caller, end=False
            )
            while "pause" not in caller.events:
                call.write(b"x" * 30_000)
            assert caller.events == ["pause"], "held before there is a connection"
            await caller.until("resume")
            written = 0
            while caller.events.count("pause") < 2:
                call.write(b"x" * 65_536)
                written += 65_536
                assert written < 2**26
                await asyncio.sleep(0)
            go.set()
            await caller.until("resume", times=2)
            call.cancel()

    run(scenario())


@pytest.mark.parametrize("callback", ["on_sent", "on_pause_upload", "on_head", "on_body"])
def test_a_call_may_be_cancelled_from_its_callbacks(run, wire, make_caller, callback):
    async def scenario():
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

    run(scenario())


def test_a_slow_handler_stops_the_origin(run, wire, make_caller):
    sent = []

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 16000000\r\n\r\n")
        for _ in range(160):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent.append(100_000)

    async def scenario():
        async with wire.origin(script) as port, wire.pool(port) as pool:
            caller = make_caller()
            call = pool.send(GET, None, caller)
            await caller.until("head")
            call.pause_reading()
            for _ in range(200):
                await asyncio.sleep(0)
            assert sum(sent) < 16_000_000
            assert len(caller.body) <= 2 * 262_144
            call.resume_reading()
            await caller.until("done")
            assert len(caller.body) == 16_000_000

    run(scenario())


def test_a_handler_that_raises_fails_its_call_only(run, wire, make_caller, caplog):
    def broken(head):
        raise ZeroDivisionError

    async def scenario():
        async with wire.origin(always(OK, OK)) as port, wire.pool(port) as pool:
            caller = make_caller()
            caller.on_head = broken
            pool.send(GET, None, caller)
            await caller.until("done")
            assert caller.failure.reason is FailureReason.HANDLER_ERROR
            assert (await called(pool, make_caller)).body == b"ok"

    run(scenario())
    assert "response handler failed" in caplog.text
