"""What is to be sent waits for the end of the turn of the event loop.

   write* ──▶ pending ──▶ flush: once a turn, at FLUSH_BYTES, or before the connection closes

The pieces of one connection become one system call, and those of all connections follow each other closely:
a write wakes the process that waits for it, and one that is awake already need not be woken again. Nothing
waits longer than the loop takes for the events that it has in hand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

logger = logging.getLogger("gatelog.http1")


FLUSH_BYTES = 16 * 1024
"""Pending bytes of one connection that are sent at once: to wait gains nothing, and hides back-pressure."""


class Outbox:
    """The senders of one loop that have something to send."""

    __slots__ = ("_call_soon", "_senders")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        """`call_soon` calls back at the end of this turn of the loop."""
        self._call_soon = call_soon
        self._senders: list[Sender] = []

    def add(self, sender: Sender) -> None:
        """This one has something to send, and had nothing before."""
        if not self._senders:
            self._call_soon(self._flush)
        self._senders.append(sender)

    def _flush(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            try:
                sender.flush()
            except Exception:  # one connection's trouble must not keep the others from sending
                logger.exception("a connection could not send")


class Sender:
    """The sending half of one connection."""

    __slots__ = ("_outbox", "_pending", "_pending_bytes", "_transport")

    def __init__(self, transport: asyncio.WriteTransport, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def write(self, data: bytes) -> None:
        """Send at the end of this turn."""
        if not self._pending:
            self._outbox.add(self)
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send now; to be called before the connection is closed in any way."""
        pending = self._pending
        if not pending:
            return
        data = pending[0] if len(pending) == 1 else b"".join(pending)
        pending.clear()
        self._pending_bytes = 0
        if not self._transport.is_closing():
            self._transport.write(data)
