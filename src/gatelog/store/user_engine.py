"""The engine's database of the users' tables, and the statements that all work on it is made of."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from clickhouse_connect.driver.binding import format_str, quote_identifier

from gatelog.errors import StoreError, UserTableChangedError, UserTableError
from gatelog.kql import Column
from gatelog.store.clients import Clients, error_code
from gatelog.store.user_table import INGESTED, column_type

TABLE, STAGING, RENAMES = "t_", "s_", "r_"
"""What the ids of tables begin with, those of tables that are being filled, and those of empty ones whose
comment says what becomes of which tables (user_list.py).
"""

SYNC = {"mutations_sync": 1, "alter_sync": 1}
"""A change has happened when its statement ends."""

TABLE_BYTES_MAX = 240 * 1024
"""Columns of one table with its docstrings, policies and mappings, as the engine writes them: when it begins,
it reads no more than 256 KiB of a table. The rest is for other names.
"""

STATEMENT_BYTES_MAX = 256 * 1024
"""Length of a statement that the engine reads."""

# ClickHouse error codes, src/Common/ErrorCodes.cpp.
_CHANGED = frozenset({10, 15, 16, 47, 60, 81, 122})
"""There is no such column, or one of that name already; no such table, database; columns that differ."""

_ID_BYTES = 8
_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1"


def new_id(kind: str) -> str:
    """A name that no table of the engine has had."""
    return kind + secrets.token_hex(_ID_BYTES)


def definition(column: Column) -> str:
    """A column in a statement that makes or changes a table."""
    kind = column_type(column.type)
    return f"{quote_identifier(column.name)} {kind} COMMENT {format_str(column.type.value)}"


def check_size(columns: Iterable[Column], comment: str) -> None:
    """UserTableError if the engine could not keep a table of these columns with this comment."""
    size = sum(len(text.encode()) for text in (*map(definition, columns), format_str(comment)))
    if size > TABLE_BYTES_MAX:
        raise UserTableError(
            f"columns, docstrings, policies and mappings of a table have at most {TABLE_BYTES_MAX} bytes,"
            f" not {size}"
        )


def code_of(error: StoreError) -> int | None:
    """The engine's number of an error of ours, if it came from there."""
    return error_code(error.__cause__) if error.__cause__ is not None else None


def was_changed(error: StoreError) -> bool:
    """Whether a statement failed because a table is no longer as its author knew it."""
    return code_of(error) in _CHANGED


class UserEngine:
    """Methods block and may be called from any thread; StoreError if the engine fails."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.database = f"{clients.database}_user"
        self.change = threading.RLock()
        """Held while the list of tables changes: never for as long as rows take to change."""
        self._forms: dict[str, threading.RLock] = {}

    @contextmanager
    def form_of(self, *table_ids: str) -> Iterator[None]:
        """Held while tables take another form or id, go, or are replaced, while rows are deleted, which the
        engine gives up where parts are attached or all are removed, and for those. What waits for that waits
        here, before it has `change`: other tables go on.
        """
        with ExitStack() as stack:
            for table_id in sorted(table_ids):
                stack.enter_context(self._forms.setdefault(table_id, threading.RLock()))
            yield

    def source(self, table_id: str) -> str:
        """A table as statements name it."""
        return f"{quote_identifier(self.database)}.{quote_identifier(table_id)}"

    def command(self, statement: str, settings: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing. UserTableChangedError if its table is no longer as it was."""
        if len(statement.encode()) > STATEMENT_BYTES_MAX:
            raise UserTableError("this is too much at once: change fewer columns, or tables, at a time")
        try:
            with self.clients.borrow() as client:
                client.command(statement, settings=dict(settings or {}))
        except StoreError as error:
            if was_changed(error):
                raise UserTableChangedError("the table was changed meanwhile") from error
            raise

    def create_database(self) -> None:
        """The database itself, unless it is there."""
        self.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(self.database)}")

    def create(self, table_id: str, columns: Sequence[Column], comment: str) -> None:
        """A new, empty table. UserTableError if it is too large to describe."""
        check_size(columns, comment)
        self.create_database()
        ingested = f"{quote_identifier(INGESTED)} DateTime64(7, 'UTC') DEFAULT now64(7)"
        lines = ", ".join([*map(definition, columns), ingested])
        self.command(
            f"CREATE TABLE {self.source(table_id)} ({lines}) ENGINE = MergeTree"
            f" ORDER BY tuple() SETTINGS {_DURABLE} COMMENT {format_str(comment)}"
        )

    def annotate(self, table_id: str, comment: str) -> None:
        """Give a table another comment."""
        self.command(f"ALTER TABLE {self.source(table_id)} MODIFY COMMENT {format_str(comment)}", SYNC)

    def rename(self, table_id: str, other: str) -> None:
        """Give a table another id."""
        self.command(f"RENAME TABLE {self.source(table_id)} TO {self.source(other)}")

    def exchange(self, table_id: str, other: str) -> None:
        """Put each of two tables, as it is, in the place of the other."""
        self.command(f"EXCHANGE TABLES {self.source(table_id)} AND {self.source(other)}")

    def rename_column(self, table_id: str, old: str, new: str) -> None:
        """Give a column another name."""
        rename = f"RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(new)}"
        self.command(f"ALTER TABLE {self.source(table_id)} {rename}", SYNC)

    def remove(self, table_id: str) -> None:
        """A table with its rows, once no question reads it any more; none is not an error."""
        self.command(f"DROP TABLE IF EXISTS {self.source(table_id)} SYNC")
        self._forms.pop(table_id, None)

    def put_away(self, table_id: str) -> None:
        """The same, without waiting for anybody: who reads the table goes on, nobody else finds it, and the
        engine frees its disk some minutes later.
        """
        self.command(f"DROP TABLE IF EXISTS {self.source(table_id)}")
        self._forms.pop(table_id, None)

    def identity(self, table_id: str) -> UUID:
        """What tells a table from those that had its place before, whose parts have the same names.
        UserTableChangedError if it is gone.
        """
        found = self.system("tables", "uuid", "AND name = {id:String}", id=table_id)
        if not found:
            raise UserTableChangedError("the table was changed meanwhile")
        return UUID(str(found[0][0]))

    def stop_changes(self, table_id: str, said: str) -> None:
        """End the changes of a table's rows whose statement says something."""
        which = f"database = {format_str(self.database)} AND table = {format_str(table_id)}"
        self.command(f"KILL MUTATION WHERE {which} AND position(command, {format_str(said)}) > 0 SYNC")

    def count(self, table_id: str, where: str = "1") -> int:
        """Rows of a table."""
        statement = f"SELECT count() FROM {self.source(table_id)} WHERE {where}"  # noqa: S608 - of our own names
        with self.clients.borrow() as client:
            return int(client.query(statement).result_rows[0][0])

    def system(self, table: str, columns: str, rest: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Rows of a system table that concern this database."""
        source = f"system.{table} WHERE database = {{database:String}} {rest}"
        statement = f"SELECT {columns} FROM {source}"  # noqa: S608 - of our own names
        with self.clients.borrow() as client:
            return client.query(statement, parameters={"database": self.database, **parameters}).result_rows
