"""What the bodies of all requests may take of the hub's memory, together.

request ─► its first SMALL_BYTES: free ─► each further byte, as it arrives or is unpacked: reserved
                                           └ nothing is left, or the caller has its share: 503, or what
                                             the surface says for it
answered, or refused ─► whatever the request reserved is free again

A question of a few KiB is so never turned away for what others send, and nothing that was reserved is taken
back: who is being answered goes on. A caller's share is half, so nobody alone keeps out what others send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gatelog.api.problems import RequestError

SMALL_BYTES = 64 * 1024
"""Bytes of each body that are not counted: the limit on connections bounds them."""

BYTES_MAX = 256 * 2**20
"""What all bodies may take where nothing else is configured."""

SHARE_BYTES_LEAST = 64 * 2**20
"""A caller's share where half is less: the largest command or ingestion, packed and unpacked, is in it."""

KEY = "gatelog.held_body"
"""Where the scope of a request has its HeldBody."""

CALLER_KEY = "gatelog.caller"
"""Where it has the name of who sent it, as soon as that is known."""


class HeldBodies:
    """Counts the bytes of all bodies in memory. Bodies are unpacked in threads, so any thread may ask."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._share_bytes_max = max(bytes_max // 2, SHARE_BYTES_LEAST)
        self._bytes = 0
        self._shares: Counter[str] = Counter()
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """What is reserved now."""
        return self._bytes

    @contextmanager
    def one(self) -> Iterator[HeldBody]:
        """The body of one request, until that is answered."""
        held = HeldBody(self)
        try:
            yield held
        finally:
            held.become(0)

    def reserve(self, count: int, caller: str) -> None:
        """So many bytes more for a caller; fewer if negative. RequestError 503 if there is no room."""
        with self._lock:
            if count > 0 and self._bytes + count > self._bytes_max:
                raise _busy(
                    f"the bodies of requests under way take all of the {self._bytes_max} bytes that they may"
                )
            if count > 0 and self._shares[caller] + count > self._share_bytes_max:
                raise _busy(
                    f"the bodies of this caller's requests take all of the {self._share_bytes_max} bytes that"
                    " one caller's may"
                )
            self._bytes += count
            self._shares[caller] += count
            if not self._shares[caller]:
                del self._shares[caller]


def _busy(message: str) -> RequestError:
    hint = "try again in a few seconds, or send less at once (hub.limits.buffered_bytes_max)"
    return RequestError(503, "busy", message, hint)


class HeldBody:
    """What one request has in memory of its body, packed and unpacked, and whose it is."""

    def __init__(self, all_bodies: HeldBodies) -> None:
        self._all = all_bodies
        self._bytes = 0
        self.caller = ""

    def grow(self, count: int) -> None:
        """So many bytes more. RequestError 503 if there is no room for them."""
        self.become(self._bytes + count)

    def become(self, size: int) -> None:
        """So many bytes in all. RequestError 503 if there is no room for them."""
        self._all.reserve(max(0, size - SMALL_BYTES) - max(0, self._bytes - SMALL_BYTES), self.caller)
        self._bytes = size


class HoldsBodies:
    """Middleware: gives each request its place among `bodies`, until its answer is written."""

    def __init__(self, app: ASGIApp, bodies: HeldBodies) -> None:
        self._app = app
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        with self._bodies.one() as scope[KEY]:
            await self._app(scope, receive, send)


def held_body(request: Request) -> HeldBody:
    """The place of a request's body, to be asked for when its caller is known."""
    held: HeldBody = request.scope[KEY]
    held.caller = request.scope.get(CALLER_KEY, "")
    return held
