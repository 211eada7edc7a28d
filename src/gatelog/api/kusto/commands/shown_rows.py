"""What commands show, as tables for queries: `.show tables | where …`, `.set T <| .show queries`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple

from gatelog.api.kusto.ingest import cell_of
from gatelog.api.kusto.result import CommandTable
from gatelog.kql import Catalog, Table
from gatelog.store import UserTables

SHOWN = "(what the command shows)"
"""No table of the users' can be called so: their names have no parentheses."""


class Source(NamedTuple):
    """A query, and what it may name if that is not what its author's queries may name."""

    text: str
    catalog: Catalog | None = None


class ShownRows(ExitStack):
    """Keeps rows in the store until it is closed."""

    def __init__(self, user_tables: UserTables) -> None:
        super().__init__()
        self._user_tables = user_tables
        self._lent: list[tuple[CommandTable, Table]] = []

    def source(self, shown: CommandTable, pipe: str, catalog: Catalog) -> Source:
        """The query that begins with rows and goes on with `pipe`; the same for the same rows."""
        return Source(f"['{SHOWN}']\n{pipe}", catalog.with_unlisted(self._table(shown)))

    def _table(self, shown: CommandTable) -> Table:
        for known, table in self._lent:
            if known == shown:
                return table
        cells = [
            [cell_of(column.type, row[place]) for row in shown.rows]
            for place, column in enumerate(shown.columns)
        ]
        table = self.enter_context(self._user_tables.lent(SHOWN, shown.columns, cells))
        self._lent.append((shown, table))
        return table
