"""The resources that stand for what is here, by the ids that the record's own rows carry.

    /subscriptions/{zero}/resourceGroups/gatelog/providers/
        Microsoft.CognitiveServices/accounts/{backend}      a configured backend
        Microsoft.ApiManagement/service/gatelog             the gateway
        Microsoft.OperationalInsights/workspaces/{database} the record, to Azure Monitor's clients
        Microsoft.Kusto/clusters/{database}                 the record, to Azure Data Explorer's

Nothing can be made or changed through them: they are there to be found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gatelog.api.azure_resources import GLOBAL, short_region
from gatelog.api.resource_manager.subscriptions import SUBSCRIPTION
from gatelog.store import BACKEND_RESOURCES, GATEWAY_RESOURCE_ID

GROUP_ID = BACKEND_RESOURCES.partition("/providers/")[0]
GROUP = GROUP_ID.rpartition("/")[2]


class ResourceType(NamedTuple):
    """`Microsoft.Kusto/clusters`, as provider and kind."""

    provider: str
    kind: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.kind}"


ACCOUNT = ResourceType("Microsoft.CognitiveServices", "accounts")
SERVICE = ResourceType("Microsoft.ApiManagement", "service")
WORKSPACE = ResourceType("Microsoft.OperationalInsights", "workspaces")
CLUSTER = ResourceType("Microsoft.Kusto", "clusters")

TYPES = (ACCOUNT, SERVICE, WORKSPACE, CLUSTER)

_DONE: Mapping[str, Any] = {"provisioningState": "Succeeded"}


class AzureResource(NamedTuple):
    """One resource; `properties` are those that clients read."""

    type: ResourceType
    name: str
    location: str
    kind: str
    properties: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"{GROUP_ID}/providers/{self.type}/{self.name}"

    def document(self) -> dict[str, Any]:
        """As Resource Manager writes it."""
        return {
            "id": self.id,
            "name": self.name,
            "type": str(self.type),
            "kind": self.kind,
            "location": self.location,
            "tags": {},
            "properties": dict(self.properties),
        }


class Inventory(NamedTuple):
    """`regions` of the configured backends by name; the record's workspace id, and its database."""

    regions: Mapping[str, str]
    workspace: str
    database: str

    def resources(self, base_url: str) -> list[AzureResource]:
        """All there is; `base_url` is how the client calls this hub."""
        accounts = [
            AzureResource(ACCOUNT, name, self._location(name), "OpenAI", _DONE) for name in self.regions
        ]
        gateway = GATEWAY_RESOURCE_ID.rpartition("/")[2]
        workspace = {"customerId": self.workspace, **_DONE, "sku": {"name": "PerGB2018"}}
        cluster = {"uri": base_url, "dataIngestionUri": base_url, "state": "Running", **_DONE}
        return [
            *accounts,
            AzureResource(SERVICE, gateway, GLOBAL, "", _DONE),
            AzureResource(WORKSPACE, self.database, GLOBAL, "", workspace),
            AzureResource(CLUSTER, self.database, GLOBAL, "", cluster),
        ]

    def locations(self) -> list[str]:
        """Where the resources are."""
        return sorted({GLOBAL, *map(self._location, self.regions)})

    def _location(self, name: str) -> str:
        return short_region(self.regions[name]) or GLOBAL


def group_document() -> dict[str, Any]:
    """The resource group that they are all in."""
    return {
        "id": GROUP_ID,
        "name": GROUP,
        "type": "Microsoft.Resources/resourceGroups",
        "location": GLOBAL,
        "tags": {},
        "properties": dict(_DONE),
    }


def resource_rows(resources: list[AzureResource]) -> list[list[Any]]:
    """Rows of the table `resources` of Resource Graph, in which types are in lower case."""
    return [
        [
            one.id,
            one.name,
            str(one.type).lower(),
            SUBSCRIPTION,
            one.kind,
            one.location,
            GROUP,
            SUBSCRIPTION,
            {},
            dict(one.properties),
        ]
        for one in resources
    ]


def container_rows(subscription_name: str) -> list[list[Any]]:
    """Rows of the table `resourcecontainers`: the subscription and the group."""
    names = {
        f"/subscriptions/{SUBSCRIPTION}": (subscription_name, "microsoft.resources/subscriptions", ""),
        GROUP_ID: (GROUP, "microsoft.resources/subscriptions/resourcegroups", GROUP),
    }
    return [
        [id_, name, kind, SUBSCRIPTION, "", GLOBAL if group else "", group, SUBSCRIPTION, {}, dict(_DONE)]
        for id_, (name, kind, group) in names.items()
    ]
