"""Errors as Azure Data Explorer writes them.

    {"error": {"code", "message", "@type", "@message", "@context", "@permanent",
               "innererror": {"code", "message", "@type", "@line", "@pos", …}}}

The exceptions of Kusto.Data with their codes and HTTP statuses:
https://learn.microsoft.com/azure/data-explorer/kusto/api/netfx/kusto-data-exceptions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gatelog.api.kusto.context import RequestContext
from gatelog.api.problems import RequestError
from gatelog.errors import (
    ControlError,
    GatelogError,
    KqlBudgetError,
    KqlCancelledError,
    KqlError,
    KqlSyntaxError,
    KqlTimeoutError,
    StoreUnavailableError,
    UserTableChangedError,
    UserTableError,
)

_DATA = "Kusto.Data.Exceptions"
_INGESTION = "Kusto.DataNode.Exceptions.StreamingIngestionRequestException"
_BAD_REQUEST = "Request is invalid and cannot be executed."
_NOT_NOW = "Request cannot be executed now."


class Fault(NamedTuple):
    """An error's HTTP status, code (`FailureSubCode`), .NET exception, text, and whether trying again is
    useless. `place` is a 1-based line and a 0-based position in the query; `allow` are the methods to use.
    """

    status: int
    code: str
    exception: str
    message: str
    permanent: bool = True
    inner_code: str = ""
    place: tuple[int, int] | None = None
    allow: str = ""

    def to_dict(self, context: RequestContext) -> dict[str, Any]:
        """The error body of the answer to the request of `context`."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": _BAD_REQUEST if self.status < 429 else _NOT_NOW,
            "@type": self.exception,
            "@message": self.message,
            "@context": _context(context),
            "@permanent": self.permanent,
        }
        if self.place is not None:
            error["innererror"] = self._inner(context, *self.place)
        return {"error": error}

    def _inner(self, context: RequestContext, line: int, position: int) -> dict[str, Any]:
        return {
            "code": self.inner_code,
            "message": self.message,
            "@type": self.exception,
            "@message": self.message,
            "@context": _context(context),
            "@permanent": self.permanent,
            "@line": str(line),
            "@pos": str(position),
            "@errorCode": self.inner_code,
            "@errorMessage": self.message,
        }


def _context(context: RequestContext) -> dict[str, str]:
    activity = str(context.activity_id)
    return {
        "timestamp": context.timestamp,
        "clientRequestId": context.client_request_id,
        "activityId": activity,
        "subActivityId": activity,
        "parentActivityId": activity,
    }


class KustoError(GatelogError):
    """A request that this surface refuses by itself."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class TruncatedError(KqlBudgetError):
    """The answer has more records or bytes than the request allows: what was sent is all there is."""


def bad_request(message: str) -> KustoError:
    """A request that makes no sense."""
    return KustoError(Fault(400, "General_BadRequest", f"{_DATA}.KustoBadRequestException", message))


def method_not_allowed(method: str, allowed: Sequence[str]) -> KustoError:
    """A route that is not asked this way."""
    message = f"{method} is not taken here: use {' or '.join(allowed)}"
    exception = f"{_DATA}.KustoBadRequestException"
    return KustoError(Fault(405, "MethodNotAllowed", exception, message, allow=", ".join(allowed)))


def no_endpoint(path: str) -> KustoError:
    """A path that nothing is behind."""
    message = f"There is no endpoint {path:.200}: queries go to /v2/rest/query, commands to /v1/rest/mgmt"
    return KustoError(Fault(404, "NotFound", f"{_DATA}.KustoBadRequestException", message))


def forbidden(message: str) -> KustoError:
    """A request that its caller has no right to."""
    return KustoError(Fault(403, "Forbidden", f"{_DATA}.KustoRequestDeniedException", message))


def too_large(message: str) -> KustoError:
    """More bytes than one request may bring."""
    return KustoError(
        Fault(413, "Payload too large", f"{_DATA}.KustoRequestPayloadTooLargeException", message)
    )


def not_found(kind: str, name: str) -> KustoError:
    """An entity that is not there; `kind` as Kusto names it: Database, Table, ExpressionFunction …"""
    message = f"Entity ID '{name}' of kind '{kind}' was not found."
    return KustoError(Fault(400, "BadRequest_EntityNotFound", f"{_DATA}.EntityNotFoundException", message))


def bad_stream(database: str, table: str, message: str) -> KustoError:
    """Data that cannot become rows of a table."""
    text = f"Bad streaming ingestion request to {database}.{table} : {message}"
    return KustoError(Fault(400, "BadRequest", _INGESTION, text))


def bad_ingestion(code: str, exception: str, message: str) -> KustoError:
    """A format or a mapping that cannot be used; `exception` is one of Kusto.Data's."""
    return KustoError(Fault(400, f"BadRequest_{code}", f"{_DATA}.{exception}", message))


def database_not_found(name: str) -> KustoError:
    """A database that is not this hub's one."""
    message = f"Entity ID '{name:.200}' of kind 'Database' was not found."
    return KustoError(
        Fault(400, "BadRequest_DatabaseNotExist", f"{_DATA}.DatabaseNotFoundException", message)
    )


def conflict(message: str) -> KustoError:
    """An entity that is there already."""
    return KustoError(
        Fault(400, "BadRequest_EntityAlreadyExists", f"{_DATA}.EntityAlreadyExistsException", message)
    )


def fault_of(error: GatelogError) -> Fault:
    """The fault that Azure Data Explorer would give for an error of ours."""
    match error:
        case KustoError():
            return error.fault
        case KqlTimeoutError():
            text = f"Request execution has timed-out on the service side: {error.advice}"
            return Fault(504, "RequestExecutionTimeout", f"{_DATA}.KustoServiceTimeoutException", text, False)
        case KqlBudgetError():
            return _limits(error)
        case KqlSyntaxError():
            return _query_fault(error, "BadRequest_SyntaxError", "Syntax", "SYN0002")
        case KqlCancelledError():
            return bad_request(f"Query execution was cancelled: {error.advice}").fault
        case KqlError():
            return _query_fault(error, "General_BadRequest", "Semantic", "SEM0100")
        case RequestError():
            return _request_fault(error)
        case UserTableChangedError():
            return _service_fault(503, f"{error}: send it again")
        case UserTableError() | ControlError():
            return bad_request(str(error)).fault
        case StoreUnavailableError():
            message = (
                "the store cannot be reached or is overloaded; try again later, nothing is lost meanwhile"
            )
            return _service_fault(503, message)
    return _service_fault(520, "the store failed on a statement; the hub's log has the details")


def defect() -> Fault:
    """A defect of ours."""
    return _service_fault(520, "this is a defect of gatelog; its log has the details")


def _service_fault(status: int, message: str) -> Fault:
    return Fault(status, "General_InternalServerError", f"{_DATA}.KustoServiceException", message, False)


def _query_fault(error: KqlError, code: str, word: str, inner: str) -> Fault:
    exception = f"{_DATA}.{word}Exception"
    message = f"{word} error: {inner}: {error.advice}"
    if error.place is None:
        return Fault(400, code, exception, message)
    line, position = error.place.line, error.place.column - 1
    message = f"{message} [line:position={line}:{position}]"
    return Fault(400, code, exception, message, inner_code=inner, place=(line, position))


def _limits(error: KqlBudgetError) -> Fault:
    """80DA0003 is E_QUERY_RESULT_SET_TOO_LARGE, 80DA0001 is E_RUNAWAY_QUERY."""
    code = "80DA0003" if isinstance(error, TruncatedError) else "80DA0001"
    message = f"Query execution has exceeded the allowed limits ({code}): {error.advice}"
    exception = f"{_DATA}.KustoServicePartialQueryFailureLimitsExceededException"
    return Fault(400, "LimitsExceeded", exception, message, False)


def _request_fault(error: RequestError) -> Fault:
    """What the hub itself refuses, before this surface looks at it."""
    message = error.advice
    match error.status:
        case 401:
            return Fault(401, "Unauthorized", f"{_DATA}.KustoRequestDeniedException", message)
        case 403:
            return forbidden(message).fault
        case 413:
            return too_large(message).fault
        case 415:
            return Fault(415, "UnsupportedMediaType", f"{_DATA}.KustoBadRequestException", message)
        case 429 | 503:
            return Fault(429, "TooManyRequests", f"{_DATA}.KustoRequestThrottledException", message, False)
    return bad_request(message).fault
