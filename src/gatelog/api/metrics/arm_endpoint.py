"""An endpoint of Azure Resource Manager: who asks is known, and all refusals have its own shape."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelog.api.auth import Authenticator
from gatelog.api.azure_routes import AzureRoute
from gatelog.api.metrics.faults import Fault, MetricsError, defect, fault_of
from gatelog.api.principal import Principal
from gatelog.errors import GatelogError

log = logging.getLogger("gatelog.api.metrics")

Work = Callable[[Request, Principal], Awaitable[Any]]
"""Makes the document of an answer."""


def arm_route(authenticator: Authenticator, path: str, work: Work, *methods: str) -> AzureRoute:
    """`work` at `path`. All methods come here, so that another is refused in this surface's shape too; none
    named: any.
    """

    async def endpoint(request: Request) -> Response:
        try:
            if methods and request.method not in methods:
                raise method_not_allowed(request.method, *methods)
            answer = await work(request, authenticator.authenticate(request))
            return Response(msgspec.json.encode(answer), media_type="application/json")
        except Exception as error:  # noqa: BLE001 - every error has this surface's own shape
            return _failed(request, error)

    return AzureRoute(path, endpoint)


def method_not_allowed(method: str, *allowed: str) -> MetricsError:
    """A page that is not asked this way."""
    message = f"{method} is not taken here: use {' or '.join(allowed)}"
    return MetricsError(Fault(405, "MethodNotAllowed", message, {"allow": ", ".join(allowed)}))


def _failed(request: Request, error: Exception) -> Response:
    fault = fault_of(error) if isinstance(error, GatelogError) else defect()
    if fault.status >= 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    body = msgspec.json.encode({"error": {"code": fault.code, "message": fault.message}})
    return Response(body, fault.status, headers=dict(fault.headers), media_type="application/json")
