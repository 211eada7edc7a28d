"""Time as a dependency: production reads the system's clocks, tests hand in their own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings: wall time for records, monotonic time for durations. Both in nanoseconds."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; may step."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start; never steps back."""


class SystemClock:
    """The machine's clocks."""

    now_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)
