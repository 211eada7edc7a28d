"""How long to wait before trying again: doubling, bounded, without jitter (each forwarder is alone)."""

from __future__ import annotations


class Backoff:
    """Waits of `first_s`, twice that, … at most `last_s` seconds; `reset` after a success."""

    def __init__(self, first_s: float = 0.1, last_s: float = 5.0) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._next_s = first_s

    def next_s(self) -> float:
        """The next wait in seconds."""
        wait_s = self._next_s
        self._next_s = min(wait_s * 2, self._last_s)
        return wait_s

    def reset(self) -> None:
        """It worked: start small again."""
        self._next_s = self._first_s
