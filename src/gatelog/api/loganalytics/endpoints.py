"""The routes of the Log Analytics query API.

POST, GET  /v1/workspaces/{workspace}/query   a question to the record
POST, GET  /v1{resource id}/query             the same, of the rows of one resource
POST, GET  {resource id}/api/query, {resource id}/providers/microsoft.insights/logs
                                              the same, as Azure Resource Manager has it
POST       /v1/$batch                         several questions
POST, GET  /v1/workspaces/{workspace}/metadata, /v1{resource id}/metadata, /v1/metadata   the schema
any        /v1/…                              404

https://learn.microsoft.com/azure/azure-monitor/logs/api/overview
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gatelog.api.azure_routes import AzureRoute
from gatelog.api.bodies import decoded_aside
from gatelog.api.live_answer import LiveAnswer, LiveOrFault, Opened
from gatelog.api.loganalytics.batch import open_batch, read_batch
from gatelog.api.loganalytics.faults import defect, fault_of, method_not_allowed, path_not_found
from gatelog.api.loganalytics.metadata import metadata
from gatelog.api.loganalytics.requests import read_json, read_request
from gatelog.api.loganalytics.tables import open_answer
from gatelog.api.loganalytics.workspaces import Workspaces
from gatelog.api.principal import Principal
from gatelog.api.problems import log_failure
from gatelog.api.services import Services
from gatelog.errors import GatelogError

log = logging.getLogger("gatelog.api.loganalytics")

Work = Callable[[Request, Principal], Awaitable[Response]]


class LogAnalyticsApi:
    """The record as a workspace that goes by the names in `workspaces`."""

    def __init__(self, services: Services, workspaces: Workspaces) -> None:
        self._services = services
        self._workspaces = workspaces

    def routes(self) -> list[BaseRoute]:
        """For the hub's application, after those of Kusto, whose paths end in /query too."""
        return [
            self._route("/v1/workspaces/{workspace}/query", self.workspace, "GET", "POST"),
            self._route("/v1/workspaces/{workspace}/metadata", self.workspace_schema, "GET", "POST"),
            self._route("/v1/metadata", self.schema, "GET", "POST"),
            self._route("/v1/$batch", self.batch, "POST"),
            self._route("/v1/{resource:path}/query", self.resource, "GET", "POST"),
            self._route("/v1/{resource:path}/metadata", self.resource_schema, "GET", "POST"),
            self._route("/{resource:path}/api/query", self.resource, "GET", "POST"),
            self._route("/{resource:path}/providers/microsoft.insights/logs", self.resource, "GET", "POST"),
            self._route("/v1", self.nothing),
            self._route("/v1/{rest:path}", self.nothing),
        ]

    async def workspace(self, request: Request, principal: Principal) -> Response:
        """A question to the record."""
        self._workspaces.check(request.path_params["workspace"])
        return await self._answer(request, principal, "")

    async def resource(self, request: Request, principal: Principal) -> Response:
        """A question to the rows of one resource."""
        return await self._answer(
            request, principal, self._workspaces.resource_of(request.path_params["resource"])
        )

    async def workspace_schema(self, request: Request, principal: Principal) -> Response:
        """The schema of the workspace."""
        self._workspaces.check(request.path_params["workspace"])
        return await self.schema(request, principal)

    async def resource_schema(self, request: Request, principal: Principal) -> Response:
        """The same, of a resource: its rows are in the same tables."""
        self._workspaces.resource_of(request.path_params["resource"])
        return await self.schema(request, principal)

    async def schema(self, request: Request, principal: Principal) -> Response:
        """What the caller's questions may name."""
        catalog = self._services.questions.catalog(principal)
        document = metadata(catalog, self._workspaces.id, self._workspaces.name)
        body = msgspec.json.encode(document)
        return Response(body, headers=_echo(request), media_type="application/json")

    async def nothing(self, request: Request, _: Principal) -> Response:
        """Another path of the API."""
        place = f"/v1/workspaces/{self._workspaces.name}/query"
        raise path_not_found(f"{request.url.path:.100}; questions go to {place}")

    async def batch(self, request: Request, principal: Principal) -> Response:
        """Several questions."""
        members = await decoded_aside(read_batch, await read_json(request))
        now = self._services.questions.now()
        opened = partial(open_batch, self._services, principal, members, self._workspaces, now)
        return _live(request, self._services, principal, opened)

    async def _answer(self, request: Request, principal: Principal, resource: str) -> Response:
        asked = await read_request(request, self._services.questions.now())
        self._workspaces.check_all(asked.workspaces)
        opened = partial(open_answer, self._services, principal, asked, resource)
        return _live(request, self._services, principal, opened)

    def _route(self, path: str, work: Work, *methods: str) -> BaseRoute:
        """All methods come here, so that all refusals have this surface's own shape; none named: any."""

        async def endpoint(request: Request) -> Response:
            try:
                if methods and request.method not in methods:
                    raise method_not_allowed(request.method, methods)
                return await work(request, self._services.authenticator.authenticate(request))
            except Exception as error:  # noqa: BLE001 - every error has this surface's own shape
                return _failed(request, error)

        return AzureRoute(path, endpoint)


def _live(request: Request, services: Services, principal: Principal, opened: Opened) -> Response:
    """The pieces of `opened`, sent as they come; an error before the first byte is answered as a fault."""
    live = LiveAnswer(services.workers, principal, opened, "application/json", _echo(request))
    return LiveOrFault(live, partial(_failed, request))


def _failed(request: Request, error: Exception) -> Response:
    """The answer to a request that failed before its first row."""
    fault = fault_of(error) if isinstance(error, GatelogError) else defect()
    if fault.status >= 500:
        log_failure(log, f"{request.method} {request.url.path}", error)
    body = msgspec.json.encode({"error": fault.error()})
    headers = {**_echo(request), **fault.headers}
    return Response(body, fault.status, headers=headers, media_type="application/json")


def _echo(request: Request) -> dict[str, str]:
    """The client's own name for its request, if it can be repeated."""
    name = request.headers.get("x-ms-client-request-id", "")
    return {"x-ms-client-request-id": name} if name.isascii() and 0 < len(name) <= 128 else {}
