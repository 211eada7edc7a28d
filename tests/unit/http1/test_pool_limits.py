"""Limits of calls to an origin: how many wait, how long, how large, how fast."""

from __future__ import annotations

import asyncio

import pytest

from gatelog.http1 import FailureReason

from .origin import GET, OK, always, called, silent


async def test_calls_beyond_the_limit_wait_in_order_for_a_connection(wire, make_caller):
    order = []

    async def script(reader, writer):
        while True:
            order.append((await reader.readuntil(b"\r\n\r\n"))[5:6])
            writer.write(OK)

    async with wire.origin(script) as port, wire.pool(port, connections_max=1) as pool:
        callers = [make_caller() for _ in range(5)]
        for number, caller in enumerate(callers):
            pool.send(GET.replace(b"/", b"/%d" % number, 1), None, caller)
        assert pool.statistics().waiting == 5
        for caller in callers:
            await caller.until("done")
        assert order == [b"0", b"1", b"2", b"3", b"4"]
        assert pool.statistics().opened == 1


async def test_waiting_is_bounded_in_number_and_time(wire, make_caller):
    limits = {"connections_max": 1, "waiting_max": 1, "connect_timeout_s": 5}
    async with wire.origin(silent) as port, wire.pool(port, **limits) as pool:
        running = make_caller()
        call = pool.send(GET, None, running)
        await running.until("sent")
        waiting, refused = make_caller(), make_caller()
        pool.send(GET, None, waiting)
        pool.send(GET, None, refused)
        assert refused.failure is None, "told only after send() has returned"
        assert pool.statistics().waiting == 1
        await refused.until("done")
        assert refused.failure.reason is FailureReason.POOL_EXHAUSTED
        pool.sweep(pool._tick.now + 6)
        assert waiting.failure.reason is FailureReason.POOL_EXHAUSTED
        assert not waiting.failure.request_sent
        call.cancel()


@pytest.mark.parametrize(
    ("answer", "head_received"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101, True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101, True),
    ],
    ids=["announced", "until the connection closes", "chunked"],
)
async def test_an_answer_that_is_too_large_ends_at_the_limit(wire, make_caller, answer, head_received):
    async with wire.origin(always(answer)) as port, wire.pool(port, body_bytes_max=100) as pool:
        caller = await called(pool, make_caller)
        assert caller.failure.reason is FailureReason.TOO_LARGE
        assert caller.failure.head_received is head_received
        assert pool.statistics().open == 0


@pytest.mark.parametrize(
    "head", [b"", b"Content-Length: 100\r\n"], ids=["until the connection closes", "length"]
)
async def test_an_answer_of_just_the_limit_is_whole(wire, make_caller, head):
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"x" * 100
    async with (
        wire.origin(always(answer, then_close=True)) as port,
        wire.pool(port, body_bytes_max=100) as pool,
    ):
        caller = await called(pool, make_caller)
        assert caller.events[-2:] == ["end", "done"]
        assert caller.body == b"x" * 100


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", FailureReason.FIRST_BYTE_TIMEOUT),
        (b"HTTP/1.1 100 Continue\r\n\r\n", FailureReason.FIRST_BYTE_TIMEOUT),
        (OK[:-1], FailureReason.IDLE_TIMEOUT),
    ],
)
async def test_an_answer_that_does_not_come_or_stalls_times_out(wire, make_caller, answer, reason):
    limits = {"first_byte_timeout_s": 600, "idle_timeout_s": 120}
    async with wire.origin(always(answer)) as port, wire.pool(port, **limits) as pool:
        caller = make_caller()
        pool.send(GET, None, caller)
        await caller.until("body" if OK.startswith(answer) and answer else "sent")
        now = pool._tick.now
        limit_s = 120 if reason is FailureReason.IDLE_TIMEOUT else 600
        pool.sweep(now + limit_s - 1)
        assert caller.failure is None
        pool.sweep(now + limit_s + 1)
        assert caller.failure.reason is reason


async def test_an_answer_is_waited_for_from_the_last_byte_of_the_upload(wire, make_caller):
    async with wire.origin(silent) as port, wire.pool(port, first_byte_timeout_s=600) as pool:
        caller = make_caller()
        call = pool.send(GET.replace(b"GET", b"PUT"), None, caller, end=False)
        await caller.until("sent")
        now = pool._tick.now
        pool.sweep(now + 500)
        call.write(b"x")
        pool.sweep(now + 1099)
        assert caller.failure is None
        pool.sweep(now + 1101)
        assert caller.failure.reason is FailureReason.FIRST_BYTE_TIMEOUT


@pytest.mark.parametrize("piece", [b"H", b"HTTP/1.1 102 Processing\r\n\r\n"], ids=["half a head", "interim"])
async def test_a_head_that_is_dripped_is_waited_for_no_longer_than_one_that_does_not_come(
    wire, make_caller, piece
):
    dripped = asyncio.Event()

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await dripped.wait()
        writer.write(piece)

    async with wire.origin(script) as port, wire.pool(port, first_byte_timeout_s=600) as pool:
        caller = make_caller()
        pool.send(GET, None, caller)
        await caller.until("sent")
        start = pool._tick.now
        pool.sweep(start + 599)
        (connection,) = pool._open
        dripped.set()
        while not connection._parser.begun:  # noqa: ASYNC110 - a parser has no event
            await asyncio.sleep(0)
        assert caller.failure is None
        pool.sweep(start + 601)
        assert caller.failure.reason is FailureReason.FIRST_BYTE_TIMEOUT


async def test_a_paused_answer_is_not_idle_but_has_a_total_time(wire, make_caller):
    async with wire.origin(always(OK[:-1])) as port, wire.pool(port, total_timeout_s=1800) as pool:
        caller = make_caller()
        call = pool.send(GET, None, caller)
        await caller.until("body")
        call.pause_reading()
        now = pool._tick.now
        pool.sweep(now + 1700)
        call.resume_reading()
        pool.sweep(now + 1701)
        assert caller.failure is None
        pool.sweep(now + 1801)
        assert caller.failure.reason is FailureReason.TOTAL_TIMEOUT
        assert caller.failure.head_received


async def test_after_an_answer_that_ended_while_it_was_paused_the_next_is_read(wire, make_caller):
    async with wire.origin(always(OK, OK)) as port, wire.pool(port) as pool:
        caller, calls = make_caller(), []
        note, caller.on_head = caller.on_head, lambda head: (calls[0].pause_reading(), note(head))
        calls.append(pool.send(GET, None, caller))
        await caller.until("done")
        assert (await called(pool, make_caller)).body == b"ok"
        assert pool.statistics().opened == 1


async def test_a_slow_handler_stops_the_origin(wire, make_caller):
    sent = []

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 16000000\r\n\r\n")
        for _ in range(160):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent.append(100_000)

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
