"""A table as KQL sees it: columns with their KQL types, each computed by SQL over one row of `calls`.

    LogTable ─┬─ create_view()  the SQL view of the same name, for whoever reads the store in SQL
              └─ kql_table()    what the query compiler knows about it: it says itself what the view selects

Columns whose names start with `__` are not among KQL's: typed twins of values inside JSON bodies, and what a
query must name to have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gatelog.kql import (
    Choice,
    Column,
    KqlType,
    Latest,
    OriginColumn,
    PathColumn,
    StoredOrder,
    Table,
    Unlisted,
    View,
    WordsColumn,
)
from gatelog.store.latest_calls import of_latest_days

STRING_NULL = "''"

SQL_TYPES = {
    KqlType.BOOL: "Bool",
    KqlType.INT: "Int32",
    KqlType.LONG: "Int64",
    KqlType.REAL: "Float64",
    KqlType.STRING: "String",
    KqlType.DATETIME: "DateTime64(7, 'UTC')",
    KqlType.DYNAMIC: "String",
}
"""ClickHouse types that the compiler expects of a view's columns (dynamic: JSON text); nullable ones in
Nullable.
"""


STORED_BY = "toStartOfHour(received)"
"""What the rows of `calls` are stored by at first (schema.py)."""

_SOUGHT = re.compile(r"\b(?:request_body|response_body|request_id|conversation_id)\b")
"""Columns of `calls` that take long to read, and those with an index that finds few rows."""


class LogColumn(NamedTuple):
    """One column: its KQL name and type, and the SQL expression of its value. `content`: it holds, or gives
    away, what was said in a call; only readers with a right to bodies see it.
    """

    name: str
    type: KqlType
    sql: str
    nullable: bool = False
    content: bool = False


def string(name: str, sql: str = STRING_NULL) -> LogColumn:
    """A text column; without SQL it exists in Azure but nothing here can fill it."""
    return LogColumn(name, KqlType.STRING, sql)


def said(name: str, sql: str) -> LogColumn:
    """A text column of content."""
    return LogColumn(name, KqlType.STRING, sql, content=True)


def unknown(name: str, kql_type: KqlType) -> LogColumn:
    """A column that exists in Azure and that nothing here can fill: null."""
    if kql_type is KqlType.STRING:
        return string(name)
    return LogColumn(name, kql_type, "NULL", nullable=True)


JsonPaths = Mapping[tuple[str, tuple[str | int, ...]], str]
"""Where in which body column a hidden column's value is found: ("RequestBody", ("model",)) → "__model"."""


class IndexedText(NamedTuple):
    """The words of a text column: the SQL that the index is over (words.py); that of the index of the short
    words, if texts may be OMITTED; the SQL condition without which the column is empty; the SQL of the
    index of seams of words, if there is one; and that of the index of the words of a part which the first
    leaves out, with the SQL condition under which it does.
    """

    column: str
    sql: str
    short: str = ""
    guard: str = ""
    seams: str = ""
    part: str = ""
    parted: str = ""


class JsonOrigin(NamedTuple):
    """The column of `calls` with the JSON that a dynamic column is read from, what is put around it, and the
    words of that JSON (see `IndexedText`); or the SQL of the `value` itself, an array or object always and
    empty for null, and its words, and the SQL condition under which it `stands` in that JSON as it is.
    """

    column: str
    sql: str
    added: str
    words: IndexedText
    value: str = ""
    stands: str = ""


TIME_RECEIVED = "_TimeReceived"
"""The unlisted column that says when a row came, which is what ingestion_time() gives."""


@dataclass(frozen=True, slots=True)
class LogTable:
    """One table: `rows` is the SQL after FROM, `condition` that after WHERE, if anything. Queries have the
    `unlisted` columns, TIME_RECEIVED among them, where they name them.
    """

    name: str
    columns: tuple[LogColumn, ...]
    rows: str = "calls"
    condition: str = ""
    hidden: tuple[LogColumn, ...] = ()
    paths: JsonPaths = field(default_factory=dict)
    indexed: tuple[IndexedText, ...] = ()
    origins: tuple[JsonOrigin, ...] = ()
    choice: Choice | None = None
    latest: Latest | None = None
    unlisted: tuple[LogColumn, ...] = ()

    def create_view(self) -> str:
        """The statement that makes (or replaces) the view."""
        view = self.view()
        select = ",\n  ".join(f"{value} AS `{name}`" for name, value in view.columns.items())
        where = f"\nWHERE {view.condition}" if view.condition else ""
        return f"CREATE OR REPLACE VIEW `{self.name}` AS SELECT\n  {select}\nFROM {view.rows}{where}"

    def view(self) -> View:
        """What the view selects."""
        columns = {column.name: _value(column) for column in (*self.columns, *self.hidden)}
        columns |= dict(_words(self.indexed)) | {_origin(each): each.sql for each in self.origins}
        columns |= dict(_words(each.words for each in self.origins))
        columns |= {_text_of(each): each.value for each in self.origins if each.value}
        columns |= {_stands(each): each.stands for each in self.origins if each.value}
        columns |= {_source(column.name): _value(column) for column in self.unlisted}
        named = [Unlisted(column.name, column.type, _source(column.name)) for column in self.unlisted]
        order = self._stored_order()
        return View(columns, self.rows, self.condition, self.choice, order, self._latest(), named)

    def _latest(self) -> Latest | None:
        """Where the rows are those of `calls`, and all of them, days are enough."""
        if self.rows != "calls" or self.condition:
            return self.latest
        return Latest("TimeGenerated", of_latest_days)

    def _stored_order(self) -> StoredOrder | None:
        """That of `calls`, if the rows are its rows. An index of words is asked as any other column is."""
        if self.rows != "calls":
            return None
        values = [(column.name, column.sql) for column in self.columns]
        values += [(_origin(each), each.sql) for each in self.origins]
        sought = frozenset(name for name, value in values if _SOUGHT.search(value))
        return StoredOrder("TimeGenerated", STORED_BY, sought)

    @property
    def content(self) -> frozenset[str]:
        """The names of the columns that hold what was said."""
        return frozenset(column.name for column in self.columns if column.content)

    def kql_table(self) -> Table:
        """The same table for the query compiler, content included."""
        hidden = {column.name: column.type for column in self.hidden}
        return Table(
            name=self.name,
            columns=tuple(Column(column.name, column.type) for column in self.columns),
            source=self.name,
            paths={where: PathColumn(name, hidden[name]) for where, name in self.paths.items()},
            not_null=frozenset(column.name for column in self.columns if not column.nullable),
            words={text.column: _words_column(text) for text in self.indexed},
            origins={each.column: _origin_column(each) for each in self.origins},
            view=self.view(),
            ingested=_source(TIME_RECEIVED),
        )


def _source(unlisted: str) -> str:
    return f"_{unlisted}"


def _origin(origin: JsonOrigin) -> str:
    return f"__origin_{origin.column}"


def _text_of(origin: JsonOrigin) -> str:
    return f"__text_{origin.column}"


def _stands(origin: JsonOrigin) -> str:
    return f"__stands_{origin.column}"


def _origin_column(origin: JsonOrigin) -> OriginColumn:
    known = OriginColumn(_origin(origin), origin.added, _words_column(origin.words))
    return known._replace(value=_text_of(origin), stands=_stands(origin)) if origin.value else known


def _words_column(text: IndexedText) -> WordsColumn:
    return WordsColumn(
        f"__words_{text.column}",
        f"__short_{text.column}" if text.short else None,
        f"__has_{text.column}" if text.guard else None,
        f"__seams_{text.column}" if text.seams else None,
        f"__part_{text.column}" if text.part else None,
        f"__parted_{text.column}" if text.part else None,
    )


def _words(texts: Iterable[IndexedText]) -> Iterator[tuple[str, str]]:
    """As they are, without a cast: the engine must recognise the expression of its index."""
    for text in texts:
        yield f"__words_{text.column}", text.sql
        if text.short:
            yield f"__short_{text.column}", text.short
        if text.guard:
            yield f"__has_{text.column}", text.guard
        if text.seams:
            yield f"__seams_{text.column}", text.seams
        if text.part:
            yield f"__part_{text.column}", text.part
            yield f"__parted_{text.column}", text.parted


def _value(column: LogColumn) -> str:
    """A bare column is passed on as it is, so that its indexes still serve; anything else is cast to its
    type.
    """
    if column.sql.isidentifier() and column.sql != "NULL":
        return column.sql
    type_name = SQL_TYPES[column.type]
    if column.nullable:
        type_name = f"Nullable({type_name})"
    return f"CAST({column.sql} AS {type_name})"
