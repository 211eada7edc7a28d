"""The analytic store: ClickHouse schema, ingest, views for KQL, queries within budgets, retention,
completeness.
"""

from gatelog.store.catalog import CATALOG
from gatelog.store.completeness import BootLine, Report
from gatelog.store.ledger import AccountRow, BootRow, Ledger, SpoolBoot
from gatelog.store.query import Budget, Rows
from gatelog.store.ranges import Range, RangeSet
from gatelog.store.retention import Expired
from gatelog.store.sequences import BootKey
from gatelog.store.store import Store
from gatelog.store.tables import TABLES, LogColumn, LogTable

__all__ = [
    "CATALOG",
    "TABLES",
    "AccountRow",
    "BootKey",
    "BootLine",
    "BootRow",
    "Budget",
    "Expired",
    "Ledger",
    "LogColumn",
    "LogTable",
    "Range",
    "RangeSet",
    "Report",
    "Rows",
    "SpoolBoot",
    "Store",
]
