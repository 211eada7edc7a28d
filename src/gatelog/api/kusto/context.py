"""Who asked what: the names that a request goes by in its answer and in its errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from gatelog.api.activity import Origin
from gatelog.kql import KqlType, cell_to_json

CLIENT_REQUEST_ID_MAX = 256
"""Characters of a client's own names that are kept and repeated; Kusto's clients send fewer than 100."""

_TICKS = 10_000_000


class RequestContext(NamedTuple):
    """One request. `client_request_id` is the client's own name for it, `activity_id` ours; `application` is
    what the client calls itself.
    """

    client_request_id: str
    activity_id: UUID
    received: datetime
    application: str = ""

    def origin(self, application: str = "") -> Origin:
        """For the list of queries; `application` is what a request property names, if it does."""
        return Origin(self.client_request_id, application[:CLIENT_REQUEST_ID_MAX] or self.application)

    @property
    def timestamp(self) -> str:
        """When the request came, as Kusto prints a datetime."""
        return kusto_time(self.received)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {
            "x-ms-client-request-id": self.client_request_id,
            "x-ms-activity-id": str(self.activity_id),
        }


def kusto_time(moment: datetime) -> str:
    """A time as Kusto prints it."""
    ticks = int(moment.timestamp()) * _TICKS + moment.microsecond * 10
    return str(cell_to_json(KqlType.DATETIME, ticks))


def kusto_timespan(length: timedelta) -> str:
    """A duration as Kusto prints it."""
    return str(cell_to_json(KqlType.TIMESPAN, length // timedelta(microseconds=1) * 10))


def request_context(headers: Mapping[str, str], received: datetime) -> RequestContext:
    """The context of a request by its headers; a client that names nothing gets a name."""
    activity = uuid4()
    named = headers.get("x-ms-client-request-id", "")[:CLIENT_REQUEST_ID_MAX]
    application = headers.get("x-ms-app", "")[:CLIENT_REQUEST_ID_MAX]
    return RequestContext(named or f"unspecified;{activity}", activity, received, application)
