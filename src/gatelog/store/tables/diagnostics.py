"""`AzureDiagnostics`: what Azure OpenAI itself would log of each call that reached it (category
RequestResponse).

https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
`properties_s` has the members of Microsoft's published records. Azure masks the last octet of the caller's
address; here it is whole.
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import BACKEND_RESOURCE, BACKEND_RESOURCE_ID, standard, unlisted
from gatelog.store.tables.table import SQL_TYPES, STRING_NULL, LogColumn, LogTable, said, string

_NAME = "AzureDiagnostics"

_TICKS_1970 = 621_355_968_000_000_000
"""100 ns from 0001-01-01 to 1970-01-01: requestTime and responseTime are .NET ticks."""

_REQUEST_TICKS = f"{_TICKS_1970} + reinterpretAsInt64(received) + intDiv(ifNull(sent_ns, 0), 100)"

_MODEL = "if(model_served != '', model_served, model_asked)"

# What answers call `gpt-4o-2024-11-20` is the model `gpt-4o` in the version `2024-11-20` to the service.
_VERSION = "-([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4})$"

_PROPERTIES = (
    ("apiName", KqlType.STRING, "if(api_version = '', '', concat('Azure OpenAI API version ', api_version))"),
    ("requestTime", KqlType.LONG, _REQUEST_TICKS),
    ("requestLength", KqlType.LONG, "received_bytes"),
    ("responseTime", KqlType.LONG, f"{_REQUEST_TICKS} + intDiv(upstream_ns, 100)"),
    ("responseLength", KqlType.LONG, "response_size"),
    ("objectId", KqlType.STRING, STRING_NULL),
    ("streamType", KqlType.STRING, "if(stream, 'Streaming', 'Non-Streaming')"),
    ("modelDeploymentName", KqlType.STRING, "deployment"),
    ("modelName", KqlType.STRING, f"replaceRegexpOne({_MODEL}, '{_VERSION}', '')"),
    ("modelVersion", KqlType.STRING, f"extract({_MODEL}, '{_VERSION}')"),
)
"""The members of `properties_s`: name, type and SQL."""

_MEMBER_TYPES = ", ".join(f"{name} {SQL_TYPES[kql_type]}" for name, kql_type, _ in _PROPERTIES)
_JSON = f"toJSONString(CAST(({', '.join(sql for *_, sql in _PROPERTIES)}) AS Tuple({_MEMBER_TYPES})))"

# The log keeps ids in lower case; the service writes Create_Thread, and these otherwise.
_SPELLED = {
    "chatcompletions_create": "ChatCompletions_Create",
    "imagegenerations_create": "ImageGenerations_Create",
    "createresponse": "Create_Response",
}
_OPERATION_NAME = (
    f"transform(toString(operation_id), {list(_SPELLED)}, {list(_SPELLED.values())}, initcap(operation_id))"
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
        string("properties_s", _JSON),
        string("location_s", "region"),
        string("event_s", "'ShoeboxCallResult'"),
        string("Tenant_s", "region"),
        *standard(_NAME, f"lower({BACKEND_RESOURCE_ID})", "request_size + response_size"),
    ),
    condition="sent_ns IS NOT NULL",
    hidden=tuple(LogColumn(f"__{name}", kql_type, sql) for name, kql_type, sql in _PROPERTIES),
    paths={("properties_s", (name,)): f"__{name}" for name, *_ in _PROPERTIES},
    unlisted=unlisted(_NAME),
)
