"""Frequent patterns, found as Apriori does.

An item is a value of a column, a pattern a set of items. The levels are relations above each other; a row of
one is a basket (rows with the same frequent items) with one of its patterns, and those too rare are dropped:

    items      {a} {b} {c}        the values that are frequent by themselves
    level 2    {a b} {a c}        each pattern of level 1 with each later item of the basket
    level 3    {a b c}            and so on

A pattern that says no more than a shorter one (as many rows have it) is not carried on: its further items
depend on the others. In the end each pattern has all items that its rows share, and patterns of the same rows
are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation, Unnest
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert

DYNAMIC = KqlType.DYNAMIC


class Patterns(NamedTuple):
    """Baskets with their patterns, at some level: the rows, and what their columns are.

    `total` is the weight of the whole input, `support` that of the baskets with the pattern; `values` are
    those of the attributes, right where the pattern has an item of the attribute.
    """

    rows: Relation
    weight: Field
    total: Field
    items: Field
    values: Sequence[Field]
    pattern: Field
    support: Field


class Baskets(NamedTuple):
    """The rows with the same frequent items as one."""

    rows: Relation
    weight: Field
    total: Field
    items: Field
    values: Sequence[Field]


def baskets_of(
    relation: Relation, attributes: Sequence[Field], weight: Field | None, least: Sql, scope: Scope
) -> Baskets:
    """The rows by what is frequent in them: at least the part `least` of all weight.

    An item is (place of the attribute, whether it is null, its value as text).
    """
    keys = [computed(field.name, column(field), scope, field.type) for field in attributes]
    size = computed("weight", _sum_of(weight), scope)
    equal = _grouped(relation, keys, [size])
    total = computed("total", _over(size.field), scope)
    shares = [computed("share", _over(size.field, key.field), scope) for key in keys]
    counted = extended(equal, total, *shares, windowed=True)
    cells = [
        formula(
            "(place, isNull(value), text, share / total >= least)",
            place=place, value=column(key.field), text=convert(reference(key.field), KqlType.STRING).sql,
            share=column(share.field), total=column(total.field), least=least,
        )
        for place, (key, share) in enumerate(zip(keys, shares, strict=True))
    ]  # fmt: skip  # the formula's names
    text = "arrayMap(cell -> (cell.1, cell.2, cell.3), arrayFilter(cell -> cell.4, cells))"
    items = computed("items", formula(text, cells=sql.array(cells)), scope)
    sizes = computed("weight", sql.call("sum", column(size.field)), scope)
    whole, *values = (_any(field, scope) for field in (total.field, *(key.field for key in keys)))
    rows = _grouped(counted, [items], [sizes, whole, *values])
    return Baskets(rows, sizes.field, whole.field, items.field, [value.field for value in values])


def _sum_of(weight: Field | None) -> Sql:
    if weight is None:
        return sql.call("toInt64", sql.call("count"))
    kind = "toFloat64" if weight.type in (KqlType.REAL, KqlType.DECIMAL) else "toInt64"
    return sql.call(kind, sql.if_null(sql.call("sum", column(weight)), 0))


def first_level(baskets: Baskets, scope: Scope) -> Patterns:
    """The items of each basket as patterns."""
    items = computed(
        "patterns", formula("arrayMap(item -> [item], items)", items=column(baskets.items)), scope
    )
    rows, pattern, support = _unnested(baskets.rows, items, baskets.weight, scope)
    return Patterns(rows, *baskets[1:], pattern, support)


def next_level(before: Patterns, level: int, least: Sql, scope: Scope) -> Patterns:
    """The patterns so far, and those of `level` items that are frequent and say more than their beginning."""
    text = """
    arrayConcat([pattern], if(
        length(pattern) = shorter,
        arrayMap(item -> arrayPushBack(pattern, item), arrayFilter(item -> item > pattern[-1], items)),
        []
    ))
    """
    longer = formula(text, pattern=column(before.pattern), items=column(before.items), shorter=level - 1)
    candidates = computed("patterns", longer, scope)
    rows, pattern, support = _unnested(before.rows, candidates, before.weight, scope)
    says_more = formula(
        "support / total >= least AND (length(pattern) < level OR support < shorter)",
        support=column(support), total=column(before.total), least=least, pattern=column(pattern),
        level=level, shorter=column(before.support),
    )  # fmt: skip  # the formula's names
    return before._replace(rows=Filter(rows.fields, rows, says_more), pattern=pattern, support=support)


def _unnested(
    rows: Relation, patterns: Computed, weight: Field, scope: Scope
) -> tuple[Relation, Field, Field]:
    """A row for each of the `patterns`, with the columns of the pattern and of its weight in all."""
    pattern = scope.context.field("pattern", DYNAMIC)
    source = extended(rows, patterns)
    each = Unnest((*source.fields, pattern), source, (pattern,), (patterns.field.sql_name,))
    support = computed("support", _over(weight, pattern), scope)
    return extended(each, support, windowed=True), pattern, support.field


def closed(patterns: Patterns, scope: Scope) -> Patterns:
    """Each pattern once, with all items that its baskets share."""
    shared = formula("arraySort(groupArrayIntersect(items))", items=column(patterns.items))
    closure = computed("items", shared, scope)
    once = _folded(patterns, patterns.pattern, [closure], scope)
    return _folded(once, closure.field, [], scope)


def _folded(patterns: Patterns, key: Field, beside: Sequence[Computed], scope: Scope) -> Patterns:
    """A row for each `key`, which is the pattern now, with what its rows have in common."""
    pattern = computed("pattern", column(key), scope)
    support, total, *values = (
        _any(field, scope) for field in (patterns.support, patterns.total, *patterns.values)
    )
    return patterns._replace(
        rows=_grouped(patterns.rows, [pattern], [*beside, support, total, *values]),
        pattern=pattern.field,
        support=support.field,
        total=total.field,
        values=[value.field for value in values],
    )


def column(field: Field) -> Sql:
    """The column in the SQL."""
    return sql.column(field.sql_name)


def computed(name: str, value: Sql, scope: Scope, kql_type: KqlType = DYNAMIC) -> Computed:
    """A new column."""
    return Computed(scope.context.field(name, kql_type), value)


def _any(field: Field, scope: Scope) -> Computed:
    return computed(field.name, sql.call("any", column(field)), scope, field.type)


def _over(weight: Field, within: Field | None = None) -> Sql:
    """The weight of all rows, or of those with an equal value."""
    partition = [] if within is None else [column(within)]
    return exp.Window(this=sql.call("sum", column(weight)), partition_by=partition)


def extended(rows: Relation, *made: Computed, windowed: bool = False) -> Relation:
    """The rows with further columns."""
    return Compute((*rows.fields, *(one.field for one in made)), rows, made, windowed)


def _grouped(rows: Relation, keys: Sequence[Computed], made: Sequence[Computed]) -> Relation:
    return Aggregate(tuple(one.field for one in (*keys, *made)), rows, tuple(keys), tuple(made))
