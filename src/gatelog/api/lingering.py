"""Closing a connection without taking away what was answered.

A socket that is closed with unread bytes is reset, and the reset may reach a client before it has read its
answer. So what the client still sends is read, and dropped:

    answer written ─► our side closed (plain TCP) ─► its side too, CLOSING_S or CLOSING_BYTES_MAX ─► closed

https://www.rfc-editor.org/rfc/rfc9112#section-9.6
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

CLOSING_S = 2.0
"""How long the rest of a request is read."""

CLOSING_BYTES_MAX = 32 * 2**20
"""Bytes of the rest that are read: twice the largest body that the hub takes."""


class LingeringTransport(asyncio.Transport):
    """A transport whose `close` waits for the end of a request that `is_sent` says is still under way."""

    def __init__(self, transport: asyncio.Transport, is_sent: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_sent = is_sent
        self._end: asyncio.TimerHandle | None = None
        self._bytes_left = CLOSING_BYTES_MAX

    @property
    def lingers(self) -> bool:
        """Whether it is closed, and reads what the client still sends."""
        return self._end is not None and not self._transport.is_closing()

    def drop(self, data: bytes) -> None:
        """What was read while it lingers."""
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self.finish()

    def finish(self) -> None:
        """Nothing more is waited for."""
        if self._end is not None:
            self._end.cancel()
        self._transport.close()

    def close(self) -> None:
        """Nothing more is written."""
        if self.is_closing():
            return
        if not self._is_sent():
            self._transport.close()
            return
        self._end = asyncio.get_running_loop().call_later(CLOSING_S, self._transport.close)
        self._transport.resume_reading()
        if self._transport.can_write_eof():
            try:
                self._transport.write_eof()
            except OSError:  # the client reset the connection while nothing was read
                self.finish()

    def is_closing(self) -> bool:
        """Whether `close` was called, or the connection is lost."""
        return self._end is not None or self._transport.is_closing()

    def abort(self) -> None:
        """At once, whatever is not written yet."""
        self._transport.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nothing is written to a client that was told that this was all."""
        if not self.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> None:
        """The client has to wait."""
        if not self.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """It may go on."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of the connection."""
        return self._transport.get_extra_info(name, default)
