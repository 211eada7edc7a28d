"""`ApiManagementGatewayLogs`: one row a call, with the columns of Azure's table of 07/27/2026.

https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewaylogs
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import GATEWAY_RESOURCE_ID, standard, unlisted
from gatelog.store.tables.bodies import request_words
from gatelog.store.tables.reported import REPORTED, reported_paths
from gatelog.store.tables.table import IndexedText, LogColumn, LogTable, said, string, unknown
from gatelog.store.words import RESPONSE_SHORT_WORDS, RESPONSE_WORDS

_NAME = "ApiManagementGatewayLogs"

# A refused call never reached a backend; one whose answer is the gateway's own has no body of the backend's.
_ASKED = "sent_ns IS NOT NULL"
_ANSWERED = "backend_status IS NOT NULL"
_INT_MAX = 2**31 - 1

# API Management's words where it has one for what happened; else our own, or the backend's code.
# https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies
LAST_ERROR_REASONS = {
    "missing_key": "SubscriptionKeyNotFound",
    "invalid_key": "SubscriptionKeyInvalid",
    "conflicting_keys": "SubscriptionKeyInvalid",
    "unknown_route": "OperationNotFound",
    "rate_limited": "RateLimitExceeded",
    "request_timeout": "Timeout",
    "backend_timeout": "Timeout",
    "upstream_timeout": "Timeout",
    "no_backend": "BackendConnectionFailure",
    "bad_gateway": "BackendConnectionFailure",
    "upstream_reset": "BackendConnectionFailure",
    "upstream_stall": "BackendConnectionFailure",
    "upstream_protocol": "BackendConnectionFailure",
    "client_abort": "ClientConnectionFailure",
    "client_timeout": "ClientConnectionFailure",
    "slow_client": "ClientConnectionFailure",
}
"""By the error's code where the client was answered, else by how the call ended."""

ANSWERED_WHOLE = ("complete", "refused", "backend_unavailable")
"""Ends of calls whose client was sent a whole answer: what went wrong, if anything, is the error's code."""

_FAILED = f"(error_code != '' OR end_reason NOT IN {ANSWERED_WHOLE})"
_FAILURE = "if(error_code != '', toString(error_code), toString(end_reason))"
_REASON = (
    f"transform(toString(if(end_reason IN {ANSWERED_WHOLE}, error_code, end_reason)),"
    f" {list(LAST_ERROR_REASONS)}, {list(LAST_ERROR_REASONS.values())}, if({_FAILED}, {_FAILURE}, ''))"
)
_ERROR = f"(end_reason, {_FAILURE}, error_message) AS Tuple(source String, reason String, message String)"
_ERRORS = f"if({_FAILED}, concat('[', toJSONString(CAST({_ERROR})), ']'), NULL)"

# The client sends its request, and takes what is left of the answer once the backend's last byte is there.
_CLIENT_NS = "ifNull(request_complete_ns, 0) + greatest(ifNull(done_ns - last_byte_ns, 0), 0)"


def _when(condition: str, value: str, otherwise: str = "''") -> str:
    return f"if({condition}, {value}, {otherwise})"


def _ms(nanoseconds: str) -> str:
    return f"intDiv(ifNull({nanoseconds}, 0), 1000000)"


TABLE = LogTable(
    name=_NAME,
    columns=(
        string("ApiId", "'azure-openai'"),
        string("ApimSubscriptionId", "subscription"),
        string("ApiRevision"),
        string("BackendId", "backend"),
        string("BackendMethod", _when(_ASKED, "method")),
        string("BackendProtocol", _when(_ASKED, "'HTTP/1.1'")),
        said("BackendRequestBody", _when(_ASKED, "request_body")),
        unknown("BackendRequestHeaders", KqlType.DYNAMIC),
        said("BackendResponseBody", _when(_ANSWERED, "response_body")),
        LogColumn("BackendResponseCode", KqlType.INT, "backend_status", nullable=True),
        LogColumn(
            "BackendResponseHeaders",
            KqlType.DYNAMIC,
            _when(_ANSWERED, "response_headers", "NULL"),
            nullable=True,
        ),
        LogColumn("BackendTime", KqlType.LONG, _ms("upstream_ns")),
        string("BackendUrl", "backend_url"),
        string("Cache", "'none'"),
        LogColumn("CacheTime", KqlType.LONG, "0"),
        string("CallerIpAddress", "client_ip"),
        string("Category", "'GatewayLogs'"),
        string("ClientProtocol", "concat('HTTP/', http_version)"),
        LogColumn("ClientTime", KqlType.LONG, _ms(_CLIENT_NS)),
        string("ClientTlsVersion", "tls_version"),
        string("CorrelationId", "request_id"),
        LogColumn("Errors", KqlType.DYNAMIC, _ERRORS, nullable=True, content=True),
        LogColumn("IsMasterTrace", KqlType.BOOL, "false"),
        LogColumn("IsTraceAllowed", KqlType.BOOL, "false"),
        LogColumn("IsTraceExpired", KqlType.BOOL, "false"),
        LogColumn("IsTraceRequested", KqlType.BOOL, "false"),
        LogColumn("IsRequestSuccess", KqlType.BOOL, "ifNull(status BETWEEN 200 AND 399, false)"),
        LogColumn("LastErrorElapsed", KqlType.LONG, _when(_FAILED, _ms("done_ns"), "NULL"), nullable=True),
        said("LastErrorMessage", "error_message"),
        string("LastErrorReason", _REASON),
        string("LastErrorScope", _when(_FAILED, "'global'")),
        string("LastErrorSection", _when(_FAILED, _when(_ASKED, "'backend'", "'inbound'"))),
        string("LastErrorSource", _when(_FAILED, "end_reason")),
        string("Method", "method"),
        string("OperationId", "operation_id"),
        string("OperationName", "'Microsoft.ApiManagement/GatewayLogs'"),
        string("ProductId", "product"),
        string("Region", "region"),
        said("RequestBody", "request_body"),
        LogColumn("RequestHeaders", KqlType.DYNAMIC, "request_headers"),
        LogColumn("RequestSize", KqlType.INT, f"least(received_bytes, {_INT_MAX})"),
        said("ResponseBody", "response_body"),
        LogColumn("ResponseCode", KqlType.INT, "status", nullable=True),
        LogColumn("ResponseHeaders", KqlType.DYNAMIC, "response_headers"),
        LogColumn("ResponseSize", KqlType.INT, f"least(sent_bytes, {_INT_MAX})"),
        LogColumn("Timestamp", KqlType.DATETIME, "received"),
        LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
        LogColumn("TotalTime", KqlType.LONG, _ms("done_ns")),
        unknown("TraceRecords", KqlType.DYNAMIC),
        string("Url", "target"),
        string("UserId"),
        string("WorkspaceId"),
        *standard(_NAME, f"'{GATEWAY_RESOURCE_ID}'", "request_size + response_size"),
    ),
    hidden=REPORTED,
    paths={**reported_paths("BackendResponseBody"), **reported_paths("ResponseBody")},
    indexed=(
        request_words("RequestBody"),
        request_words("BackendRequestBody", guard=_ASKED),
        IndexedText("ResponseBody", RESPONSE_WORDS, RESPONSE_SHORT_WORDS),
        IndexedText("BackendResponseBody", RESPONSE_WORDS, RESPONSE_SHORT_WORDS, guard=_ANSWERED),
    ),
    unlisted=unlisted(_NAME),
)
