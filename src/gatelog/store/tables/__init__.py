"""The tables that KQL can name, and the SQL views behind them."""

from gatelog.store.tables import activity, calls, diagnostics, gateway_logs, llm_log, metrics
from gatelog.store.tables.azure import BACKEND_RESOURCES, GATEWAY_RESOURCE_ID
from gatelog.store.tables.table import LogColumn, LogTable

TABLES: tuple[LogTable, ...] = (
    gateway_logs.TABLE,
    llm_log.TABLE,
    diagnostics.TABLE,
    metrics.TABLE,
    activity.TABLE,
    calls.TABLE,
)

__all__ = ["BACKEND_RESOURCES", "GATEWAY_RESOURCE_ID", "TABLES", "LogColumn", "LogTable"]
