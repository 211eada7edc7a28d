"""The tables that a query may name."""

from __future__ import annotations

from collections.abc import Iterable

from gatelog.kql.schema import Table


class Catalog:
    """Tables by name; names are case-sensitive, as in Kusto."""

    def __init__(self, tables: Iterable[Table] = ()) -> None:
        self._tables = {table.name: table for table in tables}

    def find(self, name: str) -> Table | None:
        """The table called `name`, or None."""
        return self._tables.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """All table names, in the order given."""
        return tuple(self._tables)

    def __repr__(self) -> str:
        return f"Catalog({', '.join(self._tables)})"
