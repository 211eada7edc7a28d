"""What all calls of a gateway process share: who may call, where calls go, and the journal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gatelog.config import Network
from gatelog.gateway.backend import Backend
from gatelog.gateway.journal import Journal
from gatelog.gateway.route import Routes
from gatelog.http1 import Reply
from gatelog.model import Clock
from gatelog.policy import KeyRing

# Pieces of a response go to the journal at this size or after one tick of the gateway (250 ms), whichever
# comes first: the stated bound on what a power loss can take of an unfinished answer.
PART_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the configuration, ready for use."""

    name: str
    backends: tuple[Backend, ...]
    capture: str
    required: bool
    drain: bool
    inject_usage: bool
    refuse_bad_json: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who calls."""

    name: str
    product: Product


@dataclass(slots=True)
class BufferMeter:
    """Request bodies held in memory, over all calls of the process."""

    bytes_max: int
    held: int = 0

    def take(self, size: int) -> bool:
        """Reserve `size` bytes; False when that would be over the limit."""
        if self.held + size > self.bytes_max:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        """Release what was taken."""
        self.held -= size


class Orphans:
    """Calls whose client left, and whose answer is read to its end."""

    __slots__ = ("_calls", "_none_left")

    def __init__(self) -> None:
        self._calls: set[object] = set()
        self._none_left = asyncio.Event()

    def add(self, call: object) -> None:
        """Its client left."""
        self._calls.add(call)

    def discard(self, call: object) -> None:
        """It is over; calls that were never orphans are welcome."""
        if call in self._calls:
            self._calls.discard(call)
            if not self._calls:
                self._none_left.set()

    async def wait(self, timeout_s: float) -> None:
        """Until none is left, or the time is over."""
        self._none_left.clear()
        if self._calls and timeout_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none_left.wait(), timeout_s)


@dataclass(slots=True)
class Context:
    """Shared by all calls; `live` are the calls whose answer is under way."""

    clock: Clock
    journal: Journal
    keys: KeyRing
    subscriptions: Mapping[str, Subscription]
    trusted_proxies: tuple[Network, ...]
    key_in_query: bool
    json_body_bytes_max: int
    upload_bytes_max: int
    buffers: BufferMeter
    routes: Routes
    pages: Mapping[bytes, Callable[[Reply], None]]
    call_later: Callable[[float, Callable[[], None]], object]
    live: set[Ticking] = field(default_factory=set)
    orphans: Orphans = field(default_factory=Orphans)


class Ticking(Protocol):
    """Something that wants the gateway's tick."""

    def tick(self) -> None:
        """Called every 250 ms while in `Context.live`."""
