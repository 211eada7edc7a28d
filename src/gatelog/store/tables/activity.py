"""`AzureActivity`: control-plane events. gatelog changes no Azure resource, so the table exists and is empty.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/azureactivity
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import unlisted
from gatelog.store.tables.table import LogColumn, LogTable, string, unknown

# fmt: off
_TEXTS = (
    "ActivityStatus", "ActivityStatusValue", "ActivitySubstatus", "ActivitySubstatusValue",
    "Authorization", "Caller", "CallerIpAddress", "Category", "CategoryValue", "Claims",
    "CorrelationId", "EventDataId", "Hierarchy", "HTTPRequest", "Level", "OperationId", "OperationName",
    "OperationNameValue", "Properties", "Resource", "ResourceGroup", "ResourceId", "ResourceProvider",
    "ResourceProviderValue", "SubscriptionId", "TenantId", "SourceSystem", "Type", "_IsBillable",
    "_ResourceId", "_SubscriptionId",
)
# fmt: on

TABLE = LogTable(
    name="AzureActivity",
    columns=(
        LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
        *(string(name) for name in _TEXTS),
        unknown("Authorization_d", KqlType.DYNAMIC),
        unknown("Claims_d", KqlType.DYNAMIC),
        unknown("Properties_d", KqlType.DYNAMIC),
        unknown("EventSubmissionTimestamp", KqlType.DATETIME),
        unknown("_BilledSize", KqlType.REAL),
    ),
    condition="false",
    unlisted=unlisted("AzureActivity"),
)
