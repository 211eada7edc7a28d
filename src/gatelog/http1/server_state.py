"""What all connections of one server share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from gatelog.errors import ProtocolError
from gatelog.http1.handlers import RequestHandler
from gatelog.http1.head import Header
from gatelog.http1.outbox import Outbox
from gatelog.http1.reply import last_head
from gatelog.http1.settings import ServerSettings
from gatelog.http1.tick import Tick

logger = logging.getLogger("gatelog.http1")

ErrorBody = Callable[[int, str], tuple[list[Header], bytes]]
"""(status, message) → headers and body of an answer that the server gives without a handler."""


class Connection(Protocol):
    """What a server needs of its connections."""

    due: float
    """No sweep before this moment is of use."""

    def sweep(self, now: float) -> None:
        """Compare the connection's times with its limits."""

    def finish(self) -> None:
        """Close as soon as no request is running."""

    def shut_down(self) -> None:
        """Close now; a running request is aborted."""


@dataclass(frozen=True, slots=True)
class ServerStatistics:
    """Counts since the start of a server, and its open connections now."""

    connections_open: int
    connections_accepted: int
    connections_refused: int
    """Beyond `connections_max`."""
    requests: int
    refused: int
    """Requests answered with an error before a handler existed."""
    aborted: int
    """Requests whose handler was told `on_abort`."""


def plain_error_body(status: int, message: str) -> tuple[list[Header], bytes]:
    """An error as one line of text."""
    phrase = HTTPStatus(status).phrase
    return [(b"content-type", b"text/plain; charset=utf-8")], f"{status} {phrase}: {message}\n".encode()


class ServerState:
    """Settings, clock, counters and the set of open connections."""

    __slots__ = (
        "_error_body",
        "_handler_factory",
        "_on_refused",
        "aborted",
        "accepted",
        "connections",
        "draining",
        "loop",
        "on_empty",
        "outbox",
        "overflowed",
        "refused",
        "requests",
        "settings",
        "tick",
    )

    def __init__(
        self,
        handler_factory: Callable[[], RequestHandler],
        settings: ServerSettings,
        on_refused: Callable[[ProtocolError], None] | None,
        error_body: ErrorBody | None,
        tick: Tick,
    ) -> None:
        self._handler_factory = handler_factory
        self.settings = settings
        self._on_refused = on_refused
        self._error_body = error_body or plain_error_body
        self.tick = tick
        self.connections: set[Connection] = set()
        self.draining = False
        self.outbox = Outbox(self.call_soon)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.on_empty: Callable[[], None] | None = None
        self.accepted = self.overflowed = self.requests = self.refused = self.aborted = 0

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back at the end of this turn of the loop."""
        assert self.loop is not None, "the server was started"
        self.loop.call_soon(callback)

    def open(self, connection: Connection) -> bool:
        """Register a connection; False if there are too many."""
        if len(self.connections) >= self.settings.connections_max:
            self.overflowed += 1
            return False
        self.accepted += 1
        self.connections.add(connection)
        return True

    def make_handler(self) -> RequestHandler | None:
        """A handler for one request; None, logged, if the application could not make one."""
        try:
            return self._handler_factory()
        except Exception:  # whatever the application raises ends one request, not the server
            logger.exception("no request handler could be made")
            return None

    def refuse(self, error: ProtocolError) -> None:
        """Count a request that no handler will see, and tell the application."""
        self.refused += 1
        if self._on_refused is None:
            return
        try:
            self._on_refused(error)
        except Exception:  # as in make_handler
            logger.exception("on_refused failed")

    def error_answer(self, status: int, message: str, call_headers: Sequence[Header]) -> tuple[bytes, bytes]:
        """Head and body of an answer that no handler gives; `call_headers` replace those of the same name."""
        headers, body = self._error_answer(status, message)
        names = {name for name, _ in call_headers}
        headers = [header for header in headers if header[0] not in names]
        return last_head(status, [*headers, *call_headers], len(body)), body

    def _error_answer(self, status: int, message: str) -> tuple[list[Header], bytes]:
        try:
            return self._error_body(status, message)
        except Exception:  # as in make_handler
            logger.exception("error_body failed")
            return plain_error_body(status, message)

    def lost(self, connection: Connection) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if not self.connections and self.on_empty is not None:
            self.on_empty()

    def statistics(self) -> ServerStatistics:
        """The counts as they stand."""
        return ServerStatistics(
            len(self.connections), self.accepted, self.overflowed, self.requests, self.refused, self.aborted
        )
