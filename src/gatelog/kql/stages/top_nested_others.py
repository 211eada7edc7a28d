"""top-nested with others: what did not make it to the top of a level counts together in one more row.

Level by level each row of the input gets a key: its value where that is among the top ones of its parent,
else the constant of `with others`, or, without one, it is dropped. Below a row of others there is one row for
each level: the constant again, or null where the level has none.

    rows + value ── group, sort, limit ──► top values of each parent
      └──────────── left join ────────────► rows + key + rest (whether the row is among others)
                                              └── group by keys and rests ──► one column of totals
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import result_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Join, Limit, Relation, Sort, SortKey
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.rows import row_count
from gatelog.kql.stages.summarize import bind_summarize, check_key
from gatelog.kql.terms import Field, Term, null_of
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values.conversions import convert


@dataclass(frozen=True, slots=True)
class Placed:
    """The rows of the input with what the levels so far made of them: `keys` and `rests`, one each a
    level."""

    rows: Relation
    keys: tuple[Field, ...] = ()
    rests: tuple[Field, ...] = ()

    @property
    def parents(self) -> tuple[Field, ...]:
        """The columns that tell the groups of the last level apart."""
        return (*self.keys, *self.rests)


def bind_with_others(levels: tuple[ast.TopNestedLevel, ...], relation: Relation, scope: Scope) -> Relation:
    """The keys and totals of all levels, in turn; a row for each group of the last one."""
    placed = Placed(copied(relation, scope.context))
    found: Relation | None = None
    for level in levels:
        placed = _placed(level, placed, scope)
        found = _joined(found, _totals(level, placed, scope))
    assert found is not None
    return Compute(found.fields[: 2 * len(levels)], found, ())


def _placed(level: ast.TopNestedLevel, placed: Placed, scope: Scope) -> Placed:
    """The rows with the key of one more level."""
    value = bind(level.of.value, scope.over(placed.rows))
    check_key(value.type, result_name(level.of.value), level.of, scope)
    own = scope.context.field("value", value.type, nullable=value.nullable)
    valued = Compute(placed.rows.fields, placed.rows, (Computed(own, value.sql),))
    top = _top(level, valued, placed, own, scope)
    *theirs, in_top = top.fields
    on = tuple(
        (sql.column(one.sql_name), sql.column(other.sql_name))
        for one, other in zip((*placed.parents, own), theirs, strict=True)
    )
    joined: Relation = Join(valued.fields, valued, top, "LEFT", on)
    is_top = sql.eq(sql.column(in_top.sql_name), 1)
    rest_above = sql.column(placed.rests[-1].sql_name) if placed.rests else sql.boolean(False)
    if level.others is None:
        joined = Filter(joined.fields, joined, sql.any_of([is_top, rest_above]))
    key = scope.context.field("key", value.type)
    rest = scope.context.field("rest", KqlType.BOOL, nullable=False)
    other = _constant(level, value.type, scope)
    made = (Computed(key, sql.if_(is_top, sql.column(own.sql_name), other)), Computed(rest, sql.not_(is_top)))
    return Placed(Compute(joined.fields, joined, made), (*placed.keys, key), (*placed.rests, rest))


def _constant(level: ast.TopNestedLevel, kind: KqlType, scope: Scope) -> Sql:
    if level.others is None:
        return null_of(kind).sql
    term = bind(level.others, scope)
    fits = term.type is kind or (term.type in NUMBERS and kind in NUMBERS)
    if not fits or sql.columns_read(term.sql):
        raise scope.context.error(level.others, f"others must be a constant {kind}, as the values are")
    return convert(term, kind).sql


def _top(level: ast.TopNestedLevel, valued: Relation, placed: Placed, own: Field, scope: Scope) -> Relation:
    """The top values of each parent: the parent's columns, the value, and 1 as a mark."""
    inside: Relation = valued
    if placed.rests:
        inside = Filter(valued.fields, valued, sql.not_(sql.column(placed.rests[-1].sql_name)))
    grouped = _grouped(level, inside, (*placed.parents, own), scope)
    *keys, total = grouped.fields
    mark = scope.context.field("in_top", KqlType.INT, nullable=False)
    marked: Relation = Compute(grouped.fields, grouped, (Computed(mark, sql.call("toUInt8", 1)),))
    if level.count is not None:
        order = SortKey(total.sql_name, level.descending, not level.descending)
        parents = tuple(key.sql_name for key in keys[:-1])
        sorted_rows = Sort(grouped.fields, marked, (order,))
        marked = Limit(grouped.fields, sorted_rows, row_count(level.count, scope), parents)
    return Compute((*keys, mark), marked, ())


def _grouped(level: ast.TopNestedLevel, rows: Relation, keys: tuple[Field, ...], scope: Scope) -> Relation:
    """The rows by columns of theirs that KQL does not see, with the level's aggregate."""
    total = ast.NamedExpression(level.span, (ast.Name(level.span, "total"),), level.by.value)
    grouped = bind_summarize(ast.Summarize(level.span, (total,), ()), rows, scope)
    assert isinstance(grouped, Aggregate)
    check_total(level, grouped.fields, scope)
    made = tuple(
        Computed(scope.context.field(key.name, key.type, nullable=key.nullable), sql.column(key.sql_name))
        for key in keys
    )
    fields = (*(one.field for one in made), *grouped.fields)
    return Aggregate(fields, grouped.input, made, grouped.aggregates, grouped.ordered)


def check_total(level: ast.TopNestedLevel, totals: Sequence[Field], scope: Scope) -> None:
    """Refuses an aggregate that makes several columns, values are in the order of one, and, where only the
    first are wanted, one that has no order."""
    if len(totals) != 1:
        raise scope.context.error(level.by, "the values of a level are in the order of one aggregate")
    if level.count is not None and totals[0].type is KqlType.DYNAMIC:
        hint = "aggregate to a number, or leave the count of the level out"
        raise scope.context.error(level.by, "a dynamic has no order", hint)


def _totals(level: ast.TopNestedLevel, placed: Placed, scope: Scope) -> Relation:
    """For each group of a level its key and total, then the columns to join by: keys and rests."""
    grouped = _grouped(level, placed.rows, placed.parents, scope)
    *parents, total = grouped.fields
    depth = len(placed.keys)
    shown = Term(total.type, sql.column(total.sql_name), total.nullable)
    made = scope.context.field("total", total.type)
    value = shown.sql
    if level.others is None:
        value = sql.if_(sql.column(parents[-1].sql_name), null_of(total.type).sql, shown.sql)
    fields = (parents[depth - 1], made, *parents)
    return Compute(fields, grouped, (Computed(made, value),))


def _joined(found: Relation | None, totals: Relation) -> Relation:
    """The columns of the levels above beside those of the next one."""
    if found is None:
        return totals
    depth = (len(totals.fields) - 2) // 2
    key, total, *parents = totals.fields
    above = found.fields[2 * (depth - 1) :]
    keys, rests = parents[: depth - 1], parents[depth : 2 * depth - 1]
    on = tuple(
        (sql.column(one.sql_name), sql.column(other.sql_name))
        for one, other in zip(above, (*keys, *rests), strict=True)
    )
    fields = (*found.fields[: 2 * (depth - 1)], key, total, *parents)
    return Join(fields, found, totals, "INNER", on)
