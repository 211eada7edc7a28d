"""In which order the backends of a product are tried."""

from __future__ import annotations

from collections.abc import Sequence

# How long a backend that could not be reached goes to the end of the line: long enough that calls do not
# pay its connect timeout again and again, short enough that it comes back soon after it heals.
COOLDOWN_NS = 10_000_000_000


class BackendHealth:
    """What is remembered of a backend between calls: when it last could not be reached."""

    __slots__ = ("_unreachable_until_ns",)

    def __init__(self) -> None:
        self._unreachable_until_ns = 0

    def mark_unreachable(self, now_ns: int) -> None:
        """A connection could not be made. `now_ns` is monotonic."""
        self._unreachable_until_ns = now_ns + COOLDOWN_NS

    def mark_reached(self) -> None:
        """The backend answered, whatever it said."""
        self._unreachable_until_ns = 0

    def is_reachable(self, now_ns: int) -> bool:
        """Whether the backend may stand at its usual place in the line."""
        return now_ns >= self._unreachable_until_ns


def try_order(health: Sequence[BackendHealth], now_ns: int) -> list[int]:
    """Indices into `health` in the order to try: reachable ones as configured, then the others.

    Nobody is left out: when none seems reachable, trying is the only way to learn of a recovery.
    """
    indices = range(len(health))
    reachable = [index for index in indices if health[index].is_reachable(now_ns)]
    if len(reachable) == len(health):
        return reachable
    return reachable + [index for index in indices if index not in reachable]
