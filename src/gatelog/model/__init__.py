"""The nouns of gatelog: frozen values without I/O. Every room may import them."""

from gatelog.model.capture import (
    Account,
    Attempt,
    Boot,
    Direction,
    EndReason,
    Headers,
    Part,
    Record,
    RecordKind,
    Start,
)
from gatelog.model.capture import End as EndRecord
from gatelog.model.clock import Clock, SystemClock
from gatelog.model.exchange import (
    Body,
    Call,
    Caller,
    CallId,
    Content,
    End,
    Exchange,
    Route,
    Timing,
)
from gatelog.model.operation import Operation, OperationKind, PathFamily
from gatelog.model.ranges import NO_SEQUENCES, Range, RangeSet
from gatelog.model.usage import Usage, UsageSource

__all__ = [
    "NO_SEQUENCES",
    "Account",
    "Attempt",
    "Body",
    "Boot",
    "Call",
    "CallId",
    "Caller",
    "Clock",
    "Content",
    "Direction",
    "End",
    "EndReason",
    "EndRecord",
    "Exchange",
    "Headers",
    "Operation",
    "OperationKind",
    "Part",
    "PathFamily",
    "Range",
    "RangeSet",
    "Record",
    "RecordKind",
    "Route",
    "Start",
    "SystemClock",
    "Timing",
    "Usage",
    "UsageSource",
]
