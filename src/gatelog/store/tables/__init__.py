"""The tables that KQL can name, and the SQL views behind them."""

from gatelog.store.tables import activity, calls, diagnostics, gateway_logs, llm_log, metrics, unrecorded
from gatelog.store.tables.azure import BACKEND_RESOURCES, GATEWAY_RESOURCE_ID
from gatelog.store.tables.gateway_logs import ANSWERED_WHOLE, LAST_ERROR_REASONS
from gatelog.store.tables.table import LogColumn, LogTable

TABLES: tuple[LogTable, ...] = (
    gateway_logs.TABLE,
    llm_log.TABLE,
    diagnostics.TABLE,
    metrics.TABLE,
    activity.TABLE,
    *unrecorded.TABLES,
    calls.TABLE,
)

__all__ = [
    "ANSWERED_WHOLE",
    "BACKEND_RESOURCES",
    "GATEWAY_RESOURCE_ID",
    "LAST_ERROR_REASONS",
    "TABLES",
    "LogColumn",
    "LogTable",
]
