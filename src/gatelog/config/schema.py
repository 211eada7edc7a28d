"""Every setting: name, type, default, bounds, meaning. The reader and the reference follow this page.

Config ─┬ gateway ─┬ limits        what one call, and all of them, may take
        │          ├ timeouts      how long anything may last
        │          └ tls
        ├ hub ─────┬ tls
        │          ├ query         what one question may take
        │          ├ limits        what the hub accepts of a client
        │          └ tokens.<name> who may ask
        ├ backends.<name>          where calls go
        ├ products.<name>          which backends, and how strictly calls are recorded
        ├ subscriptions.<name>     who may call: keys → product
        ├ store                    where the record is kept, and for how long
        └ spool                    the journal between gateway and hub
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, NewType

import msgspec

from gatelog.config.address import Address
from gatelog.config.hub_token import TokenDigest
from gatelog.config.secret import Dsn, KeyDigest, Secret
from gatelog.config.units import Unit

KIB = 2**10
MIB = 2**20
GIB = 2**30

Network = IPv4Network | IPv6Network
HttpUrl = NewType("HttpUrl", str)
"""http(s), without credentials, query or fragment, without a trailing slash."""
File = NewType("File", Path)
"""A file that is there when the configuration is read."""
TokenText = NewType("TokenText", TokenDigest)
"""A hub token, written down as it is."""
TokenHash = NewType("TokenHash", TokenDigest)
"""A hub token of which only the hash is written down."""

Seconds = Annotated[float, Unit.SECONDS]
Bytes = Annotated[int, Unit.BYTES]


class Setting(NamedTuple):
    """What a setting means, and its bounds (in its own unit, both included)."""

    meaning: str
    minimum: float = 0
    maximum: float = float("inf")


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate and its key, both PEM files; relative paths start at the configuration file."""

    cert_file: Annotated[File, Setting("certificate chain, the server's own first")]
    key_file: Annotated[File, Setting("its private key, without a passphrase")]


class LimitsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway accepts. A call over a limit is refused, never cut; an answer under way breaks off."""

    header_bytes_max: Annotated[Bytes, Setting("all header lines of a request", 1 * KIB, 1 * MIB)] = 64 * KIB
    header_count_max: Annotated[int, Setting("header lines of a request", 1, 10_000)] = 100
    target_bytes_max: Annotated[Bytes, Setting("path and query of a request", 256, 1 * MIB)] = 16 * KIB
    body_bytes_max: Annotated[Bytes, Setting("a request body of any kind", 1, 16 * GIB)] = 512 * MIB
    answer_bytes_max: Annotated[
        Bytes, Setting("an answer of a backend; one that is larger breaks off", 1 * MIB, 16 * GIB)
    ] = 1 * GIB
    body_bytes_per_s_min: Annotated[
        int,
        Setting("slowest average of a request body in bytes a second, after its first `body_idle_s`", 1),
    ] = 500
    json_body_bytes_max: Annotated[
        Bytes,
        Setting(
            "a JSON request body: held whole, because it must be read before it can be routed", 1, 4 * GIB
        ),
    ] = 64 * MIB
    buffered_bytes_max: Annotated[
        Bytes, Setting("bodies held in memory over all calls of a process", 1 * MIB)
    ] = 256 * MIB
    connections_max: Annotated[int, Setting("open client connections of a process", 1, 1_000_000)] = 10_000
    stream_buffer_bytes_max: Annotated[
        Bytes,
        Setting("bytes waiting for a slow reader before its sender is made to wait", 16 * KIB, 64 * MIB),
    ] = 256 * KIB


class TimeoutsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How long each step of a call may last."""

    header_s: Annotated[Seconds, Setting("a client's request head, from its first byte to its last", 0.1)] = (
        10
    )
    body_idle_s: Annotated[Seconds, Setting("between two pieces of a client's request body", 0.1)] = 30
    keepalive_s: Annotated[Seconds, Setting("an idle client connection stays open", 0.1)] = 75
    write_idle_s: Annotated[Seconds, Setting("a client that reads nothing of its answer", 0.1)] = 60
    connect_s: Annotated[Seconds, Setting("connecting to a backend, TLS included", 0.1)] = 5
    first_byte_s: Annotated[Seconds, Setting("from the request sent to the head of its answer", 0.1)] = 600
    upstream_idle_s: Annotated[Seconds, Setting("between two pieces of a backend's answer", 0.1)] = 120
    total_s: Annotated[Seconds, Setting("a call as a whole", 0.1)] = 1800


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The wing that clients talk to."""

    listen: Annotated[Address, Setting("address for clients")] = Address("127.0.0.1", 8080)
    processes: Annotated[int, Setting("gateway processes sharing the port", 1, 64)] = 1
    tls: Annotated[TlsConfig | None, Setting("where it is absent, plain HTTP is served.")] = None
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Setting("networks whose `X-Forwarded-For` is believed; from all others it is ignored"),
    ] = ()
    subscription_key_in_query: Annotated[bool, Setting("accept the key as `?subscription-key=` too")] = True
    grace_s: Annotated[Seconds, Setting("time that running calls get to finish at a stop")] = 30
    limits: LimitsConfig = LimitsConfig()
    timeouts: TimeoutsConfig = TimeoutsConfig()
    admin: Annotated[
        Address | None, Setting("address of the gateway's own `/healthz` and `/metrics`; absent: not served")
    ] = None


class QueryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What one question to the hub may take. Beyond it there is an error that says what to narrow."""

    time_s: Annotated[Seconds, Setting("time until the last row", 0.1, 3_600)] = 60
    rows_max: Annotated[int, Setting("rows of the answer", 1, 1_000_000_000)] = 500_000
    answer_bytes_max: Annotated[Bytes, Setting("the answer's values, before any encoding", 1 * KIB)] = (
        64 * MIB
    )
    memory_bytes_max: Annotated[Bytes, Setting("memory for computing it", 16 * MIB)] = 2 * GIB
    at_once_max: Annotated[int, Setting("questions answered at once", 1, 256)] = 4
    at_once_per_caller_max: Annotated[
        int, Setting("of these, for one token; its further questions wait their turn", 1, 256)
    ] = 3
    waiting_max: Annotated[int, Setting("questions that wait; further ones are refused (503)", 0, 10_000)] = (
        128
    )


class HubLimitsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub accepts of a client."""

    connections_max: Annotated[int, Setting("open connections; further ones get 503", 1, 100_000)] = 256
    header_s: Annotated[Seconds, Setting("a request head, from the connection or its first byte", 0.1)] = 10
    body_s: Annotated[Seconds, Setting("a request body, from its first byte to its last", 0.1)] = 60
    header_bytes_max: Annotated[Bytes, Setting("a request head", 1 * KIB, 1 * MIB)] = 64 * KIB
    buffered_bytes_max: Annotated[
        Bytes,
        Setting(
            "bodies of all requests in memory, unpacked, but the first 64 KiB of each; others get 503, as"
            " does a caller who has half of it, or 64 MiB",
            32 * MIB,
        ),
    ] = 256 * MIB
    keepalive_s: Annotated[Seconds, Setting("an idle connection stays open", 0.1)] = 30


class HubTokenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One caller of the hub; `gatelog token new` prints these lines. Either `hash` or `token` is given."""

    role: Annotated[
        Literal["metrics", "log", "log-with-bodies"],
        Setting("what may be seen: metrics only; every call without what was said in it; everything"),
    ]
    hash: Annotated[TokenHash | None, Setting("SHA-256 of the token: the file then holds no secret")] = None
    token: Annotated[TokenText | None, Setting("the token itself, as `${env:NAME}` or `${file:PATH}`")] = None
    may_write: Annotated[
        bool, Setting("may make and fill tables and functions of the users' own; nobody changes the record")
    ] = False

    @property
    def digest(self) -> TokenDigest | None:
        """What the token's hash is, whichever way it was written."""
        return self.token if self.token is not None else self.hash


class HubConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The wing that stores and answers."""

    listen: Annotated[Address, Setting("address of the query API")] = Address("127.0.0.1", 8081)
    anonymous: Annotated[bool, Setting("no token needed; accepted on a loopback address only")] = False
    tls: Annotated[TlsConfig | None, Setting("where it is absent, plain HTTP is served.")] = None
    origins: Annotated[
        tuple[HttpUrl, ...],
        Setting("origins of web pages that may ask, with a token (CORS); without any, no page may"),
    ] = ()
    database: Annotated[str, Setting("what Kusto's clients call the record")] = "gatelog"
    workspace: Annotated[str, Setting("what Log Analytics' clients call the record, beside `database`")] = (
        "00000000-0000-0000-0000-000000000000"
    )
    query: QueryConfig = QueryConfig()
    limits: HubLimitsConfig = HubLimitsConfig()
    tokens: dict[str, HubTokenConfig] = {}


class BackendConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One instance that answers calls. Its TLS certificate is always verified."""

    kind: Annotated[Literal["azure-openai", "openai"], Setting("which path family and key header it speaks")]
    url: Annotated[
        HttpUrl,
        Setting("`azure-openai`: the resource's endpoint; `openai`: what an OpenAI SDK calls `base_url`"),
    ]
    api_key: Annotated[Secret, Setting("key sent to the backend; clients never see it")]
    region: Annotated[str, Setting("where it runs, for the record")] = ""
    ca_file: Annotated[
        File | None, Setting("PEM file of extra authorities that its certificate may come from")
    ] = None
    connections_max: Annotated[int, Setting("open connections to it, of one gateway process", 1, 100_000)] = (
        512
    )


class ProductConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of subscriptions gets."""

    backends: Annotated[tuple[str, ...], Setting("names from `backends`, tried in this order")]
    capture: Annotated[
        Literal["required", "best_effort"],
        Setting(
            "`required`: a call that cannot be recorded durably is refused (503); "
            "`best_effort`: it is served, and counted as unlogged"
        ),
    ]
    on_abort: Annotated[
        Literal["cancel", "drain"],
        Setting("a client leaves mid-stream: stop the backend, or read on for the true usage"),
    ] = "cancel"
    inject_usage: Annotated[
        bool, Setting("ask for usage in streams whose client did not, and hide the extra chunk from it")
    ] = True
    bad_json: Annotated[
        Literal["forward", "refuse"],
        Setting(
            "a JSON request that is none, is not UTF-8, holds a key twice, NaN or Infinity, or is nested "
            "over 128 levels: pass it on byte for byte, or refuse it (400). To refuse costs 4 to 13 ns a byte"
        ),
    ] = "forward"


class SubscriptionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One caller: a team, an application."""

    product: Annotated[str, Setting("name from `products`")]
    keys: Annotated[
        tuple[KeyDigest, ...],
        Setting("its keys, 8 to 128 printable characters each; with two, one can be changed at a time"),
    ]


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The analytic store."""

    dsn: Annotated[
        Dsn, Setting("ClickHouse: `http(s)://user:password@host/database`; empty: embedded, below `data`")
    ] = Dsn("")
    retention_days: Annotated[int, Setting("days a call stays in the record", 1, 36_500)] = 365
    body_retention_days: Annotated[int, Setting("days its request and response bodies stay", 1, 36_500)] = 90


class SpoolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The durable journal between gateway and hub."""

    capacity_bytes: Annotated[Bytes, Setting("space it may take on disk", 64 * MIB)] = 10 * GIB
    segment_bytes: Annotated[Bytes, Setting("size of one of its files", 1 * MIB, 1 * GIB)] = 64 * MIB


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration."""

    data: Annotated[
        Path,
        Setting("directory of everything that is kept; a relative path starts at the configuration file"),
    ] = Path("data")
    gateway: GatewayConfig = GatewayConfig()
    hub: HubConfig = HubConfig()
    backends: dict[str, BackendConfig] = {}
    products: dict[str, ProductConfig] = {}
    subscriptions: dict[str, SubscriptionConfig] = {}
    store: StoreConfig = StoreConfig()
    spool: SpoolConfig = SpoolConfig()
