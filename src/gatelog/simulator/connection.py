"""One client's connection: bytes to requests, one answer after the other.

data_received ─► llhttp ─► queue of requests ─► simulator.serve ─┬─► write at once
     ▲                                                           └─► Delivery in a task
     └── paused while more than QUEUED_MAX wait
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from typing import Protocol, cast

import httptools

from gatelog.simulator.delivery import Delivery
from gatelog.simulator.received import BODY_BYTES_MAX, Headers, Received

QUEUED_MAX = 16  # pipelined requests; more are left in the socket
_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RST = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close discards what is unsent and sends RST


class Host(Protocol):
    """What a connection needs of its simulator."""

    def serve(self, received: Received, connection: Connection) -> Delivery | None:
        """Answer at once (None), or by the delivery that is returned."""

    def delivered(self, delivery: Delivery) -> None:
        """A delivery is over, finished or broken off."""

    def opened(self, connection: Connection) -> None:
        """A client connected."""

    def closed(self, connection: Connection) -> None:
        """A client is gone."""


class Connection(asyncio.Protocol):
    """The server side of one HTTP/1.1 connection."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[tuple[Received, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._url = b""
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._body_bytes = 0

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its base class
        self._host.opened(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client left, or the connection was closed: what is under way is broken off."""
        self._queue.clear()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()
        self._host.closed(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._transport.pause_reading()  # the refusal is on its way; what follows is not HTTP
        except httptools.HttpParserError:
            self.write(_BAD_REQUEST)
            self.close()
        self._serve_queue()  # outside the parser, which would turn our own exceptions into its own
        if len(self._queue) > QUEUED_MAX:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The client reads slower than answers are made."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    # llhttp's side

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url, self._headers, self._body, self._body_bytes = b"", [], [], 0

    def on_url(self, url: bytes) -> None:
        """The request target, or a part of it."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a client that expects 100 Continue is told to go on."""
        self._headers.append((name, value))
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self.write(_CONTINUE)

    def on_body(self, data: bytes) -> None:
        """Part of a body."""
        self._body_bytes += len(data)
        if self._body_bytes > BODY_BYTES_MAX:
            self.write(_TOO_LARGE)
            self.close()
            return
        self._body.append(data)

    def on_message_complete(self) -> None:
        """A request is whole: it waits for those before it."""
        method = self._parser.get_method().decode()
        target = self._url.decode("latin-1")
        received = Received(method, target, self._headers, b"".join(self._body))
        self._queue.append((received, self._parser.should_keep_alive()))

    # answering

    def _serve_queue(self) -> None:
        while self._queue and self._task is None and not self._transport.is_closing():
            received, keep_alive = self._queue.popleft()
            delivery = self._host.serve(received, self)
            if delivery is not None:
                self._task = asyncio.get_running_loop().create_task(self._deliver(delivery, keep_alive))
            elif not keep_alive:
                self.close()

    async def _deliver(self, delivery: Delivery, keep_alive: bool) -> None:
        try:
            await delivery.run()
        except ConnectionResetError:
            pass  # the ledger says so: the delivery is not finished
        finally:
            self._task = None
            self._host.delivered(delivery)
        if self._transport.is_closing():
            return
        if not (keep_alive and delivery.keeps_alive):
            self.close()
            return
        self._transport.resume_reading()
        self._serve_queue()

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket; nothing after it is closed."""
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the socket takes more; raises ConnectionResetError if the client is gone."""
        await self._writable.wait()
        if self._transport.is_closing():
            raise ConnectionResetError

    @property
    def writable(self) -> bool:
        """Whether the socket takes more now."""
        return self._writable.is_set()

    @property
    def open(self) -> bool:
        """Whether the client is still there, as far as is known."""
        return not self._transport.is_closing()

    def close(self) -> None:
        """Close in order: what was written is still sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once: what the socket did not take yet is lost."""
        self._transport.abort()

    def reset(self) -> None:
        """Break off with RST: what was written may be lost."""
        found = self._transport.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self._transport.abort()
