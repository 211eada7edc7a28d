"""Closing a connection whose client may still be sending."""

from __future__ import annotations

import asyncio
import socket
import struct

from gatelog.api.lingering import LingeringTransport

PATIENCE_S = 10
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with which a socket's `close` resets its connection."""


class Connected(asyncio.Protocol):
    """The server's side of one connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport.set_result(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


def test_a_connection_that_was_reset_unread_is_closed_as_well() -> None:
    """A client that had to wait, so that nothing was read, and left meanwhile."""

    async def scenario() -> None:
        connected = Connected()
        server = await asyncio.get_running_loop().create_server(lambda: connected, "127.0.0.1", 0)
        async with server, asyncio.timeout(PATIENCE_S):
            client = socket.create_connection(server.sockets[0].getsockname())
            transport = await connected.transport
            transport.pause_reading()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()
            lingering = LingeringTransport(transport, lambda: True)
            lingering.close()
            await connected.lost.wait()
            assert not lingering.lingers

    asyncio.run(scenario())
