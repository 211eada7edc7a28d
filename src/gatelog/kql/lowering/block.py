"""One SELECT in the making: what it has in reach, and how it is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlglot import exp

from gatelog.kql.clickhouse import nodes, sql
from gatelog.kql.clickhouse.scale import Scale
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.misfit import Misfit
from gatelog.kql.relations import Computed, SortKey

Names = frozenset[str]
"""SQL names of columns."""


class Stored(NamedTuple):
    """The order in which the engine keeps the rows of a source (see `view.StoredOrder`): that of the column
    `sql_name`, at first by the expression `beginning`."""

    sql_name: str
    beginning: Sql
    sought: Names


class Latest(NamedTuple):
    """A condition for rows that all meet the first so many conditions: those with the largest values of
    `sql_name` hold to it, so many at least (see `view.Latest`)."""

    sql_name: str
    conditions: int
    any_few: bool
    condition: Callable[[int], Sql]


LATEST_ROWS_MAX = 10_000
"""Rows for which the latest are sought apart; of more it is no gain."""

WEIGHT_MAX = 1_000
"""Nodes of the expressions of one stage as the engine sees them, see `scale`: 25 ms of its analysis."""

ROWS_BELOW = 2**62
"""A limit that no table reaches."""

_CLOSED = (nodes.Leaf, exp.Query)
"""Nodes below which there is nothing of the block's."""


@dataclass(slots=True)
class Block:
    """One SELECT. `columns` maps every column in reach to its expression, None where the source has it
    under that name; `reads` says what the computed ones read. `consumed` are those that a grouping took: its
    expressions read them, nobody else can. `source_within` makes a source of the rows for which conditions
    hold, where that is less work; `stored` is the order of the source's rows, if it has one, and `latest`
    what some of them meet. Instead of a source it can have a block set `apart` below it, which still gets
    conditions."""

    source: Sql | None
    columns: dict[str, Sql | None]
    where: list[Sql] = field(default_factory=list)
    group: tuple[str, ...] | None = None
    consumed: frozenset[str] = frozenset()
    order: tuple[SortKey, ...] = ()
    limit: Sql | None = None
    limit_by: tuple[str, ...] = ()
    windowed: bool = False
    joins: list[exp.Join] = field(default_factory=list)
    reads: dict[str, Names] = field(default_factory=dict)
    source_within: Callable[[list[Sql]], Sql] | None = None
    stored: Stored | None = None
    latest: Latest | None = None
    apart: Block | None = None
    scale: Scale = field(init=False)

    def __post_init__(self) -> None:
        self.scale = Scale(self.columns)

    def compute(self, made: Iterable[Computed]) -> None:
        """Adds columns."""
        for computed in made:
            self.columns[computed.field.sql_name] = computed.sql
            self.reads[computed.field.sql_name] = computed.reads

    def is_too_heavy(self, expressions: Iterable[Sql]) -> bool:
        """Whether those of them that name what this block computes would repeat too much of it."""
        naming = [one for one in expressions if not self.reads.keys().isdisjoint(sql.columns_read(one))]
        return bool(naming) and sum(map(self.scale.weight, naming)) > WEIGHT_MAX

    def looks_in_table(self, expression: Sql) -> bool:
        """Whether it asks if a value is in a table, by itself or by what it names."""
        waiting: list[object] = [expression]
        named = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, exp.In) and "query" in node.args:
                return True
            if isinstance(node, nodes.Column) and node.name not in named:
                named.add(node.name)
                waiting.append(self.columns.get(node.name))
            elif isinstance(node, nodes.Composed):
                waiting += node.parts
            elif isinstance(node, list):
                waiting += node
            elif isinstance(node, exp.Expr) and not isinstance(node, _CLOSED):
                waiting += node.args.values()
        return False

    def restrict(self, condition: Sql) -> None:
        """Leaves the rows for which a condition holds. What it asks of columns that were only passed on is
        asked where they come from, as the table may find few rows by it."""
        for test in [condition] if self.apart is None else sql.conjuncts(condition):
            block, asked = self, sql.columns_read(test)
            while block.apart is not None and block.apart._has_as_given(asked):
                block = block.apart
            block.where.append(test)

    def _has_as_given(self, names: Names) -> bool:
        """Whether these are columns that it has from its source, and leaving rows out changes no others."""
        return names <= self.columns.keys() and self.reads.keys().isdisjoint(names) and not self.windowed

    def reachable(self, need: Iterable[str]) -> list[str]:
        """Those of the columns `need` that this block has to give."""
        wanted = set(need) - self.consumed
        return [name for name in self.columns if name in wanted]

    def in_any_order(self) -> Block:
        """The block without its order, unless that says which rows it has."""
        return self if self.limit is not None or not self.order else replace(self, order=())

    def nested(self, need: Iterable[str]) -> Block:
        """A new block over this one as its subquery; the order moves outwards."""
        inner = self.in_any_order()
        names = self.reachable([*need, *(key.sql_name for key in self.order)])
        return Block(sql.subquery(inner.select(names)), dict.fromkeys(names), order=self.order)

    def set_apart(self, need: Iterable[str]) -> Block:
        """As `nested`, behind a limit that all rows are below: the engine takes no condition back through it,
        as each would repeat what it names, to the power of the subqueries."""
        if self.limit is not None:
            return self.nested(need)
        inner = replace(self, limit=sql.literal(ROWS_BELOW), order=())
        names = self.reachable([*need, *(key.sql_name for key in self.order)])
        return Block(None, dict.fromkeys(names), order=self.order, apart=inner)

    def select(self, names: Iterable[str]) -> exp.Select:
        """The statement that returns the columns `names`, in that order."""
        shown = list(names)
        first = {name: place for place, name in reversed([*enumerate(shown)])}
        items = [self._item(name, first[name] < place) for place, name in enumerate(shown)]
        # Without a column there are rows nevertheless: of a group without keys one, else each of them.
        mark = sql.call("count") if self.group == () else sql.literal(1)
        clauses: dict[str, object] = {"expressions": items or [sql.alias(mark, "_")]}
        helpers = self._needed(shown)
        if helpers:
            clauses["with_"] = exp.With(expressions=helpers)
        source = self._rows()
        if source is not None:
            clauses["from_"] = nodes.make(exp.From, this=source)
        if self.joins:
            clauses["joins"] = self.joins
        if where := [*self.where, *self._lately()]:
            clauses["where"] = nodes.make(exp.Where, this=sql.all_of(where))
        if self.group:
            clauses["group"] = nodes.make(exp.Group, expressions=[sql.column(name) for name in self.group])
        if self.order:
            clauses["order"] = exp.Order(expressions=[*self._beginning(), *(key.sql for key in self.order)])
        if self.limit is not None:
            within = [sql.column(name) for name in self.limit_by]
            clauses["limit"] = exp.Limit(expression=self.limit, expressions=within)
        return nodes.make(exp.Select, **clauses)

    def _rows(self) -> Sql | None:
        """The source, or one of those of its rows that can be wanted."""
        if self.apart is not None:
            given = [name for name, made in self.columns.items() if made is None]
            return sql.subquery(self.apart.select(given))
        return self.source if self.source_within is None else self.source_within(self.where)

    def _lately(self) -> list[Sql]:
        """A condition where the latest rows are enough: any few are wanted, or the first from the latest."""
        latest = self.latest
        if latest is None or not self._is_plain() or len(self.where) > latest.conditions:
            return []
        if not isinstance(self.limit, exp.Literal) or not self._begins_with_latest(latest):
            return []
        count = int(self.limit.this)
        return [latest.condition(count)] if count <= LATEST_ROWS_MAX else []

    def _begins_with_latest(self, latest: Latest) -> bool:
        if not self.order:
            return latest.any_few
        return self.order[0].sql_name == latest.sql_name and self.order[0].descending

    def _beginning(self) -> list[Sql]:
        """What to order by first, so that the first of many rows are found at one end of what is stored.

        Without a condition the engine finds them by an index, and reads less.
        """
        stored, first = self.stored, self.order[0]
        if stored is None or stored.sql_name != first.sql_name or not self._is_cut_from_rows():
            return []
        asked = frozenset().union(*map(sql.columns_read, self.where))
        if not stored.sought.isdisjoint(asked | self._helpers([asked], set()).keys()):
            return []
        return [exp.Ordered(this=stored.beginning, desc=first.descending, nulls_first=first.nulls_first)]

    def _is_cut_from_rows(self) -> bool:
        """Whether it has the first few of those rows of its source for which a condition holds."""
        return self._is_plain() and self.limit is not None and bool(self.where)

    def _is_plain(self) -> bool:
        """Whether its rows are those of its source."""
        return self.group is None and not (self.joins or self.windowed or self.limit_by)

    def _expression(self, name: str) -> Sql | None:
        """That of a column in reach."""
        if name not in self.columns:
            raise _of_another_row(name)
        return self.columns[name]

    def _item(self, name: str, repeated: bool) -> Sql:
        expression = self._expression(name)
        return sql.column(name) if expression is None or repeated else sql.alias(expression, name)

    def _needed(self, shown: list[str]) -> list[Sql]:
        """For WITH: the expressions that are used by others but not shown."""
        used = [
            *map(self._reads, shown),
            *map(sql.columns_read, self.where),
            sql.columns_read(self.source) if self.source is not None else frozenset(),
            frozenset([*(key.sql_name for key in self.order), *(self.group or ()), *self.limit_by]),
        ]
        return [
            nodes.make(exp.CTE, this=node, alias=sql.identifier(name), scalar=True)
            for name, node in self._helpers(used, set(shown)).items()
        ]

    def _reads(self, name: str) -> Names:
        node = self.columns[name]
        if node is None:
            return frozenset()
        return self.reads[name] if name in self.reads else sql.columns_read(node)

    def _helpers(self, used: list[Names], shown: set[str]) -> Mapping[str, Sql]:
        found: dict[str, Sql] = {}
        while used:
            for name in sorted(used.pop()):
                node = self._expression(name)
                if node is not None and name not in shown and name not in found:
                    found[name] = node
                    used.append(self._reads(name))
        return found


def _of_another_row(name: str) -> Misfit:
    """The refusal of a column that is not in reach. The engine would look for one of that name in whatever is
    below the statement, columns that the reader may not see among it.
    """
    return Misfit(
        f"'{name}' is of a row, where what is asked for is the same for all rows",
        "no table within an expression depends on a row, nor do the bounds of a series: join instead",
    )
