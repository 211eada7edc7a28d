"""A backend that answers with exactly the bytes it is told, and keeps every byte it received."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

Answer = Callable[[int, bytes], bytes]
"""(number of the connection, whole request) → bytes to send; b"" at their end closes the connection."""

CLOSE = b"<close>"
"""At the end of an answer: close the connection behind it."""

PAUSE = b"<pause>"
"""Within an answer: what follows is sent after `RawBackend.pause`, so that it arrives by itself."""

WAIT_S = 10

SMALL_SEGMENTS = "spool: {segment_bytes: 4MiB}\n"
"""For the configuration: a memory file system copies the whole segment at each sync."""


def good_answer(body: bytes = b"{}") -> bytes:
    """A plain answer."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


def always(answer: bytes) -> Answer:
    """The same answer to each request."""
    return lambda number, request: answer


def nothing() -> None:
    """Do nothing."""


class RawBackend:
    """Runs while the `with` block lasts. `received[i]` is what came on connection number i."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[bytearray] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closed: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.pause: Callable[[], None] = nothing

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def all_received(self) -> bytes:
        """What came on all connections."""
        return b"".join(map(bytes, self.received))

    def connection(self) -> socket.socket:
        """A connection on which a request has arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.received and self.received[-1], WAIT_S)
            return self.connections[-1]

    def wait_closed(self, connection: socket.socket) -> None:
        """Until the other side has closed a connection."""
        with self._changed:
            assert self._changed.wait_for(lambda: connection in self._closed, WAIT_S)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                self.received.append(bytearray())
                self._start(self._serve, connection, len(self.received) - 1)

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.callback(self._note, self._closed.add, connection)
            stack.enter_context(connection)
            unread = bytearray()
            while data := connection.recv(65536):
                self._note(self.received[number].extend, data)
                unread += data
                while request := _take_request(unread):
                    answer = self.answer(number, request)
                    first, *others = answer.removesuffix(CLOSE).split(PAUSE)
                    connection.sendall(first)
                    for piece in others:
                        self.pause()
                        connection.sendall(piece)
                    if answer.endswith(CLOSE):
                        return

    def _note(self, change: Callable[..., None], *arguments: object) -> None:
        with self._changed:
            change(*arguments)
            self._changed.notify_all()


def _take_request(unread: bytearray) -> bytes:
    """Cut one whole request (with a length, or without a body) off the front; nothing if it is not whole."""
    head, end, _ = unread.partition(b"\r\n\r\n")
    if not end:
        return b""
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    size = len(head) + len(end) + int(length or b"0")
    if len(unread) < size:
        return b""
    request = bytes(unread[:size])
    del unread[:size]
    return request
