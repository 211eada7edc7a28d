"""The rows of the users' tables.

    insert      one block, so all of its rows or none
    delete      query ─► places of rows ─► the parts that have some are written again without them
    expire      rows older than their table's retention

Rows of a query: user_fills.py.

A part is what one of these wrote, or several that the engine merged: what Kusto calls an extent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from clickhouse_connect.driver.binding import format_str, quote_identifier

from gatelog.errors import KqlError, StoreError, StoreUnavailableError, UserTableChangedError, UserTableError
from gatelog.store.query import Budget, execute, run
from gatelog.store.user_engine import STAGING, SYNC, UserEngine, code_of, new_id, was_changed
from gatelog.store.user_fills import ROWS_MAX
from gatelog.store.user_table import INGESTED, UserTable, column_type

ROWS_A_REQUEST_MAX = 500_000
"""Rows of one insert: it stays one block, which is what makes it atomic."""

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
        if not rows:
            return []
        identity = self._engine.identity(table.id)
        return [_part(identity, *row) for row in rows]

    def insert(self, table: UserTable, columns: Sequence[Sequence[Any]]) -> int:
        """Add rows, given as one sequence of cells (see gatelog.kql) for each column; all of them or none.
        UserTableChangedError if `table` is no longer as it was.
        """
        count = len(columns[0])
        if count > ROWS_A_REQUEST_MAX:
            raise UserTableError(f"one request brings at most {ROWS_A_REQUEST_MAX} rows, not {count}")
        self.check_room(table, count)
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

    def delete(self, table: UserTable, places: str, budget: Budget) -> int:
        """Remove the rows of `table` whose `_part` and `_part_offset` a compiled query answers; how many
        it named. KqlTimeoutError beyond the budget's time: then some of them may be gone.
        """
        began, matched = time.monotonic(), None
        identity = self._engine.identity(table.id)
        for _ in range(DELETIONS_MAX):
            with self._listed(places, budget.after(time.monotonic() - began)) as (listed, found):
                matched = found if matched is None else matched
                if not found:
                    return matched
                with self._engine.form_of(table.id):
                    if self._engine.identity(table.id) != identity:
                        raise UserTableChangedError(f"the table {table.name} was changed meanwhile")
                    self._delete_listed(table, listed, budget.after(time.monotonic() - began))
        raise StoreUnavailableError(f"rows of {table.name} keep moving or coming: delete them again later")

    @contextmanager
    def _listed(self, places: str, budget: Budget) -> Iterator[tuple[str, int]]:
        """What a query says of places, once and for all, in a table that goes with the context: its id, and
        how many it has.
        """
        staging = new_id(STAGING)
        source = self._engine.source(staging)
        self._engine.command(
            f"CREATE TABLE {source} (part String, place UInt64) ENGINE = MergeTree ORDER BY (part, place)"
        )
        try:
            self._list(source, places, budget)
            yield staging, self._engine.count(staging)
        finally:
            self._engine.remove(staging)

    def _list(self, target: str, places: str, budget: Budget) -> None:
        try:
            execute(self._engine.clients, f"INSERT INTO {target} {places}", budget)
        except StoreError as error:
            if was_changed(error):
                raise UserTableChangedError("the table was changed meanwhile") from error
            raise

    def _delete_listed(self, table: UserTable, listed: str, budget: Budget) -> None:
        """The engine goes on with what it was told when nobody waits for it any more, unless it is told."""
        places = f"SELECT part, place FROM {self._engine.source(listed)}"  # noqa: S608 - of our own names
        deletion = f"DELETE WHERE (_part, _part_offset) IN ({places})"
        statement = f"ALTER TABLE {self._engine.source(table.id)} {deletion}"
        try:
            execute(self._engine.clients, statement, budget, SYNC)
        except (KqlError, StoreError):
            self._engine.stop_changes(table.id, listed)
            raise

    def matching(self, sql: str, budget: Budget) -> int:
        """How many rows a compiled query answers."""
        counted = f"SELECT count() FROM ({sql})"  # noqa: S608 - from the compiler
        return int(run(self._engine.clients, counted, budget).rows[0][0])

    def drop_parts(self, table: UserTable, parts: Sequence[Part]) -> None:
        """Remove parts with their rows. UserTableError if the engine has merged one meanwhile."""
        drops = ", ".join(f"DROP PART {format_str(part.name)}" for part in parts)
        merged = UserTableError(f"parts of {table.name} were merged meanwhile: look at them again")
        with self._engine.form_of(table.id):
            if not {part.id for part in parts} <= {part.id for part in self.parts(table)}:
                raise merged
            try:
                self._engine.command(f"ALTER TABLE {self._engine.source(table.id)} {drops}", SYNC)
            except StoreError as error:
                if code_of(error) != _NO_SUCH_PART:
                    raise
                raise merged from error

    def clear(self, table: UserTable) -> None:
        """Remove all rows of `table`."""
        with self._engine.form_of(table.id):
            self._engine.command(f"TRUNCATE TABLE {self._engine.source(table.id)}")

    def expire(self, table: UserTable, before: datetime) -> int:
        """Remove rows of `table` that came before a time; how many. UserTableChangedError if it is gone."""
        old = f"{quote_identifier(INGESTED)} < toDateTime64({before.timestamp()!r}, 7, 'UTC')"
        with self._engine.form_of(table.id):
            self._engine.identity(table.id)
            count = self._engine.count(table.id, old)
            if count:
                self._engine.command(f"ALTER TABLE {self._engine.source(table.id)} DELETE WHERE {old}", SYNC)
        return count

    def check_room(self, table: UserTable, count: int) -> None:
        """UserTableError if `table` cannot have so many rows more."""
        if self.size(table).rows + count > ROWS_MAX:
            raise UserTableError(f"the table {table.name} would have more than {ROWS_MAX} rows")


def _part(identity: UUID, name: str, rows: int, size: int, packed: int, plain: int, written: int) -> Part:
    part_id = uuid5(identity, name)
    return Part(part_id, name, rows, size, packed, plain, datetime.fromtimestamp(written, UTC))
