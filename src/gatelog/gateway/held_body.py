"""A request body that is held whole before it goes on: JSON must be read before it can be routed.

client ─► receive* ─► finish ─► shape ─► Start, backend
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatelog.gateway.context import BufferMeter
from gatelog.gateway.identify import find_request_flaw
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.provider import NotJson, RequestShape, scan_request

if TYPE_CHECKING:
    from gatelog.gateway.call import Call


class HeldBody:
    """The body of one request, in memory as long as its call is open."""

    __slots__ = ("_buffers", "_bytes_max", "_call", "_chunks", "_held_bytes")

    def __init__(self, call: Call, buffers: BufferMeter, bytes_max: int) -> None:
        self._call = call
        self._buffers = buffers
        self._bytes_max = bytes_max
        self._chunks: list[bytes] = []
        self._held_bytes = 0

    def receive(self, data: bytes) -> None:
        """A piece from the client."""
        if self._held_bytes + len(data) > self._bytes_max:
            self._call.refuse(OwnAnswer("too_large", str(self._bytes_max)))
        elif not self._buffers.take(len(data)):
            self._call.refuse(OwnAnswer("buffers_full"))
        else:
            self._held_bytes += len(data)
            self._chunks.append(data)

    def finish(self) -> None:
        """The client has sent all of it."""
        call = self._call
        call.body = body = self.take()
        product = call.identity.product
        if product is not None and product.refuse_bad_json and (flaw := find_request_flaw(call.head, body)):
            call.refuse(OwnAnswer("not_json", flaw))
            return
        call.shape = _shape_of(body)
        call.record_start(more=False)

    def take(self) -> bytes:
        """What has come so far; forgotten here, and still counted."""
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        return body

    def release(self) -> None:
        """The call is over."""
        self._buffers.give_back(self._held_bytes)
        self._held_bytes = 0


def _shape_of(body: bytes) -> RequestShape | None:
    """None: no JSON of a model request; it goes on as it is, the backend says what is wrong with it."""
    try:
        return scan_request(body) if body else None
    except NotJson:
        return None
