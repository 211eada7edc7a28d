"""Rows that are asked about once, and are nobody's table: what a command shows, for the query behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gatelog.kql import Column, Table
from gatelog.store.user_engine import STAGING, UserEngine, definition, new_id
from gatelog.store.user_table import column_type


@contextmanager
def lent_rows(
    engine: UserEngine, name: str, columns: Sequence[Column], cells: Sequence[Sequence[Any]]
) -> Iterator[Table]:
    """Rows, given as one sequence of cells (see gatelog.kql) for each column, as the table called `name`
    while the context lasts. StoreError if the engine fails.
    """
    staging = new_id(STAGING)
    engine.create_database()
    engine.command(
        f"CREATE TABLE {engine.source(staging)} ({', '.join(map(definition, columns))}) ENGINE = Memory"
    )
    try:
        if cells[0]:
            with engine.clients.borrow() as client:
                client.insert(
                    staging,
                    cells,
                    database=engine.database,
                    column_names=[column.name for column in columns],
                    column_type_names=[column_type(column.type) for column in columns],
                    column_oriented=True,
                )
        yield Table(name, tuple(columns), f"{engine.database}.{staging}")
    finally:
        engine.remove(staging)
