"""Why an exchange did not end well: `AbortReason` on the client's side, `Failure` on the origin's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AbortReason(StrEnum):
    """Why a request will not be answered to its end."""

    CLIENT_GONE = "client_gone"
    BODY_TIMEOUT = "body_timeout"
    SLOW_READER = "slow_reader"
    TOO_LARGE = "too_large"
    MALFORMED_BODY = "malformed_body"
    SHUTDOWN = "shutdown"
    HANDLER_ERROR = "handler_error"
    """The handler raised: our fault, logged."""


class FailureReason(StrEnum):
    """Why a call has no complete answer."""

    DNS = "dns"
    CONNECT_REFUSED = "connect_refused"
    """No connection: refused, unreachable, or closed while it was made."""
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    POOL_EXHAUSTED = "pool_exhausted"
    """No connection of the pool came free in time, too many calls wait, or the pool is closed."""
    RESET = "reset"
    """Closed or reset before the answer ended."""
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    PROTOCOL = "protocol"
    """The answer is not strict HTTP/1.1."""
    TOO_LARGE = "too_large"
    """The body of the answer is over the limit."""
    HANDLER_ERROR = "handler_error"
    """The response handler raised: our fault, logged."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call, with what a retry decision needs to know."""

    reason: FailureReason
    detail: str
    head_received: bool
    reused_connection: bool
    request_sent: bool
    """Any byte of the request was handed to the connection."""
    answer_begun: bool
    """Any byte of an answer came, if only of an interim one."""
