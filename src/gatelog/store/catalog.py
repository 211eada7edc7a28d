"""What the query compiler may know of the store: its tables, their columns, and the typed twins of JSON
members.
"""

from __future__ import annotations

from gatelog.kql import Catalog
from gatelog.store.tables import TABLES

CATALOG = Catalog(table.kql_table() for table in TABLES)
