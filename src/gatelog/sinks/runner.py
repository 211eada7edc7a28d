"""A thread that repeats a forwarder's steps."""

from __future__ import annotations

import logging
import threading

from gatelog.sinks.backoff import Backoff
from gatelog.sinks.forwarder import Forwarder

log = logging.getLogger("gatelog.sinks")


DRAIN_SHARE = 0.8
"""Part of the time for a stop that is given to reading on; the rest is for the last batch."""


class ForwarderThread:
    """Runs one Forwarder until a stop, or until its spool is retired.

    A defect of ours restarts it from the ack, later and later.
    """

    def __init__(self, forwarder: Forwarder) -> None:
        self.forwarder = forwarder
        self._wake = threading.Event()
        self._stopping = False
        self._drain_until_ns = 0
        self._thread = threading.Thread(
            target=self._run, name=f"forwarder-{forwarder.directory.name}", daemon=True
        )

    def start(self) -> None:
        """Begin forwarding."""
        self._thread.start()

    def begin_stop(self, timeout_s: float) -> None:
        """Ask it to catch up and end within `timeout_s`."""
        self._drain_until_ns = self.forwarder.clock.monotonic_ns() + int(timeout_s * DRAIN_SHARE * 1e9)
        self._stopping = True
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False if it has not come after `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        defects = Backoff()
        while not (self._stopping or self.forwarder.retired):
            try:
                wait_s = self.forwarder.step()
                defects.reset()
            except Exception:
                log.exception(
                    "forwarding %s failed; starting again from the ack", self.forwarder.directory.name
                )
                self.forwarder.close()
                wait_s = defects.next_s()
            self._wake.wait(wait_s)
            self._wake.clear()
        if not self.forwarder.retired:
            self.forwarder.drain(self._drain_until_ns)
