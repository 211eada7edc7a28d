"""What the gateway answers itself, and how that ends the call."""

from __future__ import annotations

from typing import Final, NamedTuple

from gatelog.http1 import Failure, FailureReason
from gatelog.model import EndReason, Headers, Operation, PathFamily
from gatelog.provider import REFUSALS

_V1_FAMILIES: Final = frozenset({PathFamily.OPENAI_V1, PathFamily.V1})


class OwnAnswer(NamedTuple):
    """A refusal by its name in `provider.REFUSALS`, with the detail that its message has a place for."""

    name: str
    detail: str = ""
    reason: EndReason = EndReason.REFUSED

    @property
    def status(self) -> int:
        """The HTTP status."""
        return REFUSALS[self.name].status

    def headers(self, request_id: bytes) -> Headers:
        """The answer's headers, without its length."""
        return [*REFUSALS[self.name].headers(), (b"x-gatelog-request-id", request_id)]

    def body(self, operation: Operation | None) -> bytes:
        """The JSON body, in the shape that the path family uses."""
        v1 = operation is not None and operation.family in _V1_FAMILIES
        return REFUSALS[self.name].body(self.detail, v1=v1)


UNREACHABLE: Final = OwnAnswer("no_backend", reason=EndReason.BACKEND_UNAVAILABLE)

_FAILED: Final = {
    FailureReason.RESET: OwnAnswer(
        "bad_gateway", "it closed the connection before the answer was complete.", EndReason.UPSTREAM_RESET
    ),
    FailureReason.FIRST_BYTE_TIMEOUT: OwnAnswer(
        "backend_timeout", "The head of its answer did not come.", EndReason.UPSTREAM_TIMEOUT
    ),
    FailureReason.TOTAL_TIMEOUT: OwnAnswer(
        "backend_timeout", "The whole answer took too long.", EndReason.UPSTREAM_TIMEOUT
    ),
    FailureReason.IDLE_TIMEOUT: OwnAnswer(
        "backend_timeout", "It stalled in the middle of its answer.", EndReason.UPSTREAM_STALL
    ),
    FailureReason.PROTOCOL: OwnAnswer(
        "bad_gateway", "it is not valid HTTP/1.1.", EndReason.UPSTREAM_PROTOCOL
    ),
    FailureReason.TOO_LARGE: OwnAnswer(
        "bad_gateway", "it is larger than answers may be.", EndReason.UPSTREAM_PROTOCOL
    ),
    FailureReason.POOL_EXHAUSTED: OwnAnswer(
        "no_backend", "All connections to it are in use.", EndReason.BACKEND_UNAVAILABLE
    ),
    FailureReason.HANDLER_ERROR: OwnAnswer("internal_error", reason=EndReason.GATEWAY_ERROR),
}


def answer_to(failure: Failure) -> OwnAnswer:
    """What the client is told of a failure that ends the call."""
    return _FAILED.get(failure.reason, UNREACHABLE)
