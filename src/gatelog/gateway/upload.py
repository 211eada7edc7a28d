"""A request body that is passed on as it comes: files, audio, anything that is not JSON.

    client ─► receive ─► Part ──durable──► backend
                          (best_effort: does not wait)

The gateway holds no more than WINDOW_BYTES of it: beyond, the client is made to wait.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gatelog.errors import SpoolError
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.http1 import Reply, UpstreamCall
from gatelog.model import Direction, Part

if TYPE_CHECKING:
    from gatelog.gateway.call import Call

# Bytes taken from the client that the backend has not taken yet (design: at most 256 KiB a stream).
WINDOW_BYTES = 256 * 1024


class Upload:
    """The body of one request on its way."""

    __slots__ = (
        "_blocked",
        "_bytes_max",
        "_call",
        "_paused",
        "_ready",
        "_received_all",
        "_reply",
        "_sent",
        "_upstream",
        "_window",
    )

    def __init__(self, call: Call, reply: Reply, bytes_max: int) -> None:
        self._call = call
        self._reply = reply
        self._bytes_max = bytes_max
        self._upstream: UpstreamCall | None = None
        self._ready: deque[bytes] = deque()
        self._window = 0
        self._blocked = self._paused = self._received_all = self._sent = False

    @property
    def can_restart(self) -> bool:
        """Whether nothing has left yet, so that another backend can be tried."""
        return not self._sent

    def connect(self, upstream: UpstreamCall) -> None:
        """The backend that takes the body."""
        self._upstream = upstream
        self._pass_on()

    def receive(self, data: bytes) -> None:
        """A piece from the client."""
        if self._call.received_bytes > self._bytes_max:
            self._call.refuse(OwnAnswer("too_large", str(self._bytes_max)))
            return
        self._window += len(data)
        part = Part(self._call.sequence, Direction.REQUEST, data)
        if self._call.required:
            self._call.journal_part(part, lambda error: self._recorded(data, error))
        else:
            self._call.journal_part(part, None)
            self._ready.append(data)
            self._pass_on()
        if self._window > WINDOW_BYTES and not self._paused:
            self._paused = True
            self._reply.pause_reading()

    def _recorded(self, data: bytes, error: SpoolError | None) -> None:
        if self._call.sealed:
            return
        if error is not None:
            self._call.refuse(OwnAnswer("capture_unavailable"))
            return
        self._ready.append(data)
        self._pass_on()

    def finish(self) -> None:
        """The client has sent all of it."""
        self._received_all = True
        self._pass_on()

    def pause(self) -> None:
        """The backend takes no more for now."""
        self._blocked = True

    def resume(self) -> None:
        """The backend takes more."""
        self._blocked = False
        self._pass_on()

    def _pass_on(self) -> None:
        upstream = self._upstream
        if upstream is None or self._call.sealed:
            return
        while self._ready and not self._blocked:
            piece = self._ready.popleft()
            self._window -= len(piece)
            self._sent = True
            upstream.write(piece)
        if self._paused and self._window <= WINDOW_BYTES // 2:
            self._paused = False
            self._reply.resume_reading()
        if self._received_all and self._window == 0:
            self._received_all = False
            upstream.end()
