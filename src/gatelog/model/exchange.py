"""The record: one Exchange per HTTP call, whatever became of it. Built by the hub, never changed after."""

from __future__ import annotations

from typing import Any

import msgspec

from gatelog.model.capture import Attempt, EndReason
from gatelog.model.operation import Operation
from gatelog.model.usage import Usage


class CallId(msgspec.Struct, frozen=True, order=True):
    """What proves completeness: sequences of a boot start at 1 and have no gaps."""

    instance: str
    boot: str
    sequence: int


class Timing(msgspec.Struct, frozen=True):
    """`received_at_ns` is Unix time; all others are ns after it, None = did not happen."""

    received_at_ns: int
    request_complete_ns: int | None = None
    sent_ns: int | None = None
    first_byte_ns: int | None = None
    first_token_ns: int | None = None
    last_byte_ns: int | None = None
    done_ns: int | None = None

    @property
    def duration_ns(self) -> int:
        """From the first byte in to the last byte out."""
        return self.done_ns or 0

    @property
    def upstream_ns(self) -> int:
        """From the request sent to the last byte of the answer (0 if no backend was asked)."""
        if self.sent_ns is None:
            return 0
        return max(0, (self.last_byte_ns or self.done_ns or self.sent_ns) - self.sent_ns)

    @property
    def gateway_ns(self) -> int:
        """What the gateway itself added: waiting for the client's body is not counted."""
        waited = self.request_complete_ns or 0
        return max(0, self.duration_ns - self.upstream_ns - waited)


class Caller(msgspec.Struct, frozen=True):
    """Verified identity apart from what the caller merely claims."""

    client_ip: str
    peer_ip: str
    subscription: str = ""
    product: str = ""
    credential: str = ""
    claimed_user: str = ""
    user_agent: str = ""
    conversation_id: str = ""
    conversation_source: str = ""


class Call(msgspec.Struct, frozen=True):
    """What was asked."""

    method: str
    target: str
    operation: Operation
    http_version: str = "1.1"
    tls_version: str = ""
    model_asked: str = ""
    model_served: str = ""
    stream: bool = False
    parameters: dict[str, Any] = {}


class Route(msgspec.Struct, frozen=True):
    """Where it went. `evidence` holds the backend's own headers (ids, region, limits, spillover)."""

    backend: str = ""
    backend_url: str = ""
    region: str = ""
    attempts: tuple[Attempt, ...] = ()
    evidence: dict[str, str] = {}


class Body(msgspec.Struct, frozen=True):
    """A body as the log keeps it: decoded, streams reassembled. `size` and `sha256` are of the wire bytes."""

    text: str = ""
    size: int = 0
    sha256: str = ""
    note: str = ""  # why text is not the whole body ("binary", "truncated stream", ...)


class Content(msgspec.Struct, frozen=True):
    """What was said. `reported_*` mirror members of the response body (None = absent there), the model as a
    label: cut where no model's name is that long."""

    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}
    request: Body = Body()
    response: Body = Body()
    finish_reasons: tuple[str, ...] = ()
    filter_verdicts: dict[str, Any] = {}
    reported_model: str | None = None
    reported_prompt_tokens: int | None = None
    reported_completion_tokens: int | None = None
    reported_total_tokens: int | None = None


class End(msgspec.Struct, frozen=True):
    """How it ended. `status` is what the client was sent (None = nothing)."""

    reason: EndReason
    status: int | None = None
    backend_status: int | None = None
    error_code: str = ""
    error_message: str = ""
    received_bytes: int = 0
    sent_bytes: int = 0
    capture: str = ""


class Exchange(msgspec.Struct, frozen=True):
    """One call, whole."""

    id: CallId
    request_id: str
    timing: Timing
    caller: Caller
    call: Call
    route: Route
    content: Content
    usage: Usage
    end: End
