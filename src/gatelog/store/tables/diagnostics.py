"""`AzureDiagnostics`: what Azure OpenAI itself would log of each call that reached it (category
RequestResponse).

https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
`properties_s` has the members of Microsoft's published records. Azure masks the last octet of the caller's
address; here it is whole.
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import BACKEND_RESOURCE, BACKEND_RESOURCE_ID, standard
from gatelog.store.tables.table import LogColumn, LogTable, said, string

_NAME = "AzureDiagnostics"

_TICKS_1970 = 621_355_968_000_000_000
"""100 ns from 0001-01-01 to 1970-01-01: requestTime and responseTime are .NET ticks."""

_REQUEST_TICKS = f"{_TICKS_1970} + reinterpretAsInt64(received) + intDiv(ifNull(sent_ns, 0), 100)"

_PROPERTIES = f"""toJSONString(CAST((
    if(api_version = '', '', concat('Azure OpenAI API version ', api_version)),
    {_REQUEST_TICKS}, received_bytes,
    {_REQUEST_TICKS} + intDiv(upstream_ns, 100), response_size, '',
    if(stream, 'Streaming', 'Non-Streaming'), deployment,
    if(model_served != '', model_served, model_asked), ''
  ) AS Tuple(apiName String, requestTime Int64, requestLength Int64, responseTime Int64, responseLength Int64,
             objectId String, streamType String, modelDeploymentName String, modelName String,
             modelVersion String)))"""

# The log keeps ids in lower case; the service writes Create_Thread, and these with a capital inside.
_OPERATION_NAME = (
    "replaceOne(replaceOne(initcap(operation_id), 'Chatcompletions', 'ChatCompletions'),"
    " 'Imagegenerations', 'ImageGenerations')"
)

TABLE = LogTable(
    name=_NAME,
    columns=(
        LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
        string("Category", "'RequestResponse'"),
        string("OperationName", _OPERATION_NAME),
        string("OperationVersion", "api_version"),
        LogColumn("DurationMs", KqlType.LONG, "intDiv(upstream_ns, 1000000)"),
        string("ResultType", "if(ifNull(backend_status, 500) < 400, 'Succeeded', 'Failed')"),
        string("ResultSignature", "ifNull(toString(backend_status), '')"),
        said("ResultDescription", "error_message"),
        string("CallerIPAddress", "client_ip"),
        string("CorrelationId", "request_id"),
        string("Level", "if(ifNull(backend_status, 500) < 400, 'Informational', 'Error')"),
        *BACKEND_RESOURCE,
        string("ResourceType", "'ACCOUNTS'"),
        string("properties_s", _PROPERTIES),
        string("location_s", "region"),
        string("event_s", "'ShoeboxCallResult'"),
        string("Tenant_s", "region"),
        *standard(_NAME, f"lower({BACKEND_RESOURCE_ID})", "request_size + response_size"),
    ),
    condition="sent_ns IS NOT NULL",
)
