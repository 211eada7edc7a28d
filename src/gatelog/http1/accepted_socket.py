"""The socket of one client: whether it is read, whether the client takes what is sent, and how it closes.

open ─┬─ linger ─▶ LINGERING ─▶ close     what comes is discarded for a moment: to close on unread bytes
      │                                   is a reset, which may destroy an answer on its way
      ├─ close ──▶ CLOSED                 what was written still leaves
      └─ drop ───▶ CLOSED                 at once
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from gatelog.errors import ProtocolError
from gatelog.http1.head import Header
from gatelog.http1.outbox import Sender
from gatelog.http1.phase import Phase
from gatelog.http1.request_parser import Peer
from gatelog.http1.server_state import ServerState


class AcceptedSocket(asyncio.Protocol):
    """What a connection does whatever is asked on it. Times are in seconds of the tick's clock."""

    __slots__ = (
        "_unsent",
        "_unsent_since",
        "due",
        "peer",
        "phase",
        "reading",
        "sender",
        "server",
        "since",
        "transport",
        "writing_paused",
    )

    transport: asyncio.Transport
    sender: Sender
    peer: Peer

    def __init__(self, server: ServerState) -> None:
        self.server = server
        self.phase = Phase.HEAD
        self.since = self._unsent_since = server.tick.now
        """When the client was last heard, as far as the phase counts it."""
        self.due = 0.0
        """When a limit may strike, at the earliest: before that no sweep looks here."""
        self.reading = True
        self.writing_paused = False
        self._unsent = 0

    def use(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=self.server.settings.buffer_bytes_max)
        self.sender = Sender(self.transport, self.server.outbox)
        self.peer = _peer_of(self.transport)

    def set_reading(self, wanted: bool) -> None:
        """Read the socket, or leave what comes to the kernel."""
        if wanted is not self.reading and not self.transport.is_closing():
            self.reading = wanted
            if wanted:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    @property
    def sending(self) -> bool:
        """Whether bytes wait for the client to take them."""
        return self.transport.get_write_buffer_size() > 0

    def takes_nothing(self, now: float, limit_s: float) -> bool:
        """Whether the client took no byte of what waits for it for that long; any change is progress."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent = unsent
            self._unsent_since = now
            return False
        return now - self._unsent_since >= limit_s

    def refuse(self, error: ProtocolError) -> None:
        """Answer a request that no handler will see, and close."""
        self.server.refuse(error)
        self.answer(error.status, str(error))

    def answer(self, status: int, message: str, call_headers: Sequence[Header] = ()) -> bytes:
        """Answer in a handler's place, and close; the body that was sent."""
        head, body = self.server.error_answer(status, message, call_headers)
        self.sender.write(head)
        self.sender.write(body)
        self.linger()
        return body

    def linger(self) -> None:
        """Send FIN, discard input for a moment, then close."""
        self.phase = Phase.LINGERING
        self.since = self.server.tick.now
        self.set_reading(True)
        self.sender.flush()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def close(self) -> None:
        """Close once what was written has left."""
        self.phase = Phase.CLOSED
        self.sender.flush()
        self.transport.close()

    def drop(self) -> None:
        """Close at once."""
        self.phase = Phase.CLOSED
        self.sender.flush()
        self.transport.abort()


def _peer_of(transport: asyncio.Transport) -> Peer:
    address = transport.get_extra_info("peername")
    tls = transport.get_extra_info("ssl_object")
    tls_version = (tls.version() or "").removeprefix("TLSv") if tls is not None else ""
    if not isinstance(address, tuple):  # a Unix socket has no address
        return "", tls_version
    return address[0], tls_version
