"""One timer for all connections."""

from __future__ import annotations

import asyncio
from typing import Any

from gatelog.http1.settings import TICK_S
from gatelog.http1.tick import Tick

from .origin import GET, OK, called


class Handle:
    def __init__(self, at: float, callback: Any) -> None:
        self.at, self.callback, self.cancelled = at, callback, False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """The part of an event loop that a tick uses, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Any) -> Handle:
        self.timers.append(Handle(self.now + delay, callback))
        return self.timers[-1]

    def advance(self) -> None:
        handle = self.timers.pop()
        self.now = handle.at
        handle.callback()


def test_a_tick_visits_every_period_with_the_time_of_the_loop():
    visits: list[float] = []
    clock, tick = Clock(), Tick(visits.append)
    tick.start(clock)
    tick.start(clock)
    assert (tick.now, len(clock.timers)) == (100.0, 1)
    clock.advance()
    clock.advance()
    assert visits == [100.0 + TICK_S, 100.0 + 2 * TICK_S]
    assert tick.now == visits[-1]


def test_a_stopped_tick_visits_no_more_and_can_start_again():
    clock, tick = Clock(), Tick(lambda now: None)
    tick.start(clock)
    tick.stop()
    tick.stop()
    assert clock.timers[0].cancelled
    tick.start(clock)
    assert len(clock.timers) == 2


def test_time_in_which_the_process_did_not_run_is_counted_apart():
    visits: list[float] = []
    clock, tick = Clock(), Tick(visits.append)
    tick.start(clock)
    clock.timers[-1].at += 60
    clock.advance()
    clock.advance()
    assert visits[0] <= 100 + 2 * TICK_S
    assert visits[1] == visits[0] + TICK_S
    assert (visits[1] - 100) + tick.missed == 60 + 2 * TICK_S


class StoppedLoop(asyncio.SelectorEventLoop):
    """A loop whose process can be stopped: its clock goes on, it does not."""

    stopped_s = 0.0

    def time(self) -> float:
        return super().time() + self.stopped_s


def test_a_process_that_was_stopped_takes_nobody_for_silent(wire, make_app, make_caller):
    """SIGSTOP for a minute: neither who was sending, nor who was about to answer, is sent away."""

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[:-1])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK[-1:])

    async def scenario():
        loop = asyncio.get_running_loop()
        app = make_app()
        async with (
            wire.server(app, body_idle_timeout_s=30) as server,
            wire.origin(script) as port,
            wire.pool(port, idle_timeout_s=30) as pool,
        ):
            client = await wire.client(server)
            client.send(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
            await (await app.exchange()).until("body")
            caller = make_caller()
            call = pool.send(GET, None, caller, end=False)
            await caller.until("body")
            loop.stopped_s = 60
            for tick in (server._tick, pool._tick):
                while tick.missed < 50:  # noqa: ASYNC110 - a tick has no event
                    await asyncio.sleep(0)
            client.send(b"2")
            call.write(GET)
            call.end()
            assert (await client.answer()).endswith(b"12")
            await caller.until("done")
            assert (caller.failure, caller.body) == (None, b"ok")

    with asyncio.Runner(loop_factory=StoppedLoop) as runner:
        runner.run(asyncio.wait_for(scenario(), 120))


def test_an_idle_connection_grows_old_while_the_process_is_stopped(wire, make_caller):
    """Its origin, and what is between, counted on: it may be dead without a word."""

    async def script(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()

    async def scenario():
        loop = asyncio.get_running_loop()
        async with wire.origin(script) as port, wire.pool(port, keepalive_timeout_s=55) as pool:
            await called(pool, make_caller)
            assert pool.statistics().idle == 1
            loop.stopped_s = 60
            while pool._tick.missed < 50:  # noqa: ASYNC110 - a tick has no event
                await asyncio.sleep(0)
            assert pool.statistics().open == 0

    with asyncio.Runner(loop_factory=StoppedLoop) as runner:
        runner.run(asyncio.wait_for(scenario(), 120))
