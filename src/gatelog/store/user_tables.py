"""The tables that users make: price lists, team directories, results worth keeping. Beside the record, never
in it.

    create · reshape · retype · annotate · drop    one statement each; the list is read again after it
    restrict          annotate, and another id
    rename            one statement says which tables get which names: it has happened then. Reading the list
                      carries it out, also that of a hub that begins where another was killed
    rename columns    one statement each. A column that waits until its name is free is called by its old and
                      its new name: reading the list gives it the one that nobody has

Their rows: user_rows.py.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from clickhouse_connect.driver.binding import quote_identifier
from msgspec import structs

from gatelog.errors import UserTableChangedError, UserTableError
from gatelog.kql import Column, KqlType
from gatelog.store.clients import Clients
from gatelog.store.query import Budget
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
from gatelog.store.user_rows import UserRows
from gatelog.store.user_table import (
    TableNotes,
    UserTable,
    check_columns,
    check_name,
    notes_text,
    read_table,
)

TABLES_MAX = 500
"""Tables of the users in one store: each is read with every look at the list of tables."""

_BETWEEN = "gatelog:renamed"
"""What the name of a column begins with while two change theirs; no user's column can be called so."""

_NO_ROWS = (Column("none", KqlType.LONG),)
"""Columns of a table that is there for its comment."""


class UserTables:
    """All tables of the users of one store, and their `rows`. Methods block and may be called from any
    thread.
    """

    def __init__(self, clients: Clients) -> None:
        self.engine = UserEngine(clients)
        self.rows = UserRows(self.engine)
        self._change = threading.RLock()
        self._tables: dict[str, UserTable] = {}
        self._all: tuple[UserTable, ...] = ()
        self._remove_staging()
        self._read()

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
        check_name(notes.name, "table")
        with self._change:
            if notes.name in self._tables:
                raise UserTableError(f"the table {notes.name} exists already")
            if len(self._tables) >= TABLES_MAX:
                raise UserTableError(f"there are {TABLES_MAX} tables already, which is the limit")
            self.engine.create(new_id(TABLE), columns, notes_text(notes))
            self._read()
            return self._tables[notes.name]

    def reshape(self, table: UserTable, columns: Sequence[Column]) -> UserTable:
        """Give `table` exactly these columns in this order: new ones are null, missing ones are dropped with
        their data. UserTableError if one would change its type.
        """
        check_columns(columns)
        check_size(columns, notes_text(table.notes))
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
        with self._change:
            for old, new in _steps(names):
                self.engine.rename_column(table.id, old, new)
            self._read()
            return self._tables[table.name]

    def annotate(self, table: UserTable, notes: TableNotes) -> UserTable:
        """Replace what is noted of `table`, its name included. UserTableChangedError if something else is
        noted by now: what somebody wrote meanwhile, a restriction even, would be lost.
        """
        check_name(notes.name, "table")
        check_size(table.columns, notes_text(notes))
        with self._change:
            current = self._tables.get(table.name)
            if current is None or (current.id, current.notes) != (table.id, table.notes):
                raise UserTableChangedError(f"the table {table.name} was changed meanwhile")
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
            self.engine.create(new_id(RENAMES), _NO_ROWS, msgspec.json.encode(wanted).decode())
            self._read()

    def restrict(self, table: UserTable) -> UserTable:
        """Make `table` one that only they may read who may read bodies. Its id changes: a question of
        somebody else that was compiled before, and runs later, finds no table.
        """
        with self._change:
            table = self.annotate(table, structs.replace(table.notes, restricted=True))
            renamed = self.engine.source(new_id(TABLE))
            self.engine.command(f"RENAME TABLE {self.engine.source(table.id)} TO {renamed}")
            self._read()
            return self._tables[table.name]

    def refill(self, table: UserTable, sql: str, columns: Sequence[Column], budget: Budget) -> int:
        """Give `table` the columns and the rows of a compiled query, in place of its own; how many."""
        check_columns(columns)
        with self._change:
            count = self.rows.refill(table, sql, columns, budget)
            self._read()
        return count

    def drop(self, table: UserTable) -> None:
        """Remove `table` with its rows."""
        with self._change:
            self.engine.remove(table.id)
            self._read()

    def expire(self, now: datetime) -> int:
        """Remove rows whose table keeps them no longer; how many."""
        kept = [(table, table.notes.retention.seconds) for table in self.all()]
        return sum(
            self.rows.expire(table, now - timedelta(seconds=seconds))
            for table, seconds in kept
            if seconds is not None
        )

    def _changed(self, table: UserTable, actions: str) -> UserTable:
        with self._change:
            self.engine.command(f"ALTER TABLE {self.engine.source(table.id)} {actions}", SYNC)
            self._read()
            return self._tables[table.name]

    def _read(self) -> None:
        columns = self._columns()
        names = {table_id: [name for name, _ in known] for table_id, known in columns.items()}
        if [table_id for table_id in names if self._settle_columns(table_id, names[table_id])]:
            columns = self._columns()
        tables = [
            read_table(self.engine.database, table_id, comment, columns[table_id])
            for table_id, comment in self._settled_comments().items()
            if table_id.startswith(TABLE)
        ]
        self._tables = {table.name: table for table in tables}
        self._all = tuple(sorted(tables, key=lambda table: table.name))

    def _columns(self) -> dict[str, list[tuple[str, ...]]]:
        """(name, comment) of each column of each table of the engine."""
        columns: dict[str, list[tuple[str, ...]]] = {}
        for table_id, *column in self.engine.system("columns", "table, name, comment", "ORDER BY position"):
            columns.setdefault(table_id, []).append(tuple(column))
        return columns

    def _settle_columns(self, table_id: str, names: Sequence[str]) -> bool:
        """Whether a column of a table still waited for its name. It has it now, or again its old one."""
        waiting = [name for name in names if name.startswith(_BETWEEN)]
        for name in waiting:
            _, _, old, new = name.split(":")
            self.engine.rename_column(table_id, name, old if new in names else new)
        return bool(waiting)

    def _settled_comments(self) -> dict[str, str]:
        """The comments of all tables by their ids, those that wait for other names renamed."""
        comments: dict[str, str] = {one[0]: one[1] for one in self._ids_and_comments()}
        for renames in [table_id for table_id in comments if table_id.startswith(RENAMES)]:
            wanted = msgspec.json.decode(comments[renames], type=dict[str, str])
            for table_id in wanted.keys() & comments.keys():
                notes = msgspec.json.decode(comments[table_id], type=TableNotes)
                comments[table_id] = notes_text(structs.replace(notes, name=wanted[table_id]))
                self.engine.annotate(table_id, comments[table_id])
            self.engine.remove(renames)
        return comments

    def _remove_staging(self) -> None:
        """What a hub left that was killed while it filled a table."""
        for table_id, _ in self._ids_and_comments():
            if table_id.startswith(STAGING):
                self.engine.remove(table_id)

    def _ids_and_comments(self) -> Sequence[Sequence[str]]:
        return self.engine.system("tables", "name, comment", "ORDER BY name")


def _steps(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Renames one after the other, in which no name is taken: of two that change places one waits aside."""
    steps = list(names.items())
    if not any(new in names for new in names.values()):
        return steps
    if len(steps) != 2 or set(names) != set(names.values()):
        raise UserTableError("only two columns can take each other's names, in a command of their own")
    (one, other), back = steps
    between = f"{_BETWEEN}:{one}:{other}"
    return [(one, between), back, (between, other)]
