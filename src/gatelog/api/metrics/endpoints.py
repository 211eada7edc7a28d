"""The routes of Azure Monitor metrics; names in paths are taken in any case.

GET        /{resource id}/providers/Microsoft.Insights/metrics              values of a resource
GET        /{resource id}/providers/Microsoft.Insights/metricDefinitions    its metrics
GET        /{resource id}/providers/Microsoft.Insights/metricNamespaces
GET, POST  /subscriptions/{s}/providers/Microsoft.Insights/metrics          values of all backends together,
                                                  or of each: $filter=Microsoft.ResourceId eq '*'
GET        /subscriptions/{s}/providers/Microsoft.Insights/metricDefinitions
POST       /subscriptions/{s}/metrics:getBatch                              values of up to 50 resources
GET        /subscriptions · /subscriptions/{s} · /tenants                   what signing in asks for

Every role may ask: there are only numbers in the answers.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gatelog.api.azure_resources import Kind, Resource, parse_resource
from gatelog.api.bodies import read_body
from gatelog.api.metrics import documents
from gatelog.api.metrics.definitions import NAMESPACES, Namespace, namespace_called, namespace_of
from gatelog.api.metrics.faults import (
    Fault,
    MetricsError,
    bad_request,
    defect,
    fault_of,
    resource_not_found,
)
from gatelog.api.metrics.query import Accounts, compute
from gatelog.api.metrics.requests import read_metrics_request
from gatelog.api.metrics.subscriptions import subscription, subscriptions, tenants
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Question
from gatelog.api.services import Services
from gatelog.errors import GatelogError

log = logging.getLogger("gatelog.api.metrics")

RESOURCES_MAX = 50
"""Resources of a batch: the service's own limit."""

BODY_BYTES_MAX = 256 * 1024
"""Body of a request: 50 resource ids, or the parameters of one question."""

GLOBAL = "global"
"""The region of what has none."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Work = Callable[[Request, Principal], Awaitable[Any]]


class MetricsApi:
    """Metrics of the backends in `regions` (name → region), of every other that the record knows, and of the
    gateway.
    """

    def __init__(self, services: Services, regions: Mapping[str, str]) -> None:
        self._services = services
        self._regions = {name.lower(): _short(region) for name, region in regions.items()}

    def routes(self) -> list[BaseRoute]:
        """For the hub's application."""
        return [
            self._route("/subscriptions/{subscription}/metrics:getBatch", self.batch, "POST"),
            self._route("/{resource:path}/providers/{provider}/{leaf}", self.resource_manager, "GET", "POST"),
            self._route("/subscriptions", self.subscriptions, "GET"),
            self._route("/subscriptions/{subscription}", self.subscription, "GET"),
            self._route("/tenants", self.tenants, "GET"),
        ]

    async def subscriptions(self, request: Request, _: Principal) -> Any:
        """The subscriptions that a client may choose from."""
        _parameters(request)
        return subscriptions()

    async def subscription(self, request: Request, _: Principal) -> Any:
        """One of them."""
        _parameters(request)
        return subscription(request.path_params["subscription"])

    async def tenants(self, request: Request, _: Principal) -> Any:
        """The tenants that a client may choose from."""
        _parameters(request)
        return tenants()

    async def resource_manager(self, request: Request, principal: Principal) -> Any:
        """The three pages of Microsoft.Insights."""
        names = (request.path_params["provider"].lower(), request.path_params["leaf"].lower())
        work = {
            ("microsoft.insights", "metrics"): self._values,
            ("microsoft.insights", "metricdefinitions"): self._definitions,
            ("microsoft.insights", "metricnamespaces"): self._namespaces,
        }.get(names)
        if work is None:
            raise MetricsError(
                Fault(404, "InvalidResourceType", "there are only metrics of Microsoft.Insights")
            )
        if request.method == "POST" and names[1] != "metrics":
            raise _method_not_allowed(request.method, "GET")
        return await work(request, principal)

    async def batch(self, request: Request, principal: Principal) -> Any:
        """The values of several resources."""
        parameters = _parameters(request)
        resources = _resources(await _body(request))
        kinds = {resource.kind for resource in resources}
        namespace = _namespace_of(resources[0])
        if len(kinds) > 1 or namespace is not _wanted(parameters, namespace):
            raise bad_request("all resources of a batch are of the one type that metricnamespace names")
        for resource in resources:
            await self._check(resource, principal)
        asked = read_metrics_request(parameters, namespace, self._services.questions.now())
        accounts = Accounts(tuple(resource.name for resource in resources), apart=True)
        found = await self._services.workers.run_for(
            principal, compute, self._services.questions, principal, asked, accounts
        )
        answers = []
        for resource in resources:
            key = resource.name.lower() if resource.kind is Kind.BACKEND else ""
            one = documents.values(asked, namespace, resource, self._region(resource), found, key)
            answers.append(documents.batch_value(one, asked, resource))
        return {"values": answers}

    async def _values(self, request: Request, principal: Principal) -> Any:
        parameters = _parameters(request)
        resource = _resource(request)
        if request.method == "POST":
            if resource.kind is not Kind.ALL:
                raise _method_not_allowed(request.method, "GET")
            parameters |= _body_parameters(await _body(request))
        await self._check(resource, principal)
        namespace = self._namespace(resource, parameters)
        asked = read_metrics_request(parameters, namespace, self._services.questions.now())
        accounts = Accounts((resource.name,) if resource.kind is Kind.BACKEND else None, apart=False)
        found = await self._services.workers.run_for(
            principal, compute, self._services.questions, principal, asked, accounts
        )
        return documents.values(asked, namespace, resource, self._region(resource), found, "")

    async def _definitions(self, request: Request, principal: Principal) -> Any:
        resource = _resource(request)
        await self._check(resource, principal)
        return documents.definitions(self._namespace(resource, _parameters(request)), resource)

    async def _namespaces(self, request: Request, principal: Principal) -> Any:
        _parameters(request)
        resource = _resource(request)
        await self._check(resource, principal)
        return documents.namespaces(_namespace_of(resource), resource)

    async def _check(self, resource: Resource, principal: Principal) -> None:
        """MetricsError 404 if a backend is neither configured nor in the record."""
        if resource.kind is not Kind.BACKEND or resource.name.lower() in self._regions:
            return
        question = Question(
            "declare query_parameters(name: string); Calls | where Backend =~ name | take 1 | count",
            parameters={"name": msgspec.json.encode(resource.name).decode()},
        )
        counting = Principal(principal.name, Role.LOG)
        answered = await self._services.workers.run_for(
            principal, self._services.questions.ask, counting, question
        )
        if not answered.tables[0].rows[0][0]:
            raise resource_not_found(resource.id)

    def _namespace(self, resource: Resource, parameters: Mapping[str, str]) -> Namespace:
        """A resource has one namespace, which may be named; of a subscription it must be."""
        if resource.kind is not Kind.ALL:
            return _wanted(parameters, _namespace_of(resource))
        for name in ("region", "metricnamespace"):
            if not parameters.get(name):
                raise bad_request(f"metrics of a subscription need the parameter {name}")
        return _wanted(parameters, NAMESPACES[0])

    def _region(self, resource: Resource) -> str:
        return self._regions.get(resource.name.lower(), "") or GLOBAL

    def _route(self, path: str, work: Work, *methods: str) -> Route:
        """All methods come here, so that all refusals have this surface's own shape."""

        async def endpoint(request: Request) -> Response:
            try:
                if request.method not in methods:
                    raise _method_not_allowed(request.method, *methods)
                principal = self._services.authenticator.authenticate(request)
                answer = await work(request, principal)
                return Response(msgspec.json.encode(answer), media_type="application/json")
            except Exception as error:  # noqa: BLE001 - every error has this surface's own shape
                return _failed(request, error)

        return Route(path, endpoint, methods=list(_METHODS))


def _resource(request: Request) -> Resource:
    resource = parse_resource(request.path_params["resource"])
    if resource is None or resource.kind is Kind.WORKSPACE:
        raise resource_not_found(request.path_params["resource"])
    return resource


def _namespace_of(resource: Resource) -> Namespace:
    namespace = namespace_of(resource.kind)
    if namespace is None:
        raise resource_not_found(resource.id)
    return namespace


def _wanted(parameters: Mapping[str, str], default: Namespace) -> Namespace:
    name = parameters.get("metricnamespace", "")
    wanted = namespace_called(name) if name else default
    if wanted is None:
        known = ", ".join(namespace.name for namespace in NAMESPACES)
        raise bad_request(f"there is no metric namespace {name:.200}: use {known}")
    return wanted


def _parameters(request: Request) -> dict[str, str]:
    """The query parameters, their names in lower case."""
    parameters = {name.lower(): value for name, value in request.query_params.items()}
    if not parameters.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise bad_request(message, "MissingApiVersionParameter")
    return parameters


async def _body(request: Request) -> dict[str, Any]:
    """A JSON object, its names in lower case; nothing is an empty one. Only JSON by name is taken: a web page
    cannot send that to another origin without asking first.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise bad_request("the body must be JSON: send Content-Type: application/json")
    refusal = MetricsError(Fault(413, "RequestTooLarge", f"a body has at most {BODY_BYTES_MAX} bytes"))
    body = await read_body(request, BODY_BYTES_MAX, refusal)
    try:
        document = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body is not a JSON object: {error}") from error
    return {name.lower(): value for name, value in document.items()}


def _body_parameters(document: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a subscription's question that came as a body."""
    parameters = {}
    for name, value in document.items():
        if isinstance(value, bool):
            parameters[name] = str(value).lower()
        elif isinstance(value, str | int):
            parameters[name] = str(value)
        elif value is not None:
            raise bad_request(f"{name:.50} must be a text, a number or a boolean")
    if "filter" in parameters:
        parameters["$filter"] = parameters["filter"]
    return parameters


def _resources(document: Mapping[str, Any]) -> list[Resource]:
    try:
        ids = msgspec.convert(document.get("resourceids"), list[str])
    except msgspec.ValidationError as error:
        raise bad_request('the body must be {"resourceids": ["/subscriptions/…", …]}') from error
    if not 0 < len(ids) <= RESOURCES_MAX:
        raise bad_request(f"a batch has 1 to {RESOURCES_MAX} resources")
    resources = []
    for text in ids:
        resource = parse_resource(text)
        if resource is None or namespace_of(resource.kind) is None:
            raise resource_not_found(text)
        resources.append(resource)
    return resources


def _method_not_allowed(method: str, *allowed: str) -> MetricsError:
    message = f"{method} is not taken here: use {' or '.join(allowed)}"
    return MetricsError(Fault(405, "MethodNotAllowed", message))


def _failed(request: Request, error: Exception) -> Response:
    fault = fault_of(error) if isinstance(error, GatelogError) else defect()
    if fault.status >= 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    body = msgspec.json.encode({"error": {"code": fault.code, "message": fault.message}})
    return Response(body, fault.status, headers=dict(fault.headers), media_type="application/json")


def _short(region: str) -> str:
    """`East US` → `eastus`."""
    return region.lower().replace(" ", "")
