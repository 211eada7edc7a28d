"""How long a client may be silent, by the phase of its connection, and what follows.

HEAD        nothing yet: keep-alive or header time, closed     a part of it: header time, 408
BODY        body idle time, or too slow on average: 408; not while the handler has paused it
DRAINING    the same, dropped
LINGERING   linger time, closed
any         a client that takes nothing of what waits for it: write idle time, dropped

Of many connections most are idle. Until something comes, only time can change what is to be done with them,
so they are left alone until it has passed.
"""

from __future__ import annotations

from typing import Protocol

from gatelog.errors import ProtocolError
from gatelog.http1.failures import AbortReason
from gatelog.http1.phase import Phase
from gatelog.http1.server_state import ServerState

_FRESH_S = 1.0  # a connection just made may be about to send: a drain gives it this long


class TimedConnection(Protocol):
    """What the timeouts need of a connection. `since`: when the client was last heard."""

    server: ServerState
    phase: Phase
    since: float
    due: float
    served: bool
    reading: bool
    body_bytes: int
    body_since: float

    @property
    def head_begun(self) -> bool:
        """Whether a part of a head has come."""

    @property
    def sending(self) -> bool:
        """Whether bytes wait for the client to take them."""

    def takes_nothing(self, now: float, limit_s: float) -> bool:
        """Whether the client took no byte of what waits for it for that long."""

    def refuse(self, error: ProtocolError) -> None:
        """Answer a request that no handler will see, and close."""

    def end_request(self, reason: AbortReason, status: int = 0, message: str = "") -> None:
        """End the running request."""

    def close(self) -> None:
        """Close once what was written has left."""

    def drop(self) -> None:
        """Close at once."""

    def lose(self, reason: AbortReason) -> None:
        """Close at once; a running request hears why."""


def enforce_timeouts(connection: TimedConnection, now: float) -> None:
    """Compare a connection's times with its limits; `now` in seconds of the tick's clock."""
    settings = connection.server.settings
    idle_s = now - connection.since
    phase = connection.phase
    if phase is Phase.HEAD:
        _enforce_on_head(connection, idle_s)
    elif phase is Phase.BODY or phase is Phase.DRAINING:
        if connection.reading:
            _enforce_on_body(connection, now)
    elif phase is Phase.LINGERING and idle_s >= settings.linger_timeout_s:
        connection.close()
    if connection.takes_nothing(now, settings.write_idle_timeout_s):
        connection.lose(AbortReason.SLOW_READER)


def _enforce_on_body(connection: TimedConnection, now: float) -> None:
    settings = connection.server.settings
    idle_limit_s = settings.body_idle_timeout_s
    allowed_s = idle_limit_s + connection.body_bytes / settings.body_bytes_per_s_min
    if now - connection.since >= idle_limit_s:
        detail = f"no body for {idle_limit_s:g} s"
    elif now - connection.body_since >= allowed_s:
        detail = f"the body comes at less than {settings.body_bytes_per_s_min} bytes a second"
    else:
        return
    if connection.phase is Phase.BODY:
        connection.end_request(AbortReason.BODY_TIMEOUT, 408, detail)
    else:
        connection.drop()


def _enforce_on_head(connection: TimedConnection, idle_s: float) -> None:
    server = connection.server
    settings = server.settings
    if connection.head_begun:
        limit_s = settings.header_timeout_s
    elif server.draining:
        limit_s = _FRESH_S
    else:
        limit_s = settings.keepalive_timeout_s if connection.served else settings.header_timeout_s
    if idle_s < limit_s:
        if not connection.sending:
            connection.due = connection.since + limit_s
    elif connection.head_begun:
        detail = f"no complete head within {limit_s:g} s"
        connection.refuse(ProtocolError("header_timeout", detail, status=408))
    else:
        connection.close()
