"""What the binder makes of an expression: SQL that knows its KQL type.

A column that KQL sees is a `Field`; the name in the SQL (`sql_name`) is unique in the whole query, so that
no alias can ever shadow another column, and renaming a column costs nothing.

A dynamic value that comes straight from a JSON column remembers its `JsonSource`. Where the table has a typed
column for that very path, the term's `native` is that column, and conversions take it instead of the JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.tables.schema import JsonPath
from gatelog.kql.types import CLICKHOUSE_TYPES, KqlType


class Constant(msgspec.Struct, frozen=True):
    """A value known when the query is compiled, as in `ast.Literal`."""

    value: ast.LiteralValue


class Words(msgspec.Struct, frozen=True):
    """The indexed words of a stored text, by their name in the SQL; see `schema.WordsColumn`."""

    sql_name: str
    short: str | None = None
    guard: str | None = None
    seams: str | None = None
    part: str | None = None
    parted: str | None = None


class Origin(msgspec.Struct, frozen=True):
    """The stored text with the JSON that values are read from, by its name in the SQL, and its words if they
    are indexed; see `schema.OriginColumn`. `whole`: the text is that JSON, with nothing made of it before."""

    sql_name: str
    added: str = ""
    words: Words | None = None
    whole: bool = False


class ValueText(msgspec.Struct, frozen=True):
    """The text of a dynamic column, what it was read from, and the condition under which it is a piece of
    that, by their names in the SQL; see `schema.OriginColumn`."""

    sql_name: str
    origin: Origin
    stands: str


class JsonSource(msgspec.Struct, frozen=True):
    """Where a value was read from: a path below a column of a scanned table, the text that has its JSON, and
    the words of that column if the path is empty; `value` is the text of the dynamic column itself, if the
    table has it."""

    typed_column: Callable[[JsonPath], Field | None]
    path: JsonPath
    words: Words | None = None
    origin: Origin | None = None
    value: ValueText | None = None

    @property
    def text(self) -> str | None:
        """The name in the SQL of a stored text that is this value's JSON as it stands, if there is one."""
        return (
            self.origin.sql_name if self.origin is not None and self.origin.whole and not self.path else None
        )

    def child(self, key: str | int) -> JsonSource:
        """The member or element `key` of this value."""
        return replace(self, path=(*self.path, key), words=None)


class Field(msgspec.Struct, frozen=True):
    """A column of an intermediate table: its KQL name and type, and its name in the SQL.

    `source` and `filter` are those of the term that it was made of.
    """

    name: str
    type: KqlType
    sql_name: str
    nullable: bool = True
    source: JsonSource | None = None
    filter: Sql | None = None

    def renamed(self, name: str) -> Field:
        """The same column under another KQL name."""
        return Field(name, self.type, self.sql_name, self.nullable, self.source, self.filter)

    def detached(self) -> Field:
        """The same column where those of the scanned table are no more."""
        return replace(self, source=None, filter=None)


class Hidden(msgspec.Struct, frozen=True):
    """Columns that KQL does not see: `guarded` ones by their names, through which an expression may go to a
    typed column, and when the row was `ingested`, where it is still one of a table.
    """

    guarded: Mapping[str, Field] = MappingProxyType({})
    ingested: Field | None = None


NOTHING_HIDDEN = Hidden()


class Term(msgspec.Struct, frozen=True):
    """A typed SQL expression.

    `truth` is a shorter SQL for places that take NULL as false (filters); it may be NULL where `sql` is
    false.
    `filter` is what a filter of rows asks in its place: an index, whose words would be computed row by row
    anywhere else.
    `document` is a JSON text that member access may read instead of `sql`; it may be no JSON where `sql` is
    a string.
    `whole` is the integer that a decimal was made of: sums of it need no decimal arithmetic.
    """

    type: KqlType
    sql: Sql
    nullable: bool = True
    constant: Constant | None = None
    source: JsonSource | None = None
    truth: Sql | None = None
    filter: Sql | None = None
    document: Sql | None = None
    whole: Term | None = None

    @property
    def condition(self) -> Sql:
        """The SQL for a place that takes NULL as false."""
        return self.truth if self.truth is not None else self.sql

    @property
    def predicate(self) -> Sql:
        """The SQL for a filter of rows."""
        return self.filter if self.filter is not None else self.condition

    @property
    def native(self) -> Field | None:
        """The typed column that holds this dynamic value, if there is one."""
        if self.source is None or self.type is not KqlType.DYNAMIC:
            return None
        return self.source.typed_column(self.source.path)

    @property
    def value_text(self) -> Term | None:
        """The text of a dynamic column as the table has it, if it does: an array, an object, or empty."""
        source = self.source
        if self.type is not KqlType.DYNAMIC or source is None or source.path or source.value is None:
            return None
        name, words = source.value.sql_name, None if source.origin is None else source.origin.words
        origin = Origin(name, words=words, whole=True)
        text = JsonSource(source.typed_column, (), words, origin, source.value)
        return Term(KqlType.STRING, sql.column(name), nullable=False, source=text)

    @property
    def is_stored(self) -> bool:
        """Whether this is a stored text as it stands."""
        return self.source is not None and not self.source.path and self.type is KqlType.STRING

    @property
    def words(self) -> Words | None:
        """The indexed words of this text, if it is a stored one as it stands."""
        return self.source.words if self.source is not None and self.type is KqlType.STRING else None


def reference(field: Field) -> Term:
    """The value of a column. One that an outer join made null has no filter: there its words are empty."""
    known = None if field.nullable else field.filter
    return Term(field.type, sql.column(field.sql_name), field.nullable, source=field.source, filter=known)


@cache
def null_of(kql_type: KqlType) -> Term:
    """The null of a type; for a string, which has none, the empty string."""
    if kql_type is KqlType.STRING:
        return Term(kql_type, sql.literal(""), nullable=False, constant=Constant(""))
    from_null = sql.cast(sql.null(), f"Nullable({CLICKHOUSE_TYPES[kql_type]})")
    return Term(kql_type, from_null, constant=Constant(None))
