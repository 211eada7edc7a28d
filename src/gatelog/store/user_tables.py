"""The tables that users make: price lists, team directories, results worth keeping. Beside the record, never
in it.

    create · alter · rename · drop · annotate          one statement each; the list is read again after it
    restrict    annotate, and another id
    insert      one block, so all of its rows or none
    fill        query ─► staging table ─► its parts are attached (or put in place of the old) in one step
    expire      rows older than their table's retention
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from clickhouse_connect.driver.binding import format_str, quote_identifier
from clickhouse_connect.driver.client import Client
from msgspec import structs

from gatelog.errors import UserTableError
from gatelog.kql import Column, KqlType
from gatelog.store.clients import Clients
from gatelog.store.query import Budget, execute
from gatelog.store.user_table import (
    INGESTED,
    TableNotes,
    UserTable,
    check_columns,
    check_name,
    column_type,
    notes_text,
    read_table,
)

TABLES_MAX = 500
"""Tables of the users in one store: each is read with every look at the list of tables."""

ROWS_A_REQUEST_MAX = 500_000
"""Rows of one insert: it stays one block, which is what makes it atomic."""

ROWS_MAX = 20_000_000
"""Rows of one table. What is larger belongs into a system of its own."""

_TABLE, _STAGING = "t_", "s_"
_ID_BYTES = 8
_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"
_ONE_BLOCK = {
    "min_insert_block_size_rows": 2 * ROWS_A_REQUEST_MAX,
    "min_insert_block_size_bytes": 2**32,
    "async_insert": 0,
}
_SYNC = {"mutations_sync": 1, "alter_sync": 1}


class TableSize(NamedTuple):
    """How much a table holds; bytes on disk."""

    rows: int
    bytes: int


class UserTables:
    """All tables of the users of one store. Methods block and may be called from any thread."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._database = f"{clients.database}_user"
        self._change = threading.RLock()
        self._tables: dict[str, UserTable] = {}
        self._all: tuple[UserTable, ...] = ()
        self._remove_staging()
        self._read()

    # what there is

    def all(self) -> tuple[UserTable, ...]:
        """Every table, by name; the same tuple until something changes."""
        return self._all

    def find(self, name: str) -> UserTable | None:
        """The table called `name`, or None."""
        return self._tables.get(name)

    def size(self, table: UserTable) -> TableSize:
        """What `table` holds now."""
        with self._clients.borrow() as client:
            rows = client.query(
                "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts"
                " WHERE active AND database = {database:String} AND table = {id:String}",
                parameters={"database": self._database, "id": table.id},
            ).result_rows
        return TableSize(*map(int, rows[0]))

    # their shape

    def create(self, notes: TableNotes, columns: Sequence[Column]) -> UserTable:
        """A new, empty table. UserTableError if the name or a column cannot be, or there are too many."""
        check_columns(columns)
        check_name(notes.name, "table")
        with self._change:
            if notes.name in self._tables:
                raise UserTableError(f"the table {notes.name} exists already")
            if len(self._tables) >= TABLES_MAX:
                raise UserTableError(f"there are {TABLES_MAX} tables already, which is the limit")
            self._command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(self._database)}")
            self._command(self._create_statement(_TABLE, columns, notes_text(notes)))
            self._read()
            return self._tables[notes.name]

    def reshape(self, table: UserTable, columns: Sequence[Column]) -> UserTable:
        """Give `table` exactly these columns in this order: new ones are null, missing ones are dropped with
        their data. UserTableError if one would change its type.
        """
        check_columns(columns)
        known = {column.name: column.type for column in table.columns}
        for column in columns:
            if known.get(column.name, column.type) is not column.type:
                change = f"of type {known[column.name]} and cannot become {column.type}"
                raise UserTableError(f"the column {column.name} is {change}")
        wanted = {column.name for column in columns}
        actions = [f"DROP COLUMN {quote_identifier(name)}" for name in known if name not in wanted]
        place = "FIRST"
        for column in columns:
            verb = "MODIFY" if column.name in known else "ADD"
            actions.append(f"{verb} COLUMN {_definition(column)} {place}")
            place = f"AFTER {quote_identifier(column.name)}"
        return self._changed(table, ", ".join(actions))

    def annotate(self, table: UserTable, notes: TableNotes) -> UserTable:
        """Replace what is noted of `table`, its name included. What is restricted stays so: `notes` may have
        been written before it was.
        """
        check_name(notes.name, "table")
        with self._change:
            if any(one.id == table.id and one.notes.restricted for one in self._all):
                notes = structs.replace(notes, restricted=True)
            if notes.name != table.name and notes.name in self._tables:
                raise UserTableError(f"the table {notes.name} exists already")
            return self._changed(table, f"MODIFY COMMENT {format_str(notes_text(notes))}", notes.name)

    def restrict(self, table: UserTable) -> UserTable:
        """Make `table` one that only they may read who may read bodies. Its id changes: a question of
        somebody else that was compiled before, and runs later, finds no table.
        """
        with self._change:
            table = self.annotate(table, structs.replace(table.notes, restricted=True))
            renamed = self._source(_TABLE + secrets.token_hex(_ID_BYTES))
            self._command(f"RENAME TABLE {self._source(table.id)} TO {renamed}")
            self._read()
            return self._tables[table.name]

    def drop(self, table: UserTable) -> None:
        """Remove `table` with its rows."""
        with self._change:
            self._command(f"DROP TABLE IF EXISTS {self._source(table.id)} SYNC")
            self._read()

    # their rows

    def insert(self, table: UserTable, columns: Sequence[Sequence[Any]]) -> int:
        """Add rows, given as one sequence of cells (see gatelog.kql) for each column; all of them or none."""
        count = len(columns[0])
        self._check_room(table, count, ROWS_A_REQUEST_MAX)
        if not count:
            return 0
        with self._clients.borrow() as client:
            client.insert(
                table.id,
                columns,
                database=self._database,
                column_names=[column.name for column in table.columns],
                column_type_names=[column_type(column.type) for column in table.columns],
                column_oriented=True,
                settings=_ONE_BLOCK,
            )
        return count

    def fill(
        self, table: UserTable, sql: str, columns: Sequence[Column], budget: Budget, *, replace: bool
    ) -> int:
        """Add the rows of a compiled query to `table`, or put them in place of its rows. By position: the
        query's columns have the types of the table's.
        """
        staging = _STAGING + secrets.token_hex(_ID_BYTES)
        self._command(f"CREATE TABLE {self._source(staging)} AS {self._source(table.id)}")
        try:
            execute(self._clients, self._insert_statement(staging, table, sql, columns), budget)
            count = self._count(staging)
            self._check_room(table, count, ROWS_MAX, replacing=replace)
            if count:
                verb = "REPLACE" if replace else "ATTACH"
                move = f"{verb} PARTITION tuple() FROM {self._source(staging)}"
                self._command(f"ALTER TABLE {self._source(table.id)} {move}", _SYNC)
            elif replace:
                self.clear(table)
        finally:
            self._command(f"DROP TABLE IF EXISTS {self._source(staging)} SYNC")
        return count

    def clear(self, table: UserTable) -> None:
        """Remove all rows of `table`."""
        self._command(f"TRUNCATE TABLE {self._source(table.id)}")

    def expire(self, now: datetime) -> int:
        """Remove rows whose table keeps them no longer; how many."""
        removed = 0
        for table in self.all():
            if table.notes.retention.seconds is not None:
                removed += self._expire(table, now - timedelta(seconds=table.notes.retention.seconds))
        return removed

    def _expire(self, table: UserTable, before: datetime) -> int:
        old = f"{quote_identifier(INGESTED)} < toDateTime64({before.timestamp()!r}, 7, 'UTC')"
        count = self._count(table.id, old)
        if count:
            self._command(f"ALTER TABLE {self._source(table.id)} DELETE WHERE {old}", _SYNC)
        return count

    # statements

    def _create_statement(self, kind: str, columns: Iterable[Column], comment: str) -> str:
        ingested = f"{quote_identifier(INGESTED)} DateTime64(7, 'UTC') DEFAULT now64(7)"
        lines = ", ".join([*map(_definition, columns), ingested])
        return (
            f"CREATE TABLE {self._source(kind + secrets.token_hex(_ID_BYTES))} ({lines}) ENGINE = MergeTree"
            f" ORDER BY tuple() SETTINGS {_DURABLE} COMMENT {format_str(comment)}"
        )

    def _insert_statement(self, staging: str, table: UserTable, sql: str, columns: Sequence[Column]) -> str:
        names = ", ".join(quote_identifier(column.name) for column in table.columns)
        places = [f"c{place}" for place in range(len(columns))]
        cells = ", ".join(_stored(column.type, place) for column, place in zip(columns, places, strict=True))
        select = f"SELECT {cells} FROM ({sql}) AS answer({', '.join(places)})"  # noqa: S608 - from the compiler
        return f"INSERT INTO {self._source(staging)} ({names}) {select} LIMIT {ROWS_MAX + 1}"

    def _changed(self, table: UserTable, actions: str, name: str = "") -> UserTable:
        with self._change:
            self._command(f"ALTER TABLE {self._source(table.id)} {actions}", _SYNC)
            self._read()
            return self._tables[name or table.name]

    def _check_room(self, table: UserTable, count: int, limit: int, *, replacing: bool = False) -> None:
        if count > limit:
            raise UserTableError(f"one request brings at most {limit} rows, not {count}")
        if not replacing and self.size(table).rows + count > ROWS_MAX:
            raise UserTableError(f"the table {table.name} would have more than {ROWS_MAX} rows")

    def _count(self, table_id: str, where: str = "1") -> int:
        statement = f"SELECT count() FROM {self._source(table_id)} WHERE {where}"  # noqa: S608 - of our own names
        with self._clients.borrow() as client:
            return int(client.query(statement).result_rows[0][0])

    def _source(self, table_id: str) -> str:
        return f"{quote_identifier(self._database)}.{quote_identifier(table_id)}"

    def _command(self, statement: str, settings: Mapping[str, Any] | None = None) -> None:
        with self._clients.borrow() as client:
            client.command(statement, settings=dict(settings or {}))

    def _read(self) -> None:
        with self._clients.borrow() as client:
            columns: dict[str, list[tuple[Any, ...]]] = {}
            for table_id, *column in self._system(client, "columns", "table, name, comment", "position"):
                columns.setdefault(table_id, []).append(tuple(column))
            rows = self._system(client, "tables", "name, comment", "name")
        tables = [
            read_table(self._database, table_id, comment, columns[table_id])
            for table_id, comment in rows
            if table_id.startswith(_TABLE)
        ]
        self._tables = {table.name: table for table in tables}
        self._all = tuple(sorted(tables, key=lambda table: table.name))

    def _remove_staging(self) -> None:
        """What a hub left that was killed while it filled a table."""
        with self._clients.borrow() as client:
            rows = self._system(client, "tables", "name, comment", "name")
        for table_id, _ in rows:
            if table_id.startswith(_STAGING):
                self._command(f"DROP TABLE IF EXISTS {self._source(table_id)} SYNC")

    def _system(self, client: Client, table: str, columns: str, order: str) -> Sequence[Sequence[Any]]:
        source = f"system.{table} WHERE database = {{database:String}} ORDER BY {order}"
        statement = f"SELECT {columns} FROM {source}"  # noqa: S608 - of our own names
        return client.query(statement, parameters={"database": self._database}).result_rows


def _definition(column: Column) -> str:
    kind = column_type(column.type)
    return f"{quote_identifier(column.name)} {kind} COMMENT {format_str(column.type.value)}"


def _stored(kql_type: KqlType, cell: str) -> str:
    """A cell of a compiled query as the table keeps it: datetimes come as ticks since 1970."""
    if kql_type is not KqlType.DATETIME:
        return cell
    return f"if(isNull({cell}), NULL, reinterpret(assumeNotNull({cell}), 'DateTime64(7, \\'UTC\\')'))"
