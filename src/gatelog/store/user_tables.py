"""The tables that users make: price lists, team directories, results worth keeping. Beside the record, never
in it.

    create · reshape · retype · annotate    one statement each; the list is read again after it
    make · replace · append    one statement, after a query has filled a table aside: user_fills.py
    restrict                   annotate, and another id
    rename · create_all · drop     one statement says what becomes of which tables: it has happened then, and
                               reading the list carries it out: user_list.py
    rename columns             one statement each

Their rows: user_rows.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from clickhouse_connect.driver.binding import quote_identifier
from msgspec import structs

from gatelog.errors import StoreError, UserTableChangedError, UserTableError
from gatelog.kql import Column, KqlType, Table
from gatelog.store.clients import Clients
from gatelog.store.lent_rows import lent_rows
from gatelog.store.user_engine import (
    RENAMES,
    STAGING,
    SYNC,
    TABLE,
    UserEngine,
    check_size,
    definition,
    new_id,
)
from gatelog.store.user_fills import Filling, attach, staged
from gatelog.store.user_list import GONE, read_tables, remove_staging, rename_steps
from gatelog.store.user_rows import UserRows
from gatelog.store.user_table import TableNotes, UserTable, check_columns, check_name, notes_text

TABLES_MAX = 500
"""Tables of the users in one store: each is read with every look at the list of tables."""

_NO_ROWS = (Column("none", KqlType.LONG),)
"""Columns of a table that is there for its comment."""


class UserTables:
    """All tables of the users of one store, and their `rows`. Methods block and may be called from any
    thread.
    """

    def __init__(self, clients: Clients) -> None:
        self.engine = UserEngine(clients)
        self.rows = UserRows(self.engine)
        self._change = self.engine.change
        self._tables: dict[str, UserTable] = {}
        self._all: tuple[UserTable, ...] = ()
        self._read()
        remove_staging(self.engine)

    def all(self) -> tuple[UserTable, ...]:
        """Every table, by name; the same tuple until something changes."""
        return self._all

    def find(self, name: str) -> UserTable | None:
        """The table called `name`, or None."""
        return self._tables.get(name)

    def settle(self) -> None:
        """Wait until a change that has begun is in the list."""
        with self._change:
            pass

    def create(self, notes: TableNotes, columns: Sequence[Column]) -> UserTable:
        """A new, empty table. UserTableError if the name or a column cannot be, or there are too many."""
        check_columns(columns)
        with self._change:
            self._check_new([notes])
            self.engine.create(new_id(TABLE), columns, notes_text(notes))
            self._read()
            return self._tables[notes.name]

    def create_all(self, made: Sequence[tuple[TableNotes, Sequence[Column]]]) -> None:
        """New, empty tables, all of them or none. UserTableError as for `create`."""
        if not made:
            return
        for notes, columns in made:
            check_columns(columns)
            check_size(columns, notes_text(notes))
        with self._change:
            self._check_new([notes for notes, _ in made])
            names = {new_id(STAGING): notes.name for notes, _ in made}
            try:
                for staging, (notes, columns) in zip(names, made, strict=True):
                    self.engine.create(staging, columns, notes_text(notes))
                self._begin(names)
            except StoreError:
                for staging in names:
                    self.engine.remove(staging)
                raise
            self._read()

    def make(self, notes: TableNotes, filling: Filling) -> int:
        """A new table with the columns and rows of a query; how many. Errors as those of `create`, and of
        the query. UserTableChangedError if somebody has made one of that name meanwhile.
        """
        check_columns(filling.columns)
        with self._change:
            self._check_new([notes])
        with staged(self.engine, filling, filling.columns, notes_text(notes)) as made, self._change:
            if notes.name in self._tables:
                raise UserTableChangedError(f"the table {notes.name} was made meanwhile")
            self._check_new([notes])
            self.engine.rename(made.id, new_id(TABLE))
            self._read()
        return made.rows

    def replace(
        self, table: UserTable, notes: TableNotes, columns: Sequence[Column], filling: Filling
    ) -> int:
        """Give `table` these notes and columns, and the rows of a query in place of its own; how many.
        UserTableChangedError if it was changed meanwhile.
        """
        check_columns(columns)
        with (
            staged(self.engine, filling, columns, notes_text(notes)) as made,
            self.engine.form_of(table.id),
            self._change,
        ):
            self._check_known(table)
            self.engine.exchange(table.id, made.id)
            self._read()
        return made.rows

    def append(self, table: UserTable, columns: Sequence[Column], filling: Filling) -> int:
        """Add the rows of a query to `table`, which has these columns then, and may have fewer before; how
        many. Errors as those of `check_shape`, and of the query; UserTableChangedError if it was changed
        meanwhile.
        """
        self.check_shape(table, columns)
        with staged(self.engine, filling, columns, notes_text(table.notes)) as made:
            self.rows.check_room(table, made.rows)
            if tuple(columns) != table.columns:
                table = self.reshape(table, columns)
            attach(self.engine, made, table.id)
        return made.rows

    def check_shape(self, table: UserTable, columns: Sequence[Column]) -> None:
        """UserTableError if `table` cannot get these columns: one would change its type, for instance."""
        check_columns(columns)
        check_size(columns, notes_text(table.notes))
        known = {column.name: column.type for column in table.columns}
        for column in columns:
            if known.get(column.name, column.type) is not column.type:
                change = f"of type {known[column.name]} and cannot become {column.type}"
                raise UserTableError(f"the column {column.name} is {change}")

    def reshape(self, table: UserTable, columns: Sequence[Column]) -> UserTable:
        """Give `table` exactly these columns in this order: new ones are null, missing ones are dropped with
        their data. Errors as those of `check_shape`.
        """
        self.check_shape(table, columns)
        known = {column.name for column in table.columns}
        wanted = {column.name for column in columns}
        actions = [f"DROP COLUMN {quote_identifier(name)}" for name in known if name not in wanted]
        place = "FIRST"
        for column in columns:
            verb = "MODIFY" if column.name in known else "ADD"
            actions.append(f"{verb} COLUMN {definition(column)} {place}")
            place = f"AFTER {quote_identifier(column.name)}"
        return self._changed(table, ", ".join(actions))

    def retype(self, table: UserTable, column: Column) -> UserTable:
        """Give a column of `table` the type of `column`: its values are gone."""
        names = [known.name for known in table.columns]
        before = names[: names.index(column.name)]
        place = f"AFTER {quote_identifier(before[-1])}" if before else "FIRST"
        drop = f"DROP COLUMN {quote_identifier(column.name)}"
        return self._changed(table, f"{drop}, ADD COLUMN {definition(column)} {place}")

    def rename_columns(self, table: UserTable, names: Mapping[str, str]) -> UserTable:
        """Give columns of `table` other names, `{old: new}`; two may change theirs for each other's."""
        columns = [column._replace(name=names.get(column.name, column.name)) for column in table.columns]
        check_columns(columns)
        check_size(columns, notes_text(table.notes))
        with self.engine.form_of(table.id), self._change:
            for old, new in rename_steps(names):
                self.engine.rename_column(table.id, old, new)
            self._read()
            return self._current(table)

    def annotate(self, table: UserTable, notes: TableNotes) -> UserTable:
        """Replace what is noted of `table`, its name included. UserTableChangedError if something else is
        noted by now: what somebody wrote meanwhile, a restriction even, would be lost.
        """
        check_name(notes.name, "table")
        check_size(table.columns, notes_text(notes))
        with self._change:
            current = self._tables.get(table.name)
            if current is None or (current.id, current.notes) != (table.id, table.notes):
                raise _changed(table)
            if notes.name != table.name and notes.name in self._tables:
                raise UserTableError(f"the table {notes.name} exists already")
            self.engine.annotate(table.id, notes_text(notes))
            self._read()
            return self._tables[notes.name]

    def rename(self, names: Mapping[str, str]) -> None:
        """Give tables other names, `{old: new}`, all or none; they may change theirs for each other's."""
        with self._change:
            self._read()
            if any(name not in self._tables for name in names):
                raise UserTableChangedError("one of the tables was changed meanwhile")
            remaining = [name for name in self._tables if name not in names]
            if len({*remaining, *names.values()}) < len(self._tables):
                raise UserTableError("two tables would have the same name")
            for old, new in names.items():
                check_name(new, "table")
                table = self._tables[old]
                check_size(table.columns, notes_text(structs.replace(table.notes, name=new)))
            wanted = {self._tables[old].id: new for old, new in names.items()}
            self._begin(wanted)
            self._read()

    def restrict(self, table: UserTable) -> UserTable:
        """Make `table` one that only they may read who may read bodies. Its id changes: a question of
        somebody else that was compiled before, and runs later, finds no table.
        """
        with self.engine.form_of(table.id), self._change:
            table = self.annotate(table, structs.replace(table.notes, restricted=True))
            self.engine.rename(table.id, new_id(TABLE))
            self._read()
            return self._tables[table.name]

    def drop(self, *tables: UserTable) -> None:
        """Remove tables with their rows, all of them or none."""
        if not tables:
            return
        with self.engine.form_of(*(table.id for table in tables)), self._change:
            self._begin({table.id: GONE for table in tables})
            self._read()

    def lent(
        self, name: str, columns: Sequence[Column], cells: Sequence[Sequence[Any]]
    ) -> AbstractContextManager[Table]:
        """Rows that are asked about once, as the table called `name` while the context lasts."""
        return lent_rows(self.engine, name, columns, cells)

    def expire(self, now: datetime) -> int:
        """Remove rows whose table keeps them no longer; how many. A table that goes meanwhile has none."""
        removed = 0
        for table in self.all():
            if table.notes.retention.seconds is not None:
                with suppress(UserTableChangedError):
                    before = now - timedelta(seconds=table.notes.retention.seconds)
                    removed += self.rows.expire(table, before)
        return removed

    def _changed(self, table: UserTable, actions: str) -> UserTable:
        with self.engine.form_of(table.id), self._change:
            self.engine.command(f"ALTER TABLE {self.engine.source(table.id)} {actions}", SYNC)
            self._read()
            return self._current(table)

    def _current(self, table: UserTable) -> UserTable:
        """`table` as it is now: it may have got another name while somebody waited for it."""
        found = next((one for one in self._all if one.id == table.id), None)
        if found is None:
            raise _changed(table)
        return found

    def _check_new(self, made: Sequence[TableNotes]) -> None:
        """UserTableError if there cannot be tables of these names."""
        for notes in made:
            check_name(notes.name, "table")
            if notes.name in self._tables:
                raise UserTableError(f"the table {notes.name} exists already")
        if len({notes.name for notes in made}) < len(made):
            raise UserTableError("two tables would have the same name")
        if len(self._tables) + len(made) > TABLES_MAX:
            raise UserTableError(f"there are {TABLES_MAX} tables at most, and {len(self._tables)} already")

    def _check_known(self, table: UserTable) -> None:
        """UserTableChangedError if `table` is no longer as its caller knows it."""
        if self._tables.get(table.name) != table:
            raise _changed(table)

    def _begin(self, names: Mapping[str, str]) -> None:
        """Say what becomes of tables, by their ids: from here on it has happened."""
        self.engine.create(new_id(RENAMES), _NO_ROWS, msgspec.json.encode(names).decode())

    def _read(self) -> None:
        tables = read_tables(self.engine)
        self._tables = {table.name: table for table in tables}
        self._all = tuple(sorted(tables, key=lambda table: table.name))


def _changed(table: UserTable) -> UserTableChangedError:
    return UserTableChangedError(f"the table {table.name} was changed meanwhile")
