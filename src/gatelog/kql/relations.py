"""The bound query: a tree of relations whose expressions are SQL already. `lower` makes SELECTs of it.

    sources      Scan (a table) · Rows (datatable) · Single (print) · Counted (range)
    row by row   Filter · Compute · Unnest (mv-expand) · Kept (materialize)
    their order  Sort · Serialized · Unordered · Limit
    whole        Aggregate (summarize, distinct) · Join · Union

`fields` are the columns that KQL sees, in order. What is not among them may still be used from outside by
its SQL name: typed columns behind JSON paths, sort keys. Lowering asks each relation only for the columns
in need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from sqlglot import exp

from gatelog.kql.clickhouse.sql import Sql, column, columns_read
from gatelog.kql.tables.schema import JsonPath, Table
from gatelog.kql.terms import NOTHING_HIDDEN, Field, Hidden


class ProtectedColumnError(Exception):
    """The value of a protected column is needed; `sql_name` is that of its Field."""

    def __init__(self, sql_name: str) -> None:
        super().__init__(sql_name)
        self.sql_name = sql_name


class SortKey(NamedTuple):
    """An order by the column `sql_name`; `unique` when no two rows agree in it and the keys before."""

    sql_name: str
    descending: bool
    nulls_first: bool
    unique: bool = False

    @property
    def sql(self) -> Sql:
        """The key in an ORDER BY."""
        return exp.Ordered(this=column(self.sql_name), desc=self.descending, nulls_first=self.nulls_first)


class Computed(msgspec.Struct, frozen=True, eq=False):
    """A new column and its expression."""

    field: Field
    sql: Sql

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the expression reads."""
        return columns_read(self.sql)


class Relation(msgspec.Struct, frozen=True, eq=False):
    """A table at some stage of the query."""

    fields: tuple[Field, ...]

    @property
    def order(self) -> tuple[SortKey, ...]:
        """The keys by which the rows are sorted; empty when their order is not defined."""
        return ()

    @property
    def serialized(self) -> bool:
        """Whether the rows have an order that row_number, prev and next can speak of."""
        return False

    @property
    def hidden(self) -> Hidden:
        """Columns in reach that KQL does not see."""
        return NOTHING_HIDDEN


class Scan(Relation, frozen=True, eq=False):
    """A table of the catalogue; `columns` maps SQL names to the columns of its source.

    `typed` grows while expressions are bound: the typed columns behind the JSON paths they use. The SQL names
    in `protected` stand for no column: what needs one of them has no SQL.
    """

    table: Table
    columns: Mapping[str, str]
    typed: dict[tuple[str, JsonPath], Field] = msgspec.field(default_factory=dict)
    protected: Mapping[str, Field] = msgspec.field(default_factory=dict)
    ingested: Field | None = None

    @property
    def hidden(self) -> Hidden:
        """Those of the table."""
        return Hidden(self.protected, self.ingested)


class Rows(Relation, frozen=True, eq=False):
    """Rows written in the query, constant expressions."""

    rows: tuple[tuple[Sql, ...], ...]


class Single(Relation, frozen=True, eq=False):
    """One row without columns."""


class Counted(Relation, frozen=True, eq=False):
    """The numbers from 0 to `count` - 1, in order, as the only column."""

    count: Sql

    @property
    def serialized(self) -> bool:
        """They come in order."""
        return True


class Stage(Relation, frozen=True, eq=False):
    """A relation made of one other."""

    input: Relation

    @property
    def order(self) -> tuple[SortKey, ...]:
        """A stage keeps the order of its input unless it says otherwise."""
        return self.input.order

    @property
    def serialized(self) -> bool:
        """A stage keeps what order its input has."""
        return self.input.serialized

    @property
    def hidden(self) -> Hidden:
        """Those of its input."""
        return self.input.hidden


class Filter(Stage, frozen=True, eq=False):
    """The rows for which `condition` is true; NULL is not."""

    condition: Sql


class Compute(Stage, frozen=True, eq=False):
    """New columns beside those of the input; `windowed` when they depend on the order of the rows."""

    computed: tuple[Computed, ...]
    windowed: bool = False


class Copied(Compute, frozen=True, eq=False):
    """The rows in columns of their own, so that both can be used side by side; `known` are hidden columns
    that can be told from those of the original."""

    known: Hidden = NOTHING_HIDDEN

    @property
    def hidden(self) -> Hidden:
        """Those that it says."""
        return self.known


class KeptRows(msgspec.Struct, eq=False):
    """The one statement for the rows of a Kept, and the columns in them: what its uses so far need. A later
    use that needs more adds to both; the statement is written when all uses are known.
    """

    statement: exp.Select = msgspec.field(default_factory=exp.Select)
    names: list[str] = msgspec.field(default_factory=list)


class Kept(Stage, frozen=True, eq=False):
    """The rows as they come out once, wherever the query reads them; `row` is the column that holds one."""

    row: str
    rows: KeptRows = msgspec.field(default_factory=KeptRows)

    @property
    def hidden(self) -> Hidden:
        """None: their typed columns are not kept."""
        return NOTHING_HIDDEN


class Sort(Stage, frozen=True, eq=False):
    """The rows in the order of `keys`."""

    keys: tuple[SortKey, ...]

    @property
    def order(self) -> tuple[SortKey, ...]:
        """The new order."""
        return self.keys

    @property
    def serialized(self) -> bool:
        """A sorted table is in order."""
        return True


class Serialized(Stage, frozen=True, eq=False):
    """The rows in the order in which they come, declared to be one that counts."""

    @property
    def serialized(self) -> bool:
        """As the author declared."""
        return True


class Unordered(Stage, frozen=True, eq=False):
    """The rows as they come: the order of its input has served its purpose."""

    @property
    def order(self) -> tuple[SortKey, ...]:
        """None that says anything."""
        return ()

    @property
    def serialized(self) -> bool:
        """They come in no order that counts."""
        return False


class Limit(Stage, frozen=True, eq=False):
    """The first `count` rows; with `by` of each combination of these columns."""

    count: Sql
    by: tuple[str, ...] = ()


class Unnest(Stage, frozen=True, eq=False):
    """A row for each element: `items` are columns, each from the array column of the same place in `arrays`.

    Arrays that are shorter are filled with the default of their type.
    """

    items: tuple[Field, ...]
    arrays: tuple[str, ...]

    @property
    def order(self) -> tuple[SortKey, ...]:
        """That of the input, but a row has become several."""
        return tuple(key._replace(unique=False) for key in self.input.order)


class Aggregate(Stage, frozen=True, eq=False):
    """A row for each combination of the keys. `ordered` when an aggregate keeps the order of the rows."""

    keys: tuple[Computed, ...]
    aggregates: tuple[Computed, ...]
    ordered: bool = False

    @property
    def order(self) -> tuple[SortKey, ...]:
        """Groups come in no order."""
        return ()

    @property
    def serialized(self) -> bool:
        """Groups come in no order."""
        return False

    @property
    def hidden(self) -> Hidden:
        """None: a group is of many rows."""
        return NOTHING_HIDDEN


class Join(Relation, frozen=True, eq=False):
    """ClickHouse's join `kind` ("LEFT", "LEFT ANTI", ...) of two relations on equal (or both null) keys; with
    `one_left` the left one is an Aggregate that takes one row of each key."""

    left: Relation
    right: Relation
    kind: str
    on: tuple[tuple[Sql, Sql], ...]
    one_left: bool = False

    @property
    def hidden(self) -> Hidden:
        """Those of one side: they do not tell which name would have to give way to one of the other."""
        return self.right.hidden if self.kind in ("RIGHT SEMI", "RIGHT ANTI") else self.left.hidden


class Branch(NamedTuple):
    """An input of a union, and the expression for each column of the union, by place."""

    input: Relation
    columns: tuple[Sql, ...]


class Union(Relation, frozen=True, eq=False):
    """All rows of all branches."""

    branches: tuple[Branch, ...]
