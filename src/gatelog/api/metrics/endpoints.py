"""The routes of Azure Monitor metrics; names in paths are taken in any case.

GET        /{resource id}/providers/Microsoft.Insights/metrics              values of a resource
GET        /{resource id}/providers/Microsoft.Insights/metricDefinitions    its metrics
GET        /{resource id}/providers/Microsoft.Insights/metricNamespaces
GET, POST  /subscriptions/{s}/providers/Microsoft.Insights/metrics          values of all backends together,
                                                  or of each: $filter=Microsoft.ResourceId eq '*'
GET        /subscriptions/{s}/providers/Microsoft.Insights/metricDefinitions
POST       /subscriptions/{s}/metrics:getBatch                              values of up to 50 resources

Every role may ask: there are only numbers in the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute

from gatelog.api.azure_resources import GLOBAL, Kind, Resource, parse_resource, short_region
from gatelog.api.metrics import documents
from gatelog.api.metrics.arm_endpoint import Work, arm_route, method_not_allowed
from gatelog.api.metrics.arm_requests import read_object, read_parameters
from gatelog.api.metrics.definitions import NAMESPACES, Namespace, namespace_called, namespace_of
from gatelog.api.metrics.faults import Fault, MetricsError, bad_request, resource_not_found
from gatelog.api.metrics.query import Accounts, compute
from gatelog.api.metrics.requests import read_metrics_request
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Question
from gatelog.api.services import Services

RESOURCES_MAX = 50
"""Resources of a batch: the service's own limit."""


class MetricsApi:
    """Metrics of the backends in `regions` (name → region), of every other that the record knows, and of the
    gateway.
    """

    def __init__(self, services: Services, regions: Mapping[str, str]) -> None:
        self._services = services
        self._regions = {name.lower(): short_region(region) for name, region in regions.items()}

    def routes(self) -> list[BaseRoute]:
        """For the hub's application."""
        return [
            self._route("/subscriptions/{subscription}/metrics:getBatch", self.batch, "POST"),
            self._route("/{resource:path}/providers/Microsoft.Insights/{leaf}", self.insights, "GET", "POST"),
        ]

    async def insights(self, request: Request, principal: Principal) -> Any:
        """The three pages of Microsoft.Insights."""
        leaf = request.path_params["leaf"].lower()
        work = {
            "metrics": self._values,
            "metricdefinitions": self._definitions,
            "metricnamespaces": self._namespaces,
        }.get(leaf)
        if work is None:
            raise MetricsError(
                Fault(404, "InvalidResourceType", "there are only metrics of Microsoft.Insights")
            )
        if request.method == "POST" and leaf != "metrics":
            raise method_not_allowed(request.method, "GET")
        return await work(request, principal)

    async def batch(self, request: Request, principal: Principal) -> Any:
        """The values of several resources."""
        parameters = read_parameters(request)
        resources = _resources(await read_object(request))
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
        parameters = read_parameters(request)
        resource = _resource(request)
        if request.method == "POST":
            if resource.kind is not Kind.ALL:
                raise method_not_allowed(request.method, "GET")
            parameters |= _body_parameters(await read_object(request))
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
        return documents.definitions(self._namespace(resource, read_parameters(request)), resource)

    async def _namespaces(self, request: Request, principal: Principal) -> Any:
        read_parameters(request)
        resource = _resource(request)
        await self._check(resource, principal)
        namespaces = NAMESPACES if resource.kind is Kind.ALL else (_namespace_of(resource),)
        return documents.namespaces(namespaces, resource)

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

    def _route(self, path: str, work: Work, *methods: str) -> BaseRoute:
        return arm_route(self._services.authenticator, path, work, *methods)


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
