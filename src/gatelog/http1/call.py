"""One call to an origin, as its sender holds it.

   waiting in the pool ──attach──▶ carried by a connection ──▶ done: answered, failed or cancelled
        │                                                       ▲
        └────────────── failed, cancelled ──────────────────────┘

Bytes of a streamed upload that come before there is a connection are held here, up to a mark.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from gatelog.http1.failures import Failure, FailureReason
from gatelog.http1.handlers import ResponseHandler
from gatelog.http1.head import Header
from gatelog.http1.reply import header_block

logger = logging.getLogger("gatelog.http1")


class Carrier(Protocol):
    """What a call needs of its connection."""

    def upload(self, data: bytes) -> None:
        """Write bytes of the request."""

    def set_reading(self, wanted: bool) -> None:
        """Read the answer, or stop reading it."""

    def drop(self) -> None:
        """Close the connection at once; the call wants no more of it."""


class Queue(Protocol):
    """What a waiting call needs of its pool."""

    buffer_bytes_max: int
    """Mark above which a call that waits pauses its upload."""

    def withdraw(self, call: UpstreamCall) -> None:
        """Forget a call that waits."""


class UpstreamCall:
    """A call that was sent with `Pool.send`. After `done` every method is ignored."""

    __slots__ = (
        "_carrier",
        "_chunked",
        "_queue",
        "_reading",
        "_upload_paused",
        "_waiting_bytes",
        "_waiting_parts",
        "done",
        "handler",
        "head_request",
        "since",
        "upload_ended",
    )

    def __init__(
        self,
        queue: Queue,
        first: bytes,
        handler: ResponseHandler,
        *,
        head_request: bool,
        upload_ended: bool,
        chunked: bool,
        since: float,
    ) -> None:
        self._queue = queue
        self._waiting_parts = [first]
        self._waiting_bytes = 0
        self._chunked = chunked
        self._carrier: Carrier | None = None
        self._reading = True
        self._upload_paused = False
        self.handler = handler
        self.head_request = head_request
        self.upload_ended = upload_ended
        self.since = since
        """When it was sent, in seconds of the tick's clock (coarse)."""
        self.done = False

    def write(self, data: bytes) -> None:
        """Send a part of a streamed body."""
        if self.done or not data:
            return
        if self.upload_ended:
            raise RuntimeError("the upload has ended")
        self._send(chunk(data) if self._chunked else data)

    def end(self, trailers: Sequence[Header] = ()) -> None:
        """End a streamed body; trailers need chunked framing."""
        if self.done or self.upload_ended:
            return
        if self._chunked:
            self._send(last_chunk(trailers))
        self.upload_ended = True

    def cancel(self) -> None:
        """Give up: the handler hears nothing more, the connection closes unless the answer is complete."""
        if self.done:
            return
        self._release()
        if self._carrier is not None:
            self._carrier.drop()
        else:
            self._queue.withdraw(self)

    def pause_reading(self) -> None:
        """Stop reading the answer; at most one read more arrives. Its idle timeout stands still."""
        self._set_reading(False)

    def resume_reading(self) -> None:
        """Read the answer again."""
        self._set_reading(True)

    def attach(self, carrier: Carrier) -> bytes:
        """The call has a connection: return what is to be written at once."""
        self._carrier = carrier
        parts = self._waiting_parts
        first = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        return first

    def attached(self) -> None:
        """What waited is written: apply what was asked for while waiting."""
        if self.done:
            return
        try:
            self.handler.on_sent()
        except Exception:
            logger.exception("response handler failed in on_sent")
            self.broken()
        if self._upload_paused and not self.done:
            self._upload_paused = False
            self.deliver(self.handler.on_resume_upload)
        if not self._reading and self._carrier is not None and not self.done:
            self._carrier.set_reading(False)

    def deliver(self, method: Callable[[], None]) -> None:
        """Call the handler unless the call is done."""
        if not self.done:
            try:
                method()
            except Exception:
                logger.exception("response handler failed in %s", method.__name__)
                self.broken()

    def finish(self, trailers: list[Header]) -> None:
        """The answer is complete."""
        handler = self._release()
        try:
            handler.on_end(trailers)
        except Exception:  # as in broken; nothing is left to end
            logger.exception("response handler failed in on_end")

    def fail(
        self,
        reason: FailureReason,
        detail: str,
        *,
        head_received: bool = False,
        reused_connection: bool = False,
        answer_begun: bool = False,
    ) -> None:
        """The answer will not be completed."""
        if self.done:
            return
        sent = self._carrier is not None
        failure = Failure(reason, detail, head_received, reused_connection, sent, answer_begun)
        handler = self._release()
        try:
            handler.on_failure(failure)
        except Exception:  # as in broken; nothing is left to end
            logger.exception("response handler failed in on_failure")

    def _release(self) -> ResponseHandler:
        """Nothing more will be told: let go of the handler, so that no cycle of references keeps it alive."""
        self.done = True
        handler = self.handler
        del self.handler
        return handler

    def broken(self) -> None:
        """The handler raised: whatever the application raises ends its call, not the pool."""
        if self.done:
            return
        carrier = self._carrier
        self.fail(FailureReason.HANDLER_ERROR, "the response handler raised")
        if carrier is not None:
            carrier.drop()

    def _send(self, data: bytes) -> None:
        if self._carrier is not None:
            self._carrier.upload(data)
            return
        self._waiting_parts.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self._queue.buffer_bytes_max and not self._upload_paused:
            self._upload_paused = True
            self.deliver(self.handler.on_pause_upload)

    def _set_reading(self, wanted: bool) -> None:
        if not self.done:
            self._reading = wanted
            if self._carrier is not None:
                self._carrier.set_reading(wanted)


def chunk(data: bytes) -> bytes:
    """A part of a body in chunked framing; `data` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Sequence[Header]) -> bytes:
    """The end of a body in chunked framing."""
    return b"0\r\n%b\r\n" % header_block(trailers)
