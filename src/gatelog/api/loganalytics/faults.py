"""Errors as the Log Analytics query API writes them.

    {"error": {"code", "message", "innererror": {"code", "message", "innererror": {…}}}}

Clients show the message of the innermost `innererror`.
https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gatelog.api.problems import CHALLENGE, RETRY_AFTER_S, RequestError
from gatelog.errors import (
    GatelogError,
    KqlBudgetError,
    KqlError,
    KqlSyntaxError,
    KqlTimeoutError,
    KqlUnsupportedError,
    Place,
    StoreUnavailableError,
)

NAME_CHARACTERS_MAX = 200
"""Of a name that is not known, so many characters are repeated in the error."""

_INVALID = "The request had some invalid properties"
_NO_HEADERS: Mapping[str, str] = {}


class Fault(NamedTuple):
    """An error with its HTTP status; `inner` are the inner errors, outermost first."""

    status: int
    code: str
    message: str
    inner: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] = _NO_HEADERS

    def error(self) -> dict[str, Any]:
        """The member `error` of an answer."""
        error: dict[str, Any] = {}
        for part in reversed(self.inner):
            error = {**part, **({"innererror": error} if error else {})}
        own = {"message": self.message, "code": self.code}
        return own | ({"innererror": error} if error else {})


class LogAnalyticsError(GatelogError):
    """A request that this surface refuses by itself."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def bad_argument(message: str) -> LogAnalyticsError:
    """A request that makes no sense."""
    return LogAnalyticsError(_invalid("QueryValidationError", message))


def path_not_found(why: str) -> LogAnalyticsError:
    """A path that nothing is behind: a workspace that is not this hub's, for one."""
    message = f"The requested path does not exist: {why:.{NAME_CHARACTERS_MAX}}"
    return LogAnalyticsError(Fault(404, "PathNotFoundError", message))


def method_not_allowed(method: str, allowed: Sequence[str]) -> LogAnalyticsError:
    """A path that is not asked this way."""
    message = f"{method} is not taken here: use {' or '.join(allowed)}"
    return LogAnalyticsError(Fault(405, "MethodNotAllowed", message, headers={"allow": ", ".join(allowed)}))


def resource_not_found(name: str) -> LogAnalyticsError:
    """A resource that is not here."""
    message = f"The resource /{name:.{NAME_CHARACTERS_MAX}} was not found"
    return LogAnalyticsError(Fault(404, "ResourceNotFoundError", message))


def unresolved(name: str) -> LogAnalyticsError:
    """A further workspace of a query, or one of a batch, that is not here."""
    message = f"Failed to resolve resource {name:.{NAME_CHARACTERS_MAX}}"
    return LogAnalyticsError(Fault(400, "FailedToResolveResource", message))


def fault_of(error: GatelogError) -> Fault:
    """The fault that Log Analytics would give for an error of ours."""
    match error:
        case LogAnalyticsError():
            return error.fault
        case KqlTimeoutError():
            return Fault(504, "GatewayTimeout", error.advice)
        case KqlBudgetError() | KqlUnsupportedError() | KqlError(place=None):
            return _invalid("QueryValidationError", error.advice)
        case KqlSyntaxError(place=Place() as place):
            return _of_query(
                error, place, "SyntaxError", "A recognition error occurred in the query.", "SYN0002"
            )
        case KqlError(place=Place() as place):
            return _of_query(error, place, "SemanticError", "A semantic error occurred.", "SEM0100")
        case RequestError():
            return _of_request(error)
        case StoreUnavailableError():
            message = "the store is away; try again later, nothing is lost meanwhile"
            return Fault(503, "ServiceUnavailable", message, headers=_later())
    return Fault(500, "InternalServerError", "the store failed on this query; the hub's log says more")


def defect() -> Fault:
    """A defect of ours."""
    return Fault(500, "InternalServerError", "this is a defect of gatelog; its log has the details")


def partial(message: str) -> dict[str, Any]:
    """The member `error` of an answer that is there in part only."""
    engine = {"code": "EngineError", "message": message}
    return {
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "innererror": engine,
        "details": [engine],
    }


def _invalid(code: str, message: str) -> Fault:
    return Fault(400, "BadArgumentError", _INVALID, ({"code": code, "message": message},))


def _of_query(error: KqlError, place: Place, code: str, message: str, inner: str) -> Fault:
    line, position = place.line, place.column - 1
    text = f"{error.advice} [line:position={line}:{position}]"
    innermost = {"code": inner, "message": text, "line": line, "pos": position}
    return Fault(400, "BadArgumentError", _INVALID, ({"code": code, "message": message}, innermost))


def _of_request(error: RequestError) -> Fault:
    """What the hub itself refuses, before this surface looks at it."""
    message = error.advice
    match error.status:
        case 401:
            return Fault(401, "AuthenticationFailed", message, headers={"www-authenticate": CHALLENGE})
        case 403:
            return Fault(403, "InsufficientAccessError", message)
        case 413:
            return Fault(413, "RequestTooLarge", message)
        case 415:
            return Fault(415, "UnsupportedMediaType", message)
        case 503:
            return Fault(429, "ThrottledError", message, headers=_later())
    return Fault(error.status, "BadArgumentError", message)


def _later() -> Mapping[str, str]:
    return {"retry-after": str(RETRY_AFTER_S)}
