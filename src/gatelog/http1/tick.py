"""One coarse clock for many connections: a timer per sweep instead of one per request.

Connections note `tick.now` when something happens to them; the sweep compares.

Nobody is silent whom a process that was stopped has not heard: what came meanwhile waits to be read. So only
time in which the process ran is counted, and the other apart, as `missed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gatelog.http1.settings import TICK_S

_COUNTED_S_MAX = 1.0  # between two ticks; a busy loop is a little late, a stopped process much


class Tick:
    """Calls `visit(now)` every `TICK_S`; `now` is in seconds, one period old at most."""

    __slots__ = ("_looked_at", "_loop", "_timer", "_visit", "missed", "now")

    def __init__(self, visit: Callable[[float], None]) -> None:
        self.now = 0.0
        """The loop's time without what was missed."""
        self.missed = 0.0
        """Seconds in which this process did not run."""
        self._looked_at = 0.0
        self._visit = visit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to tick; starting twice is harmless."""
        if self._timer is None:
            self._loop = loop
            self.now = self._looked_at = loop.time()
            self._timer = loop.call_later(TICK_S, self._fire)

    def stop(self) -> None:
        """Stop ticking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(TICK_S, self._fire)
        now = self._loop.time()
        passed_s, self._looked_at = now - self._looked_at, now
        counted_s = min(passed_s, _COUNTED_S_MAX)
        self.now += counted_s
        self.missed += passed_s - counted_s
        self._visit(self.now)
