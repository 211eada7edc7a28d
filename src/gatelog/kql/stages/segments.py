"""Patterns that tell much about rows, for autocluster and diffpatterns.

A pattern is a set of items, an item a value of a column. The rows are of two sets, A and B; without a
comparison all are of A.

    known        of each column the values that are frequent in A or in B, with a number each
    baskets      the rows as their items, equal ones as one; of each set at most MOST_BASKETS, those of most
                 weight
    beam         the best patterns so far and all that have one item more, of these again the best, several
                 times (segment_beam)
    chosen       of the beam those that say neither more nor less than a better one that is chosen
    counted      these in all rows, exactly

What is known and what is chosen are values; the rows are read twice for the first, and once for the second
and for the count. A pattern has all items that its rows share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Filter, Relation, SortKey, Unnest
from gatelog.kql.stages.frequent_patterns import column, computed, extended
from gatelog.kql.stages.row_items import Baskets, baskets_of_items, candidates_of, grouped, known_of
from gatelog.kql.stages.segment_beam import Search, chosen_patterns, next_level, with_known_items
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

MOST_BASKETS = 1_000
"""Different rows of each set in which patterns are sought, seen as their frequent values: each is tried with
each of its patterns and each of its items."""

MOST_ATTRIBUTES = 1_000
"""Columns among which patterns are sought: every value of a row is looked up."""


class Found(NamedTuple):
    """A row for each pattern: its weights in the sets and theirs, its items as numbers, and a value for each
    attribute, right where the pattern has one of it."""

    rows: Relation
    weights: Sequence[Field]
    totals: Sequence[Field]
    items: Field
    values: Sequence[Field]


def found(search: Search) -> Found:
    """The patterns, in no order."""
    known = _value(known_of(_value(candidates_of(search.weighed)), search.least, search.weighed))
    baskets = with_known_items(_heaviest(baskets_of_items(known, search.weighed), search), search)
    for _ in range(min(search.levels, len(search.weighed.attributes))):
        baskets = next_level(baskets, search)
    return _counted(_value(chosen_patterns(baskets, search)), known, search)


def _heaviest(baskets: Baskets, search: Search) -> Baskets:
    """Of each set the baskets of most weight, of equal ones those of least hash; a basket of both sets may
    count in one only."""
    number = computed("hash", sql.call("cityHash64", column(baskets.items)), search.scope)
    rows = extended(baskets.rows, number)
    places = [computed("place", _place(one, number.field), search.scope) for one in baskets.weights]
    rows = extended(rows, *places, windowed=True)
    weights = [
        computed(
            "weight", sql.if_(sql.at_most(column(place.field), MOST_BASKETS), column(one), 0), search.scope
        )
        for place, one in zip(places, baskets.weights, strict=True)
    ]
    rows = extended(rows, *weights)
    counting = sql.any_of([sql.greater(column(one.field), 0) for one in weights])
    first = Filter(rows.fields, rows, counting)
    return baskets._replace(rows=first, weights=[one.field for one in weights])


def _place(weight: Field, number: Field) -> Sql:
    keys = (SortKey(weight.sql_name, True, False), SortKey(number.sql_name, False, False))
    return exp.Window(this=sql.call("row_number"), order=exp.Order(expressions=[key.sql for key in keys]))


def _counted(patterns: Sql, known: Sql, search: Search) -> Found:
    """What is chosen, in all rows."""
    scope = search.scope
    baskets = baskets_of_items(known, search.weighed)
    chosen = computed("chosen", patterns, scope)
    picked = column(chosen.field)

    def tried(patterns: Sql) -> Sql:
        return sql.array([_hit(patterns, column(baskets.items), one) for one in range(1, search.width + 1)])

    hits = formula(
        "arrayPushFront(arrayFilter(place -> place > 0, tried), 0)",
        tried=sql.computed_once(picked, "chosen", tried),
    )
    listed = computed("hits", hits, scope)
    hit = scope.context.field("hit", KqlType.DYNAMIC)
    source = extended(extended(baskets.rows, chosen), listed)
    each = Unnest((*source.fields, hit), source, (hit,), (listed.field.sql_name,))
    return _summed(each, hit, picked, baskets, scope)


def _hit(patterns: Sql, items: Sql, place: int) -> Sql:
    """The place of a pattern if the items are of it, else 0. Each has an expression of its own: a loop in the
    engine would copy the items for each."""
    return formula(
        "if(length(patterns) >= place AND hasAll(items, patterns[place]), place, 0)",
        patterns=patterns, items=items, place=place,
    )  # fmt: skip  # the formula's names


def _summed(rows: Relation, hit: Field, chosen: Sql, baskets: Baskets, scope: Scope) -> Found:
    """The rows of each pattern as one. All rows hit the number 0, which is none."""
    key = computed("hit", column(hit), scope)
    sums = [computed("weight", sql.call("sum", column(one)), scope, one.type) for one in baskets.weights]
    values = [computed(one.name, sql.call("any", column(one)), scope, one.type) for one in baskets.values]
    items = computed("items", sql.call("any", sql.call("arrayElement", chosen, column(hit))), scope)
    patterns = grouped(rows, [key], [*sums, items, *values])
    totals = [
        computed("all", exp.Window(this=sql.call("max", column(one.field))), scope, one.field.type)
        for one in sums
    ]
    whole = extended(patterns, *totals, windowed=True)
    real = Filter(whole.fields, whole, sql.greater(column(key.field), 0))
    return Found(
        real,
        [one.field for one in sums],
        [one.field for one in totals],
        items.field,
        [one.field for one in values],
    )


def _value(relation: Relation) -> Sql:
    """The only cell of a relation as a value; the engine evaluates it once."""
    return sql.subquery(select_of(relation, [relation.fields[0].sql_name]))
