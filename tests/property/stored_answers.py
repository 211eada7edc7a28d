"""What a store answers, by the indexes and typed columns of its texts or by the texts alone."""

from __future__ import annotations

from datetime import UTC, datetime

from gatelog import kql
from gatelog.store import CATALOG, Store

NOW = datetime(2026, 9, 22, tzinfo=UTC)


def rows(store: Store, query: str, *, use_paths: bool) -> list[object]:
    """The first column, in order."""
    compiled = kql.compile(query, CATALOG, now=NOW, use_paths=use_paths)
    return sorted(row[0] for row in store.run(compiled.sql).rows)
