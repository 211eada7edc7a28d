"""The routes of Azure Resource Manager that are not about metrics; names in paths are taken in any case.

GET   /tenants · /subscriptions · /subscriptions/{s}       what signing in asks for
GET   /subscriptions/{s}/locations · …/resourceGroups[/{g}]
GET   /subscriptions/{s}[/resourceGroups/{g}]/resources    $filter: resourceType, location, name
GET   /subscriptions/{s}[/resourceGroups/{g}]/providers/{provider}/{kind}[/{name}]
GET   [/subscriptions/{s}]/providers/{provider}
any   /subscriptions/… · /providers/…                      404 ResourceNotFound
POST  /providers/Microsoft.ResourceGraph/resources         Azure Resource Graph

Every role may ask: there are only the names of backends in the answers, which metrics have too. A
subscription and a group go by any name.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from gatelog.api.metrics.arm_endpoint import Work, arm_route
from gatelog.api.metrics.arm_requests import read_object, read_parameters
from gatelog.api.metrics.faults import Fault, MetricsError, resource_not_found
from gatelog.api.principal import Principal
from gatelog.api.resource_manager.graph import answer_graph, read_graph_request
from gatelog.api.resource_manager.inventory import (
    AzureResource,
    Inventory,
    container_rows,
    group_document,
    resource_rows,
)
from gatelog.api.resource_manager.listings import filtered, listed, location_document, provider_document
from gatelog.api.resource_manager.subscriptions import (
    SUBSCRIPTION_NAME,
    subscription,
    subscriptions,
    tenants,
)
from gatelog.api.services import Services

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_OF_A_TYPE = "/providers/{provider}/{kind}"
_ROOTS = ("/subscriptions", "/providers")


class ResourceManagerApi:
    """The resources of an inventory."""

    def __init__(self, services: Services, inventory: Inventory) -> None:
        self._services = services
        self._inventory = inventory

    def routes(self) -> list[BaseRoute]:
        """For the hub's application, after those of metrics, which are about providers too."""
        return [
            self._route("/providers/Microsoft.ResourceGraph/resources", self.graph, "POST"),
            *(self._route(f"{scope}/providers/{{provider}}", self.provider) for scope in ("", _SUBSCRIPTION)),
            self._route("/tenants", self.tenants),
            self._route("/subscriptions", self.subscriptions),
            self._route(_SUBSCRIPTION, self.subscription),
            self._route(f"{_SUBSCRIPTION}/locations", self.locations),
            self._route(f"{_SUBSCRIPTION}/resourceGroups", self.groups),
            self._route(_GROUP, self.group),
            *(self._route(f"{scope}/resources", self.resources) for scope in (_SUBSCRIPTION, _GROUP)),
            *(self._route(scope + _OF_A_TYPE, self.of_a_type) for scope in (_SUBSCRIPTION, _GROUP)),
            self._route(f"{_GROUP}{_OF_A_TYPE}/{{name}}", self.resource),
            *(
                arm_route(self._services.authenticator, f"{root}/{{rest:path}}/{{last}}", self.nothing)
                for root in _ROOTS
            ),
        ]

    async def tenants(self, request: Request, _: Principal) -> Any:
        """The tenants that a client may choose from."""
        read_parameters(request)
        return tenants()

    async def subscriptions(self, request: Request, _: Principal) -> Any:
        """The subscriptions that a client may choose from."""
        read_parameters(request)
        return subscriptions()

    async def subscription(self, request: Request, _: Principal) -> Any:
        """One of them."""
        read_parameters(request)
        return subscription(request.path_params["subscription"])

    async def locations(self, request: Request, _: Principal) -> Any:
        """The regions that there is something in."""
        read_parameters(request)
        name = request.path_params["subscription"]
        return listed(location_document(name, location) for location in self._inventory.locations())

    async def groups(self, request: Request, _: Principal) -> Any:
        """The resource groups."""
        read_parameters(request)
        return listed([group_document()])

    async def group(self, request: Request, _: Principal) -> Any:
        """The one group, whatever it is called."""
        read_parameters(request)
        return group_document()

    async def resources(self, request: Request, _: Principal) -> Any:
        """All resources, or those that a filter lets through."""
        text = read_parameters(request).get("$filter", "")
        return listed(one.document() for one in filtered(self._all(request), text))

    async def of_a_type(self, request: Request, _: Principal) -> Any:
        """The resources of one type; of a type that is not known there are none."""
        read_parameters(request)
        return listed(one.document() for one in self._all(request) if _is_of_type(request, one))

    async def resource(self, request: Request, _: Principal) -> Any:
        """One resource."""
        read_parameters(request)
        name = request.path_params["name"].lower()
        for one in self._all(request):
            if _is_of_type(request, one) and one.name.lower() == name:
                return one.document()
        raise resource_not_found(request.url.path)

    async def provider(self, request: Request, _: Principal) -> Any:
        """What types a resource provider has."""
        read_parameters(request)
        name = request.path_params["provider"]
        document = provider_document(name, self._inventory.locations())
        if document is None:
            message = f"The resource provider '{name:.100}' is not registered here."
            raise MetricsError(Fault(404, "InvalidResourceNamespace", message))
        return document

    async def graph(self, request: Request, principal: Principal) -> Any:
        """A query over the resources."""
        read_parameters(request)
        asked = read_graph_request(await read_object(request))
        tables = {
            "resources": resource_rows(self._all(request)),
            "resourcecontainers": container_rows(SUBSCRIPTION_NAME),
        }
        services = self._services
        return await services.workers.run_for(principal, answer_graph, services, principal, asked, tables)

    async def nothing(self, request: Request, _: Principal) -> Any:
        """Another path: a client that came for Resource Manager reads its error, not the hub's own."""
        read_parameters(request)
        raise resource_not_found(request.url.path)

    def _all(self, request: Request) -> list[AzureResource]:
        return self._inventory.resources(str(request.base_url).rstrip("/"))

    def _route(self, path: str, work: Work, *methods: str) -> BaseRoute:
        return arm_route(self._services.authenticator, path, work, *(methods or ("GET",)))


def _is_of_type(request: Request, resource: AzureResource) -> bool:
    wanted = f"{request.path_params['provider']}/{request.path_params['kind']}"
    return str(resource.type).lower() == wanted.lower()
