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
from gatelog.store.tables.table import TIME_RECEIVED, LogColumn, string

ZERO_ID = "00000000-0000-0000-0000-000000000000"
"""Stands for the Azure subscription and the Log Analytics workspace, which do not exist."""

RESOURCE_GROUP = "gatelog"
_PREFIX = f"/subscriptions/{ZERO_ID}/resourceGroups/{RESOURCE_GROUP}/providers"

GATEWAY_RESOURCE_ID = f"{_PREFIX}/Microsoft.ApiManagement/service/gatelog".lower()
WORKSPACE_RESOURCE_ID = f"{_PREFIX}/Microsoft.OperationalInsights/workspaces/gatelog".lower()
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


CALL = "instance, '/', boot, '/', toString(sequence)"
"""SQL of the parts of a text that no other call has."""

CALL_ENDED = (
    "addNanoseconds(received,"
    " coalesce(done_ns, last_byte_ns, first_byte_ns, sent_ns, request_complete_ns, toInt64(0)))"
)
"""SQL of when a call's record was complete; where the gateway did not end it, of the last that is known."""


def unlisted(table: str, *, parts: str = CALL, received: str = CALL_ENDED) -> tuple[LogColumn, ...]:
    """The columns that Log Analytics has of every record, and shows to queries that name them. `parts` of a
    text that no other row has, and when the row was complete: SQL.
    """
    return (
        LogColumn(TIME_RECEIVED, KqlType.DATETIME, received),
        string("_ItemId", f"toString(reinterpretAsUUID(MD5(concat('{table}/', {parts}))))"),
        string("_Internal_WorkspaceResourceId", f"'{WORKSPACE_RESOURCE_ID}'"),
    )
