"""The tables about the query itself that follow its results: did it end well, and what did it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from gatelog.api.kusto.context import RequestContext
from gatelog.api.kusto.faults import Fault
from gatelog.api.kusto.result import columns_of
from gatelog.kql import KqlType, cell_to_json

STATUS_COLUMNS = columns_of(
    "Timestamp:datetime,Severity:int,SeverityName:string,StatusCode:int,StatusDescription:string,Count:int,"
    "RequestId:guid,ActivityId:guid,SubActivityId:guid,ClientActivityId:string"
)
"""QueryStatus of version 1."""

INFORMATION_COLUMNS = columns_of(
    "Timestamp:datetime,ClientRequestId:string,ActivityId:guid,SubActivityId:guid,ParentActivityId:guid,"
    "Level:int,LevelName:string,StatusCode:int,StatusCodeName:string,EventType:int,EventTypeName:string,"
    "Payload:string"
)
"""QueryCompletionInformation of version 2."""

_ERROR, _INFO, _STATS = (2, "Error"), (4, "Info"), (6, "Stats")
_DONE = "Query completed successfully"
_TICKS = 10_000_000
_E_FAIL = -2147467259
"""The HRESULT that says no more than that something failed."""


class TableSize(NamedTuple):
    """What was sent of one table."""

    rows: int
    bytes: int


class Consumption(NamedTuple):
    """What a query took, in seconds. While rows are streamed the engine does not say what it read."""

    seconds: float = 0.0

    def to_json(self, sent: Sequence[TableSize]) -> str:
        """The payload of QueryResourceConsumption. What has no counterpart here is left out."""
        elapsed = cell_to_json(KqlType.TIMESPAN, int(self.seconds * _TICKS))
        document = {
            "ExecutionTime": self.seconds,
            "resource_usage": {"cpu": {"total cpu": elapsed}},
            "dataset_statistics": [{"table_row_count": size.rows, "table_size": size.bytes} for size in sent],
        }
        return msgspec.json.encode(document).decode()


class Outcome(NamedTuple):
    """How a query ended."""

    fault: Fault | None
    consumption: Consumption
    sent: Sequence[TableSize]


def status_rows(context: RequestContext, outcome: Outcome) -> list[list[Any]]:
    """The rows of QueryStatus."""
    activity = str(context.activity_id)
    names = [activity, activity, activity, context.client_request_id]
    ending = outcome.fault.message if outcome.fault else _DONE
    code = _E_FAIL if outcome.fault else 0
    stats = outcome.consumption.to_json(outcome.sent)
    return [
        [context.timestamp, *(_ERROR if outcome.fault else _INFO), code, ending, 1, *names],
        [context.timestamp, *_STATS, 0, stats, 1, *names],
    ]


def information_rows(context: RequestContext, outcome: Outcome) -> list[list[Any]]:
    """The rows of QueryCompletionInformation."""
    activity = str(context.activity_id)
    names = [context.timestamp, context.client_request_id, activity, activity, activity]
    text = outcome.fault.message if outcome.fault else _DONE
    payload = msgspec.json.encode({"Count": 1, "Text": text}).decode()
    if outcome.fault:
        ending = [*_ERROR, _E_FAIL, f"{outcome.fault.code} ({_E_FAIL})", 1, "QueryError", payload]
    else:
        ending = [*_INFO, 0, "S_OK (0)", 4, "QueryInfo", payload]
    stats = outcome.consumption.to_json(outcome.sent)
    return [
        [*names, *ending],
        [*names, *_STATS, 0, "S_OK (0)", 0, "QueryResourceConsumption", stats],
    ]
