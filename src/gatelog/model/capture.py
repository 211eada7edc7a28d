"""The records that cross the spool: facts as the gateway saw them, uninterpreted.

    accept ─ Start ─ Part* ─ End          one call, keyed by its sequence
    Boot                                  first record of every boot
    Account                               every few seconds, and last at a clean stop

The gateway writes these and never reads them; the hub reads them and builds an Exchange
(`gatelog.provider.seal`). Bodies are raw: still content-encoded, never re-serialised.
Encoded as MessagePack arrays: fields are added at the end only, with a default.
"""

from __future__ import annotations

import enum
from typing import ClassVar

import msgspec

Headers = list[tuple[bytes, bytes]]


class RecordKind(enum.IntEnum):
    """The type byte of a spool record. 0x00 and 0xF0..0xFF belong to the spool itself."""

    BOOT = 1
    START = 2
    PART = 3
    END = 4
    ACCOUNT = 5


class EndReason(enum.StrEnum):
    """Why a call ended; exactly one per call."""

    COMPLETE = "complete"  # the client was sent the whole answer of the backend (whatever its status)
    REFUSED = "refused"  # the gateway answered instead of a backend (key, route, limit, capture)
    BACKEND_UNAVAILABLE = "backend_unavailable"  # no backend could be reached: 502/503/504 by the gateway
    CLIENT_ABORT = "client_abort"  # the client left before the end
    CLIENT_TIMEOUT = "client_timeout"  # the client stalled while sending its body
    SLOW_CLIENT = "slow_client"  # the client did not read its answer in time
    UPSTREAM_RESET = "upstream_reset"  # the backend closed or reset before its message ended
    UPSTREAM_STALL = "upstream_stall"  # the backend stalled between bytes
    UPSTREAM_TIMEOUT = "upstream_timeout"  # no first byte in time, or over the total time
    UPSTREAM_PROTOCOL = "upstream_protocol"  # the backend's answer is not strict HTTP/1.1, or too large
    SHUTDOWN = "shutdown"  # the gateway's grace time ran out
    GATEWAY_CRASH = "gateway_crash"  # written by the hub: a Start without an End, its boot over
    GATEWAY_ERROR = "gateway_error"  # our own defect


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One try at one backend. Times are ns after the call was received; 0 = did not happen."""

    backend: str
    outcome: str  # "answered" or the failure's word ("connect_refused", "dns", "reset", ...)
    status: int = 0
    sent_ns: int = 0
    first_byte_ns: int = 0
    detail: str = ""
    reused_connection: bool = False


class Boot(msgspec.Struct, array_like=True, frozen=True):
    """The first record of a gateway process."""

    kind: ClassVar[RecordKind] = RecordKind.BOOT
    instance: str
    boot: str
    started_at_ns: int
    version: str
    pid: int = 0


class Start(msgspec.Struct, array_like=True, frozen=True):
    """A call was accepted: who, what, and the request body (or its first part).

    `headers` and `target` are free of credentials. `more` says that PARTs of the request body follow.
    """

    kind: ClassVar[RecordKind] = RecordKind.START
    sequence: int
    request_id: str
    received_at_ns: int
    client_ip: str
    peer_ip: str
    method: str
    target: str
    headers: Headers
    http_version: str
    tls_version: str
    subscription: str
    product: str
    credential: str  # where the key was found ("api-key", "authorization", ...), "" if nowhere
    operation_id: str
    operation_kind: str
    family: str
    deployment: str
    api_version: str
    capture: str  # "required" or "best_effort"
    body: bytes
    more: bool = False


class Direction(enum.IntEnum):
    """Which body a PART belongs to."""

    REQUEST = 0
    RESPONSE = 1


class Part(msgspec.Struct, array_like=True, frozen=True):
    """A further piece of a body, in order."""

    kind: ClassVar[RecordKind] = RecordKind.PART
    sequence: int
    direction: Direction
    body: bytes


class End(msgspec.Struct, array_like=True, frozen=True):
    """A call is over. `body` is what follows the response PARTs. Times are ns after receipt; 0 = never.

    `usage_injected`: the gateway added stream_options.include_usage, and `body` holds the usage chunk
    that the client did not get. `sent_bytes` counts response body bytes handed to the client's socket.
    """

    kind: ClassVar[RecordKind] = RecordKind.END
    sequence: int
    reason: EndReason
    status: int  # sent to the client; 0 = none
    error: str  # the gateway's own error code, or detail of a failure
    backend: str
    backend_url: str
    backend_status: int
    response_headers: Headers
    body: bytes
    attempts: list[Attempt]
    request_complete_ns: int
    sent_ns: int
    first_byte_ns: int
    first_token_ns: int
    last_byte_ns: int
    done_ns: int
    received_bytes: int  # request body bytes from the client
    sent_bytes: int
    usage_injected: bool = False
    reply_body: bytes = b""  # what the gateway itself answered, where it answered
    region: str = ""  # of the backend, as configured


class Account(msgspec.Struct, array_like=True, frozen=True):
    """The running totals of a boot: accepted = recorded + unlogged + open, always.

    `accepted` is also the highest sequence given out: sequences start at 1 and have no gaps.
    `unlogged` maps a reason to the sequences newly unlogged since the last Account.
    `open` are the sequences whose End is still to come. `final` marks a clean stop.
    """

    kind: ClassVar[RecordKind] = RecordKind.ACCOUNT
    at_ns: int
    accepted: int
    recorded: int
    unlogged_total: int
    unlogged: dict[str, list[int]]
    open: list[int]
    final: bool = False


Record = Boot | Start | Part | End | Account
