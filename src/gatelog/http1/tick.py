"""One coarse clock for many connections: a timer per sweep instead of one per request.

Connections note `tick.now` when something happens to them; the sweep compares.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gatelog.http1.settings import TICK_S


class Tick:
    """Calls `visit(now)` every `TICK_S`; `now` is the loop's time in seconds, one period old at most."""

    __slots__ = ("_loop", "_timer", "_visit", "now")

    def __init__(self, visit: Callable[[float], None]) -> None:
        self.now = 0.0
        self._visit = visit
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to tick; starting twice is harmless."""
        if self._timer is None:
            self._loop = loop
            self.now = loop.time()
            self._timer = loop.call_later(TICK_S, self._fire)

    def stop(self) -> None:
        """Stop ticking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        assert self._loop is not None
        self._timer = self._loop.call_later(TICK_S, self._fire)
        self.now = self._loop.time()
        self._visit(self.now)
