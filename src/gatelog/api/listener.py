"""HTTP for the hub: uvicorn's protocol, with an end to what a client may take its time over.

connected, or first byte ── header_s, header_bytes_max ──► head ── body_s ──► body ──► answer
      ▲                                                                                   │
      └──────────────────────── keepalive_s (uvicorn's own) ──────────────────────────────┘
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatelog.config import HubLimitsConfig

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_FRAMING_A_BYTE = 8
"""Bytes on the wire for a byte of a body in the smallest of chunks, and two to spare."""


class HubProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, limits: HubLimitsConfig, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._framing_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """The client may take so long for its first head."""
        super().connection_made(transport)
        self._within(self._limits.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of heads, trailers and chunk sizes count; the endpoint limits the body."""
        self._framing_bytes += len(data)
        super().data_received(data)
        if self._framing_bytes > self._limits.header_bytes_max:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._within(self._limits.header_s)

    def on_headers_complete(self) -> None:
        """The end of its head."""
        self._framing_bytes = 0
        self._within(self._limits.body_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._framing_bytes = max(0, self._framing_bytes - _FRAMING_A_BYTE * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of its body."""
        self._done()
        super().on_message_complete()

    def _within(self, seconds: float) -> None:
        self._done()
        self._deadline = self.loop.call_later(seconds, self._refuse, _TOO_SLOW)

    def _done(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, answer: bytes) -> None:
        """End the connection; with an answer if none has begun."""
        self._done()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()
