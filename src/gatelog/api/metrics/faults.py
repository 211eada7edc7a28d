"""Errors as Azure Resource Manager writes them: {"error": {"code", "message"}}.

https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gatelog.api.problems import CHALLENGE, RETRY_AFTER_S, RequestError
from gatelog.errors import GatelogError, KqlBudgetError, KqlError, KqlTimeoutError, StoreUnavailableError

_NO_HEADERS: Mapping[str, str] = {}


class Fault(NamedTuple):
    """An error with its HTTP status."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = _NO_HEADERS


class MetricsError(GatelogError):
    """A request that this surface refuses by itself."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def bad_request(message: str, code: str = "BadRequest") -> MetricsError:
    """A request that makes no sense."""
    return MetricsError(Fault(400, code, message))


def resource_not_found(name: str) -> MetricsError:
    """A resource that is not here."""
    return MetricsError(Fault(404, "ResourceNotFound", f"The Resource '{name:.300}' was not found."))


def fault_of(error: GatelogError) -> Fault:
    """The fault that Azure would give for an error of ours."""
    match error:
        case MetricsError():
            return error.fault
        case RequestError():
            return _of_request(error)
        case KqlTimeoutError():
            return Fault(504, "GatewayTimeout", f"{error.message}: ask for a shorter time")
        case KqlBudgetError():
            return Fault(400, "BadRequest", f"{error.message}: ask for a shorter time, or fewer dimensions")
        case KqlError():
            return Fault(400, "BadRequest", error.message)
        case StoreUnavailableError():
            message = "the store is away; try again later, nothing is lost meanwhile"
            return Fault(503, "ServiceUnavailable", message, _later())
    return Fault(500, "InternalServerError", "the store failed on this request; the hub's log says more")


def defect() -> Fault:
    """A defect of ours."""
    return Fault(500, "InternalServerError", "this is a defect of gatelog; its log has the details")


def _of_request(error: RequestError) -> Fault:
    """What the hub itself refuses, before this surface looks at it."""
    message = error.advice
    match error.status:
        case 401:
            return Fault(401, "AuthenticationFailed", message, {"www-authenticate": CHALLENGE})
        case 403:
            return Fault(403, "AuthorizationFailed", message)
        case 413:
            return Fault(413, "RequestTooLarge", message)
        case 415:
            return Fault(415, "UnsupportedMediaType", message)
        case 503:
            return Fault(429, "TooManyRequests", message, _later())
    return Fault(error.status, "BadRequest", message)


def _later() -> Mapping[str, str]:
    return {"retry-after": str(RETRY_AFTER_S)}
