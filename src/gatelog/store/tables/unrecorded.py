"""API Management's logs of what does not pass through this gateway: the tables exist, so that workbooks which
name them load, and are empty.

    ApiManagementGatewayMCPLog              requests to servers of the Model Context Protocol
    ApiManagementWebSocketConnectionLogs    events of WebSocket connections

Both are refused, and a refused call is a row of `Calls` and `ApiManagementGatewayLogs`.
https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewaymcplog
https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementwebsocketconnectionlogs
"""

from __future__ import annotations

from gatelog.kql import KqlType
from gatelog.store.tables.azure import GATEWAY_RESOURCE_ID, standard, unlisted
from gatelog.store.tables.table import LogColumn, LogTable, string, unknown

# fmt: off
_MCP_TEXTS = (
    "ApiType", "AuthenticationMethod", "ClientName", "ClientVersion", "CorrelationId", "Error", "ErrorType",
    "McpServerEndpoint", "Method", "OperationName", "ProtocolVersion", "Region", "ServerName",
    "ServerVersion", "SessionId", "ToolName", "TransportType",
)
_WEB_SOCKET_TEXTS = ("CorrelationId", "Destination", "Error", "EventName", "Region", "Source")
# fmt: on


def _empty(name: str, *columns: LogColumn) -> LogTable:
    return LogTable(
        name=name,
        columns=(
            LogColumn("TimeGenerated", KqlType.DATETIME, "received"),
            *columns,
            *standard(name, f"'{GATEWAY_RESOURCE_ID}'", "0"),
        ),
        condition="false",
        unlisted=unlisted(name),
    )


TABLES = (
    _empty("ApiManagementGatewayMCPLog", *map(string, _MCP_TEXTS), unknown("ToolCount", KqlType.INT)),
    _empty("ApiManagementWebSocketConnectionLogs", *map(string, _WEB_SOCKET_TEXTS)),
)
