"""Who asked what: the names that a request goes by in its answer and in its errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatelog.kql import KqlType, cell_to_json

CLIENT_REQUEST_ID_MAX = 256
"""Characters of a client's own request id that are repeated to it; Kusto's clients send fewer than 100."""

_TICKS = 10_000_000


class RequestContext(NamedTuple):
    """One request. `client_request_id` is the client's own name for it, `activity_id` ours."""

    client_request_id: str
    activity_id: UUID
    received: datetime

    @property
    def timestamp(self) -> str:
        """When the request came, as Kusto prints a datetime."""
        ticks = int(self.received.timestamp()) * _TICKS + self.received.microsecond * 10
        return str(cell_to_json(KqlType.DATETIME, ticks))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {
            "x-ms-client-request-id": self.client_request_id,
            "x-ms-activity-id": str(self.activity_id),
        }


def request_context(headers: Mapping[str, str], received: datetime) -> RequestContext:
    """The context of a request by its headers; a client that names nothing gets a name."""
    activity = uuid4()
    named = headers.get("x-ms-client-request-id", "")[:CLIENT_REQUEST_ID_MAX]
    return RequestContext(named or f"unspecified;{activity}", activity, received)
