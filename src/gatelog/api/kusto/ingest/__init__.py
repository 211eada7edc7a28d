"""Data that people bring: bytes in a format to rows of a table.

formats → records   json_path, mapping → fields to columns   cells → values to cells   rows → all of it
"""

from gatelog.api.kusto.ingest.cells import cell_of
from gatelog.api.kusto.ingest.formats import Format, find_format
from gatelog.api.kusto.ingest.mapping import KINDS, by_mapping
from gatelog.api.kusto.ingest.rows import INGEST_BYTES_MAX, columns_of_cells, picks_of, text_of

__all__ = [
    "INGEST_BYTES_MAX",
    "KINDS",
    "Format",
    "by_mapping",
    "cell_of",
    "columns_of_cells",
    "find_format",
    "picks_of",
    "text_of",
]
