"""Every limit of the room, named with its unit and the reason for its default.

All values are positive. Times are checked by a shared tick, so they are kept to within `TICK_S`.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB

TICK_S = 0.5
"""Period of the shared sweep over connections: finer is not worth a timer per request."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Limits on the side that faces clients."""

    header_bytes_max: int = 64 * KIB
    """Request line and headers of one request; tokens of Entra ID with many groups reach 20 KiB."""
    header_count_max: int = 100
    """Headers of one request; SDKs send about 20."""
    target_bytes_max: int = 16 * KIB
    """Request target: path and query."""
    body_bytes_max: int = 512 * MIB
    """Body of one request: the largest file that Azure OpenAI accepts."""
    chunk_overhead_bytes_max: int = 16 * KIB
    """Chunk sizes, extensions and trailers of one body, beyond what honest chunks of its content cost."""
    header_timeout_s: float = 10.0
    """First byte of a connection, or of a request, to the end of its headers (slowloris)."""
    body_idle_timeout_s: float = 30.0
    """Between two reads of a request body, while the handler wants to read."""
    body_bytes_per_s_min: int = 500
    """Slowest average of a request body, counted after its first `body_idle_timeout_s`; a modem is faster."""
    keepalive_timeout_s: float = 75.0
    """Idle between two requests; longer than most clients keep a connection, so that they close first."""
    write_idle_timeout_s: float = 60.0
    """Without one byte accepted by a client that has bytes waiting (slow reader)."""
    linger_timeout_s: float = 2.0
    """Reading on after a last answer, so that a client that still sends does not lose it to a reset."""
    buffer_bytes_max: int = 256 * KIB
    """Mark above which a handler is paused, and above which pipelined bytes are not read."""
    drain_bytes_max: int = 64 * KIB
    """Rest of a request body that is read, unused, to keep the connection when the reply came early."""
    connections_max: int = 10_000
    """Open connections of one server; below the usual limit of file descriptors, upstream included."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Limits on the side that faces one origin."""

    connections_max: int = 512
    """Open connections to the origin."""
    waiting_max: int = 1024
    """Calls that wait for a connection; more fail at once with POOL_EXHAUSTED."""
    connect_timeout_s: float = 5.0
    """To an open connection, TLS included, and the longest wait for one of the pool."""
    first_byte_timeout_s: float = 600.0
    """Last byte sent to the whole head of the answer; reasoning models think for minutes."""
    idle_timeout_s: float = 120.0
    """Between two reads of an answer, while the handler wants to read."""
    total_timeout_s: float = 1800.0
    """Whole call, waiting included."""
    keepalive_timeout_s: float = 55.0
    """Idle in the pool; shorter than the servers' usual 60 s, so that we close first."""
    header_bytes_max: int = 64 * KIB
    """Status line and headers of one answer."""
    header_count_max: int = 100
    """Headers of one answer; Azure OpenAI sends about 25."""
    body_bytes_max: int = 1024 * MIB
    """Body of one answer: twice the largest file that Azure OpenAI keeps. One that never ends, ends here."""
    chunk_overhead_bytes_max: int = 16 * KIB
    """Chunk sizes, extensions and trailers of one body, beyond what honest chunks of its content cost."""
    buffer_bytes_max: int = 256 * KIB
    """Mark above which a streamed upload is paused."""
