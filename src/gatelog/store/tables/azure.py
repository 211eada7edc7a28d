"""Azure resource names for a gateway that is no Azure resource, and the columns that every Azure table
carries.

Resource ids have the shape that Azure's have, so that queries which take them apart work; they are made from
the backend's name alone and so stay the same for ever:

    /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/gatelog/providers/
        Microsoft.CognitiveServices/accounts/{backend}      a backend: AzureDiagnostics, AzureMetrics
        Microsoft.ApiManagement/service/gatelog             the gateway: ApiManagementGateway…
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.table import LogColumn, string

ZERO_ID = "00000000-0000-0000-0000-000000000000"
"""Stands for the Azure subscription and the Log Analytics workspace, which do not exist."""

RESOURCE_GROUP = "gatelog"
_PREFIX = f"/subscriptions/{ZERO_ID}/resourceGroups/{RESOURCE_GROUP}/providers"

GATEWAY_RESOURCE_ID = f"{_PREFIX}/Microsoft.ApiManagement/service/gatelog".lower()
BACKEND_RESOURCES = f"{_PREFIX}/Microsoft.CognitiveServices/accounts/"
"""What the resource id of a backend begins with; its name follows."""

BACKEND_RESOURCE_ID = f"concat('{BACKEND_RESOURCES}', backend)"
"""SQL over a row with a `backend`."""

BACKEND_RESOURCE = (
    string("Resource", "upper(backend)"),
    string("ResourceGroup", f"'{RESOURCE_GROUP.upper()}'"),
    string("ResourceId", f"upper({BACKEND_RESOURCE_ID})"),
    string("ResourceProvider", "'MICROSOFT.COGNITIVESERVICES'"),
    string("SubscriptionId", f"'{ZERO_ID}'"),
)
"""Upper case, as Azure writes them."""


def standard(table: str, resource_id: str, billed: str) -> tuple[LogColumn, ...]:
    """The columns that Log Analytics adds to every table. `resource_id`, `billed` (bytes): SQL."""
    return (
        LogColumn("_BilledSize", KqlType.REAL, billed),
        string("_IsBillable", "'false'"),
        string("_ResourceId", resource_id),
        string("_SubscriptionId", f"'{ZERO_ID}'"),
        string("SourceSystem", "'Azure'"),
        string("TenantId", f"'{ZERO_ID}'"),
        string("Type", f"'{table}'"),
    )
