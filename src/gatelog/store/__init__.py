"""The analytic store: ClickHouse schema, ingest, views for KQL, queries within budgets, retention,
completeness.
"""

from gatelog.store.catalog import CATALOG
from gatelog.store.completeness import BootLine, Report
from gatelog.store.ledger import AccountRow, BootRow, Ledger, SpoolBoot
from gatelog.store.named import name_statements, statement_name
from gatelog.store.query import Budget, Rows, Work
from gatelog.store.retention import Expired
from gatelog.store.sequences import BootKey
from gatelog.store.store import Store
from gatelog.store.tables import (
    ANSWERED_WHOLE,
    BACKEND_RESOURCES,
    GATEWAY_RESOURCE_ID,
    LAST_ERROR_REASONS,
    TABLES,
    LogColumn,
    LogTable,
)
from gatelog.store.user_fills import Filling
from gatelog.store.user_rows import ROWS_A_REQUEST_MAX, Part
from gatelog.store.user_table import IngestionMapping, Retention, TableNotes, UserTable, is_name
from gatelog.store.user_tables import UserTables

__all__ = [
    "ANSWERED_WHOLE",
    "BACKEND_RESOURCES",
    "CATALOG",
    "GATEWAY_RESOURCE_ID",
    "LAST_ERROR_REASONS",
    "ROWS_A_REQUEST_MAX",
    "TABLES",
    "AccountRow",
    "BootKey",
    "BootLine",
    "BootRow",
    "Budget",
    "Expired",
    "Filling",
    "IngestionMapping",
    "Ledger",
    "LogColumn",
    "LogTable",
    "Part",
    "Report",
    "Retention",
    "Rows",
    "SpoolBoot",
    "Store",
    "TableNotes",
    "UserTable",
    "UserTables",
    "Work",
    "is_name",
    "name_statements",
    "statement_name",
]
