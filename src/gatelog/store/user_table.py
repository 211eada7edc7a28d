"""A table of the users' own, and what the engine keeps of it beside the rows.

    database `<record's database>_user`
      table t_<16 hex digits>     comment: JSON of TableNotes (name, docstring, folder, retention, mappings …)
        column `Price`            comment: its KQL type
        column `gatelog:ingested` when the row came; no user's column can be called so

Names that people choose are never names of the engine: renaming changes a note, and a name can be used again
at once. https://learn.microsoft.com/azure/data-explorer/kusto/query/schema-entities/entity-names
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gatelog.errors import UserTableError
from gatelog.kql import Column, KqlType, Table, clickhouse_type

INGESTED = "gatelog:ingested"
"""The engine's column that says when a row came."""

NAME_CHARACTERS_MAX = 200
"""Length of a table's or column's name."""

COLUMNS_MAX = 500
"""Columns of one table."""

_NAME = re.compile(r"[\w .\-]+")


class IngestionMapping(msgspec.Struct, frozen=True):
    """How fields of the data become columns. `text` is the mapping's JSON, as it was given."""

    name: str
    kind: str
    text: str
    updated: datetime


class Retention(msgspec.Struct, frozen=True):
    """How long rows are kept after they came, in seconds; None is for ever."""

    seconds: float | None = None


class TableNotes(msgspec.Struct, frozen=True):
    """What is known of a table beside its columns' types. `restricted`: a query that reads bodies filled it,
    so only who may read bodies may read it. `policies`: JSON that is only kept, by the policy's name.
    """

    name: str
    created: datetime
    docstring: str = ""
    folder: str = ""
    retention: Retention = Retention()
    mappings: tuple[IngestionMapping, ...] = ()
    restricted: bool = False
    column_docstrings: dict[str, str] = {}
    policies: dict[str, str] = {}


class UserTable(msgspec.Struct, frozen=True):
    """A table as it is now. `id` is its name in the engine."""

    id: str
    database: str
    notes: TableNotes
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.notes.name

    def kql_table(self) -> Table:
        """The same table for the query compiler."""
        return Table(
            name=self.name,
            columns=self.columns,
            source=f"{self.database}.{self.id}",
            ingested=INGESTED,
        )

    def mapping(self, name: str, kind: str) -> IngestionMapping | None:
        """The mapping of that name for a kind of format, or None."""
        found = (m for m in self.notes.mappings if m.name == name and m.kind.lower() == kind.lower())
        return next(found, None)


def read_table(database: str, table_id: str, comment: str, columns: Sequence[tuple[Any, ...]]) -> UserTable:
    """From the comments of the engine: `columns` are (name, comment), in order."""
    known = tuple(Column(name, KqlType(kind)) for name, kind in columns if name != INGESTED)
    return UserTable(table_id, database, msgspec.json.decode(comment, type=TableNotes), known)


def is_name(text: str) -> bool:
    """Whether Kusto takes this as the name of a table or a column: letters, digits, `_`, spaces, `.`, `-`."""
    return len(text) <= NAME_CHARACTERS_MAX and bool(_NAME.fullmatch(text))


def column_type(kql_type: KqlType) -> str:
    """The engine's type of a column."""
    return clickhouse_type(kql_type, nullable=True)


def notes_text(notes: TableNotes) -> str:
    """The text of a table's comment."""
    return msgspec.json.encode(notes).decode()


def check_name(name: str, what: str) -> None:
    """UserTableError if `name` cannot be the name of a `what`."""
    if not is_name(name):
        raise UserTableError(
            f"{name!r:.100} cannot be the name of a {what}: at most {NAME_CHARACTERS_MAX} letters, digits, "
            "underscores, spaces, dots and dashes"
        )


def check_columns(columns: Sequence[Column]) -> None:
    """UserTableError if a table cannot have these columns."""
    if not 1 <= len(columns) <= COLUMNS_MAX:
        raise UserTableError(f"a table has 1 to {COLUMNS_MAX} columns, not {len(columns)}")
    for column in columns:
        check_name(column.name, "column")
    if len({column.name for column in columns}) < len(columns):
        raise UserTableError("two columns have the same name")
