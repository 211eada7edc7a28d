"""Lists of Azure Resource Manager: {"value": [document, …]}.

A filter is that of metrics: `resourceType eq '…' and location eq '…'`; a property that is not known is
nobody's.
https://learn.microsoft.com/rest/api/resources/resources/list
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gatelog.api.metrics.filters import Comparison, Condition, parse_filter
from gatelog.api.resource_manager.inventory import TYPES, AzureResource

API_VERSION = "2024-02-01"
"""What clients may ask with; every other is taken too."""

_INSIGHTS = "Microsoft.Insights"
_INSIGHTS_TYPES: tuple[str, ...] = ("metrics", "metricDefinitions", "metricNamespaces", "logs")


def listed(documents: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A whole list: there is no next page."""
    return {"value": list(documents)}


def filtered(resources: Sequence[AzureResource], text: str) -> list[AzureResource]:
    """Those that a filter lets through. MetricsError 400 for one that cannot be read."""
    conditions = parse_filter(text)
    return [one for one in resources if all(_holds(condition, one) for condition in conditions)]


def location_document(subscription: str, name: str) -> dict[str, Any]:
    """A region."""
    return {
        "id": f"/subscriptions/{subscription}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": name,
        "regionalDisplayName": name,
        "metadata": {"regionType": "Physical", "regionCategory": "Other"},
    }


def provider_document(name: str, locations: Sequence[str]) -> dict[str, Any] | None:
    """A resource provider with its types, or None if nothing of it is here."""
    known = {_INSIGHTS: _INSIGHTS_TYPES, **{one.provider: (one.kind,) for one in TYPES}}
    namespace = next((provider for provider in known if provider.lower() == name.lower()), None)
    if namespace is None:
        return None
    return {
        "id": f"/providers/{namespace}",
        "namespace": namespace,
        "registrationState": "Registered",
        "resourceTypes": [
            {"resourceType": kind, "locations": list(locations), "apiVersions": [API_VERSION]}
            for kind in known[namespace]
        ],
    }


def _holds(condition: Condition, resource: AzureResource) -> bool:
    values = {"resourcetype": str(resource.type), "location": resource.location, "name": resource.name}
    value = values.get(condition.dimension.lower(), "").lower()
    return any(_passes(test, value) for test in condition.tests)


def _passes(test: Comparison, value: str) -> bool:
    wanted = test.value.lower()
    match test.operator:
        case "ne":
            return value != wanted
        case "sw":
            return value.startswith(wanted)
    return test.takes_all or value == wanted
