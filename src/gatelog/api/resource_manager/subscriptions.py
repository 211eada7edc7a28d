"""The one subscription and the one tenant that there are: what `az login` asks Resource Manager for.

Resource ids may name any other subscription; this one is what a client finds that has none in mind.
https://learn.microsoft.com/rest/api/resources/subscriptions/list
"""

from __future__ import annotations

from typing import Any

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""The id in the resource ids of the record, and of the tenant too."""

SUBSCRIPTION_NAME = "gatelog"


def subscription(name: str = SUBSCRIPTION) -> dict[str, Any]:
    """The subscription, by the id that the client calls it."""
    return {
        "id": f"/subscriptions/{name}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": name,
        "tenantId": SUBSCRIPTION,
        "displayName": SUBSCRIPTION_NAME,
        "state": "Enabled",
        "subscriptionPolicies": {"quotaId": "", "spendingLimit": "Off", "locationPlacementId": ""},
    }


def subscriptions() -> dict[str, Any]:
    """All of them."""
    return {"value": [subscription()], "count": {"type": "Total", "value": 1}}


def tenants() -> dict[str, Any]:
    """All of them."""
    tenant = {"id": f"/tenants/{SUBSCRIPTION}", "tenantId": SUBSCRIPTION, "displayName": SUBSCRIPTION_NAME}
    return {"value": [tenant]}
