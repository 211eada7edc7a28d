"""A client that sees every byte, and when it comes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx2

from .conftest import RunningGateway

CHAT = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
STRICT = {"api-key": "strict-key-1"}
LOOSE = {"api-key": "loose-key-1"}
BODY = {"messages": [{"role": "user", "content": "?"}], "stream": True}
WAIT_S = 10

HTTP = httpx2.Client(timeout=30, limits=httpx2.Limits(max_keepalive_connections=0))
"""Each call has a connection of its own. One client for all: it reads the system's certificates, which takes
longer than a call.
"""


def raw_post(
    gateway: RunningGateway, body: Any = BODY, headers: dict[str, str] = STRICT, path: str = CHAT
) -> socket.socket:
    """Sends a whole JSON call, gives the socket."""
    data = json.dumps(body).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    client = socket.create_connection(("127.0.0.1", gateway.port), timeout=5)
    client.sendall(
        f"POST {path} HTTP/1.1\r\nhost: x\r\n{lines}content-type: application/json\r\n"
        f"content-length: {len(data)}\r\n\r\n".encode()
        + data
    )
    return client


def receive_until(client: socket.socket, wanted: bytes) -> bytes:
    data = b""
    while wanted not in data:
        piece = client.recv(65536)
        assert piece, data
        data += piece
    return data


def converse(port: int, message: bytes) -> bytes:
    """Send a message on a connection of its own; all that comes back."""
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as client:
        client.sendall(message)
        return read_to_end(client)


def read_to_end(client: socket.socket) -> bytes:
    """All that comes until the gateway closes, in order: a reset is an error."""
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def receive_all(client: socket.socket) -> bytes:
    """All that comes from a connection that may be broken on purpose."""
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except ConnectionError:
        pass
    return data


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Until something that has no event of its own has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
