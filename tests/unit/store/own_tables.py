"""A table of the users' own, and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gatelog.kql import Catalog, Column, Compiled, KqlType, compile
from gatelog.store import (
    Budget,
    Filling,
    Store,
    TableNotes,
    UserTable,
)

NOW = datetime(2024, 5, 6, tzinfo=UTC)
COLUMNS = (Column("a", KqlType.STRING), Column("n", KqlType.LONG))


def made(store: Store, name: str = "T", **notes: Any) -> UserTable:
    return store.user_tables.create(TableNotes(name=name, created=NOW, **notes), COLUMNS)


def compiled(store: Store, text: str) -> Compiled:
    return compile(text, Catalog(table.kql_table() for table in store.user_tables.all()), now=NOW)


def rows(store: Store, text: str) -> list[tuple[Any, ...]]:
    return list(map(tuple, store.run(compiled(store, text).sql).rows))


def fill(store: Store, table: UserTable, text: str, *, replaces: bool = False) -> int:
    query = compiled(store, text)
    filling = Filling(query.sql, query.columns, Budget())
    if replaces:
        return store.user_tables.replace(table, table.notes, table.columns, filling)
    return store.user_tables.append(table, table.columns, filling)
