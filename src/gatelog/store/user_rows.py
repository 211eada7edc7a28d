"""The rows of the users' tables.

    insert      one block, so all of its rows or none
    fill        query ─► staging table ─► its parts are attached (or put in place of the old) in one step
    refill      query ─► staging table ─► it takes the table's place in the engine, with other columns
    delete      the rows that a query names by their places
    expire      rows older than their table's retention

A part is what one of these wrote, or several that the engine merged: what Kusto calls an extent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from clickhouse_connect.driver.binding import format_str, quote_identifier

from gatelog.errors import StoreError, StoreUnavailableError, UserTableChangedError, UserTableError
from gatelog.kql import Column, KqlType
from gatelog.store.query import Budget, execute, run
from gatelog.store.user_engine import STAGING, SYNC, UserEngine, code_of, new_id, was_changed
from gatelog.store.user_table import INGESTED, UserTable, column_type, notes_text

ROWS_A_REQUEST_MAX = 500_000
"""Rows of one insert: it stays one block, which is what makes it atomic."""

ROWS_MAX = 20_000_000
"""Rows of one table. What is larger belongs into a system of its own."""

DELETIONS_MAX = 5
"""Statements of one deletion: when the engine merges parts meanwhile, their rows have other places."""

_NO_SUCH_PART = 232
"""ClickHouse's code of the error, src/Common/ErrorCodes.cpp."""

_ONE_BLOCK = {
    "min_insert_block_size_rows": 2 * ROWS_A_REQUEST_MAX,
    "min_insert_block_size_bytes": 2**32,
    "async_insert": 0,
}


class TableSize(NamedTuple):
    """How much a table holds; bytes on disk."""

    rows: int
    bytes: int


class Part(NamedTuple):
    """One part of a table. `name` is the engine's; sizes in bytes."""

    id: UUID
    name: str
    rows: int
    bytes: int
    packed_bytes: int
    plain_bytes: int
    written: datetime


class UserRows:
    """Reads and changes rows of tables. Methods block and may be called from any thread."""

    def __init__(self, engine: UserEngine) -> None:
        self._engine = engine

    def size(self, table: UserTable) -> TableSize:
        """What `table` holds now."""
        parts = self.parts(table)
        return TableSize(sum(part.rows for part in parts), sum(part.bytes for part in parts))

    def parts(self, table: UserTable) -> list[Part]:
        """The parts of `table`, in the order in which they were written."""
        rows = self._engine.system(
            "parts",
            "name, rows, bytes_on_disk, data_compressed_bytes, data_uncompressed_bytes,"
            " toUnixTimestamp(modification_time)",
            "AND active AND table = {id:String} ORDER BY min_block_number",
            id=table.id,
        )
        return [_part(table, *row) for row in rows]

    def insert(self, table: UserTable, columns: Sequence[Sequence[Any]]) -> int:
        """Add rows, given as one sequence of cells (see gatelog.kql) for each column; all of them or none.
        UserTableChangedError if `table` is no longer as it was.
        """
        count = len(columns[0])
        self._check_room(table, count, ROWS_A_REQUEST_MAX)
        if not count:
            return 0
        try:
            with self._engine.clients.borrow() as client:
                client.insert(
                    table.id,
                    columns,
                    database=self._engine.database,
                    column_names=[column.name for column in table.columns],
                    column_type_names=[column_type(column.type) for column in table.columns],
                    column_oriented=True,
                    settings=_ONE_BLOCK,
                )
        except StoreError as error:
            if was_changed(error):
                raise UserTableChangedError(f"the table {table.name} was changed meanwhile") from error
            raise
        return count

    def fill(
        self, table: UserTable, sql: str, columns: Sequence[Column], budget: Budget, *, replace: bool
    ) -> int:
        """Add the rows of a compiled query to `table`, or put them in place of its rows. By position: the
        query's columns have the types of the table's.
        """
        staging, source = new_id(STAGING), self._engine.source(table.id)
        self._engine.command(f"CREATE TABLE {self._engine.source(staging)} AS {source}")
        try:
            execute(
                self._engine.clients, self._insert_statement(staging, table.columns, sql, columns), budget
            )
            count = self._engine.count(staging)
            self._check_room(table, count, ROWS_MAX, replacing=replace)
            if count:
                verb = "REPLACE" if replace else "ATTACH"
                move = f"{verb} PARTITION tuple() FROM {self._engine.source(staging)}"
                self._engine.command(f"ALTER TABLE {source} {move}", SYNC)
            elif replace:
                self.clear(table)
        finally:
            self._engine.remove(staging)
        return count

    def refill(self, table: UserTable, sql: str, columns: Sequence[Column], budget: Budget) -> int:
        """Give `table` the columns and rows of a compiled query in one step: the list is to be read anew."""
        staging = new_id(STAGING)
        self._engine.create(staging, columns, notes_text(table.notes))
        try:
            execute(self._engine.clients, self._insert_statement(staging, columns, sql, columns), budget)
            count = self._engine.count(staging)
            self._check_room(table, count, ROWS_MAX, replacing=True)
            sources = f"{self._engine.source(table.id)} AND {self._engine.source(staging)}"
            self._engine.command(f"EXCHANGE TABLES {sources}")
        finally:
            self._engine.remove(staging)
        return count

    def delete(self, table: UserTable, places: str, budget: Budget) -> int:
        """Remove the rows of `table` whose `_part` and `_part_offset` a compiled query answers; how many."""
        removed = 0
        matching = f"(_part, _part_offset) IN (SELECT * FROM ({places}))"  # noqa: S608 - from the compiler
        for _ in range(DELETIONS_MAX):
            found = self.matching(places, budget)
            if not found:
                return removed
            removed += found
            statement = f"ALTER TABLE {self._engine.source(table.id)} DELETE WHERE {matching}"
            execute(self._engine.clients, statement, budget, SYNC)
        raise StoreUnavailableError(f"rows of {table.name} keep moving or coming: delete them again later")

    def matching(self, sql: str, budget: Budget) -> int:
        """How many rows a compiled query answers."""
        counted = f"SELECT count() FROM ({sql})"  # noqa: S608 - from the compiler
        return int(run(self._engine.clients, counted, budget).rows[0][0])

    def drop_parts(self, table: UserTable, parts: Sequence[Part]) -> None:
        """Remove parts with their rows. UserTableError if the engine has merged one meanwhile."""
        drops = ", ".join(f"DROP PART {format_str(part.name)}" for part in parts)
        try:
            self._engine.command(f"ALTER TABLE {self._engine.source(table.id)} {drops}", SYNC)
        except StoreError as error:
            if code_of(error) != _NO_SUCH_PART:
                raise
            raise UserTableError(
                f"parts of {table.name} were merged meanwhile: look at them again"
            ) from error

    def clear(self, table: UserTable) -> None:
        """Remove all rows of `table`."""
        self._engine.command(f"TRUNCATE TABLE {self._engine.source(table.id)}")

    def expire(self, table: UserTable, before: datetime) -> int:
        """Remove rows of `table` that came before a time; how many."""
        old = f"{quote_identifier(INGESTED)} < toDateTime64({before.timestamp()!r}, 7, 'UTC')"
        count = self._engine.count(table.id, old)
        if count:
            self._engine.command(f"ALTER TABLE {self._engine.source(table.id)} DELETE WHERE {old}", SYNC)
        return count

    def _insert_statement(
        self, staging: str, into: Sequence[Column], sql: str, columns: Sequence[Column]
    ) -> str:
        names = ", ".join(quote_identifier(column.name) for column in into)
        places = [f"c{place}" for place in range(len(columns))]
        cells = ", ".join(_stored(column.type, place) for column, place in zip(columns, places, strict=True))
        select = f"SELECT {cells} FROM ({sql}) AS answer({', '.join(places)})"  # noqa: S608 - from the compiler
        return f"INSERT INTO {self._engine.source(staging)} ({names}) {select} LIMIT {ROWS_MAX + 1}"

    def _check_room(self, table: UserTable, count: int, limit: int, *, replacing: bool = False) -> None:
        if count > limit:
            raise UserTableError(f"one request brings at most {limit} rows, not {count}")
        if not replacing and self.size(table).rows + count > ROWS_MAX:
            raise UserTableError(f"the table {table.name} would have more than {ROWS_MAX} rows")


def _part(table: UserTable, name: str, rows: int, size: int, packed: int, plain: int, written: int) -> Part:
    part_id = uuid5(NAMESPACE_OID, f"{table.id} {name}")
    return Part(part_id, name, rows, size, packed, plain, datetime.fromtimestamp(written, UTC))


def _stored(kql_type: KqlType, cell: str) -> str:
    """A cell of a compiled query as the table keeps it: datetimes come as ticks since 1970."""
    if kql_type is not KqlType.DATETIME:
        return cell
    return f"if(isNull({cell}), NULL, reinterpret(assumeNotNull({cell}), 'DateTime64(7, \\'UTC\\')'))"
