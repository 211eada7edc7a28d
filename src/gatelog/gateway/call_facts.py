"""What is known of a call: what its record and its answer are made of. See call.py for its life."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatelog.gateway.context import Context
from gatelog.gateway.own_answer import OwnAnswer
from gatelog.http1 import Reply, RequestHead
from gatelog.model import EndReason
from gatelog.provider import RequestShape

if TYPE_CHECKING:
    from gatelog.gateway.answer import Answer
    from gatelog.gateway.attempts import Attempts
    from gatelog.gateway.headers import RequestHeaders
    from gatelog.gateway.held_body import HeldBody
    from gatelog.gateway.identify import Identity
    from gatelog.gateway.upload import Upload


class CallFacts:
    """The facts of one call. Times are in nanoseconds since its head arrived, unless they say otherwise."""

    __slots__ = (
        "_held",
        "_monotonic_ns",
        "_own_answer",
        "_start_ns",
        "_started",
        "answer",
        "attempts",
        "body",
        "broken",
        "client_gone",
        "client_slow",
        "context",
        "first_token_ns",
        "head",
        "headers",
        "identity",
        "keep_bodies",
        "received_at_ns",
        "received_bytes",
        "reply",
        "request_complete_ns",
        "request_id",
        "request_id_bytes",
        "required",
        "sealed",
        "sequence",
        "shape",
        "upload",
    )

    head: RequestHead
    headers: RequestHeaders
    identity: Identity
    reply: Reply
    request_id: str
    request_id_bytes: bytes

    def __init__(self, context: Context) -> None:
        self.context = context
        self._monotonic_ns = context.clock.monotonic_ns
        self.sequence = self.received_at_ns = self._start_ns = 0
        self.sealed = self.required = self._started = self.client_slow = False
        self.keep_bodies = True
        self.client_gone: EndReason | None = None
        self.shape: RequestShape | None = None
        self.answer: Answer | None = None
        self.attempts: Attempts | None = None
        self.broken: OwnAnswer | None = None
        self.body = b""
        self.received_bytes = self.request_complete_ns = self.first_token_ns = 0
        self.upload: Upload | None = None
        self._own_answer: OwnAnswer | None = None
        self._held: HeldBody | None = None

    def now_ns(self) -> int:
        """Monotonic."""
        return self._monotonic_ns()

    def elapsed_ns(self) -> int:
        """Since the request head arrived."""
        return self._monotonic_ns() - self._start_ns
