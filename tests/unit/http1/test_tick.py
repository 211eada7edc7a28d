"""One timer for all connections."""

from __future__ import annotations

from typing import Any

from gatelog.http1.settings import TICK_S
from gatelog.http1.tick import Tick


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
