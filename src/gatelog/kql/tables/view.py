"""What a SQL view selects, so that a statement can say it itself, for the columns that it needs.

    over the view    SELECT "RequestId" FROM "Calls"                 every column of the view is analysed
    said itself      SELECT request_id AS "RequestId" FROM calls     one is

Of a view of eighty columns that is ten milliseconds of each statement. Nothing of a query's author becomes
part of these texts. Their names (`names`) are given to no column of a query, as an alias
would hide what they stand for: see `Catalog.stored_names`.

Rows that are made for each value of a column (a row a metric) need not be made for values that the
statement's own conditions rule out: that is the view's `Choice`. And a statement that wants the latest few
need not look at those of long ago: that is its `Latest`.

    SELECT … FROM calls WHERE status = 429 ORDER BY received DESC LIMIT 100        reads `status` of all rows
    … ORDER BY toStartOfHour(received) DESC, received DESC LIMIT 100               stops at the 100th

The same order, and the second says it as the rows are stored: that is the view's `StoredOrder`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gatelog.kql.clickhouse.nodes import Filled
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.tables.possible import may_hold
from gatelog.kql.types import KqlType

_STRING = re.compile(r"'(?:[^'\\]|\\.)*'")
_NAME = re.compile(r"[A-Za-z_]\w*")


class Choice(NamedTuple):
    """A column, all texts that it can have (ASCII), and what is after FROM for some of these texts only."""

    column: str
    texts: Sequence[str]
    rows: Callable[[Sequence[str]], str]


class Latest(NamedTuple):
    """A condition that the rows with the largest values of `column` meet: so many at least, or all.

    `any_few`: where any rows will do, these are found sooner as well.
    """

    column: str
    condition: Callable[[int], str]
    any_few: bool = False


class StoredOrder(NamedTuple):
    """The order in which the engine keeps rows: that of `column`, as far as the SQL `beginning` tells.

    Conditions on the columns `sought` are better asked of all rows at once: few rows are found, or slowly.
    """

    column: str
    beginning: str
    sought: frozenset[str] = frozenset()

    @property
    def sql(self) -> Sql:
        """What to order by first."""
        return _verbatim(self.beginning)


class Unlisted(NamedTuple):
    """A column that a table has only in queries that name it, never null; `source` is the view's column."""

    name: str
    type: KqlType
    source: str


@dataclass(frozen=True)
class View:
    """A view as SQL: the expression of each column, what is after FROM, and what is after WHERE, if anything.

    The texts are constants of the program. `unlisted` are columns that `*` and the schema leave out.
    """

    columns: Mapping[str, str]
    rows: str
    condition: str = ""
    choice: Choice | None = None
    stored: StoredOrder | None = None
    latest: Latest | None = None
    unlisted: Sequence[Unlisted] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """All names in the texts: columns below the view, and whatever else is written as a name."""
        order = () if self.stored is None else (self.stored.beginning,)
        latest = () if self.latest is None else (self.latest.condition(1),)
        texts = (*self.columns.values(), self.rows, self.condition, *order, *latest)
        return frozenset(name for text in texts for name in _NAME.findall(_STRING.sub("", text)))

    @cached_property
    def expressions(self) -> Mapping[str, Sql]:
        """The columns as SQL. They read no column of the query in hand."""
        return {name: _verbatim(text) for name, text in self.columns.items()}

    @cached_property
    def source(self) -> Sql:
        """The place of `rows` in FROM."""
        return _verbatim(self.rows)

    @cached_property
    def restrictions(self) -> tuple[Sql, ...]:
        """The condition as SQL, if there is one."""
        return (_verbatim(f"({self.condition})"),) if self.condition else ()

    def source_within(self, column: str, conditions: Iterable[Sql]) -> Sql:
        """The place of `rows` where the `conditions` hold; the column of the `choice` is `column` in them."""
        assert self.choice is not None
        tests = list(conditions)
        left = [text for text in self.choice.texts if all(may_hold(test, column, text) for test in tests)]
        return self.source if len(left) == len(self.choice.texts) else _verbatim(self.choice.rows(left))

    def lately(self, count: int) -> Sql:
        """What the latest rows meet, so many at least."""
        assert self.latest is not None
        return _verbatim(f"({self.latest.condition(count)})")


def _verbatim(text: str) -> Sql:
    return Filled((text,), [])
