"""What a query answers becomes a table, or rows of one: all of it or nothing, whatever happens to the hub.

    query ─► staging table, which nobody sees ─┬─ make       it becomes a table of the users'
                                               ├─ replace    it takes the table's place, notes and columns too
                                               └─ append     its rows, one part by then, are attached

Each of the three is one statement, and the engine has done it or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from clickhouse_connect.driver.binding import quote_identifier

from gatelog.errors import UserTableError
from gatelog.kql import Column, KqlType
from gatelog.store.query import Budget, execute
from gatelog.store.user_engine import STAGING, SYNC, UserEngine, new_id

ROWS_MAX = 20_000_000
"""Rows of one table. What is larger belongs into a system of its own."""


class Filling(NamedTuple):
    """A compiled query whose rows a table gets, by position, and what they may cost."""

    sql: str
    columns: Sequence[Column]
    budget: Budget


class Staged(NamedTuple):
    """A table that nobody sees yet: its id, and how many rows it has."""

    id: str
    rows: int


@contextmanager
def staged(engine: UserEngine, filling: Filling, columns: Sequence[Column], comment: str) -> Iterator[Staged]:
    """A table of these columns with the rows of a query, while the context lasts. Columns that the query
    does not have are null. KqlError, StoreError, UserTableError if it is too large.
    """
    staging = new_id(STAGING)
    engine.create(staging, columns, comment)
    try:
        execute(engine.clients, _insert(engine.source(staging), columns, filling), filling.budget)
        count = engine.count(staging)
        if count > ROWS_MAX:
            raise UserTableError(f"a table has at most {ROWS_MAX} rows, not {count}")
        yield Staged(staging, count)
    finally:
        engine.remove(staging)


def attach(engine: UserEngine, staging: Staged, table_id: str) -> None:
    """Give a table the rows of a staged one in one step of the engine's: as a single part, since several are
    put into place one after the other.
    """
    if not staging.rows:
        return
    if len(engine.system("parts", "name", "AND active AND table = {id:String}", id=staging.id)) > 1:
        engine.command(f"OPTIMIZE TABLE {engine.source(staging.id)} FINAL", {"optimize_throw_if_noop": 1})
    move = f"ATTACH PARTITION tuple() FROM {engine.source(staging.id)}"
    with engine.form_of(table_id):
        engine.command(f"ALTER TABLE {engine.source(table_id)} {move}", SYNC)


def _insert(target: str, into: Sequence[Column], filling: Filling) -> str:
    names = ", ".join(quote_identifier(column.name) for column in into[: len(filling.columns)])
    places = [f"c{place}" for place in range(len(filling.columns))]
    cells = ", ".join(
        _stored(column.type, place) for column, place in zip(filling.columns, places, strict=True)
    )
    source = f"({filling.sql}) AS answer({', '.join(places)})"
    select = f"SELECT {cells} FROM {source} LIMIT {ROWS_MAX + 1}"  # noqa: S608 - from the compiler
    return f"INSERT INTO {target} ({names}) {select}"


def _stored(kql_type: KqlType, cell: str) -> str:
    """A cell of a compiled query as the table keeps it: datetimes come as ticks since 1970."""
    if kql_type is not KqlType.DATETIME:
        return cell
    return f"if(isNull({cell}), NULL, reinterpret(assumeNotNull({cell}), 'DateTime64(7, \\'UTC\\')'))"
