"""What the lookup plugins share: each row of the input beside the rows of a small table that fit it.

The lookup table is read once, into an array of tuples; each row of the input keeps the elements that fit it
and becomes a row for each.
"""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.naming import Names
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Relation, Unnest
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType


def collected(element: Sql, table: Relation, scope: Scope) -> Sql:
    """The array of `element` over the rows of the lookup table."""
    rows = sql.call("groupArray", element)
    made = Computed(scope.context.field("rows", KqlType.DYNAMIC), rows)
    whole = Aggregate((made.field,), table, (), (made,))
    return sql.subquery(select_of(whole, [made.field.sql_name]))


def maybe(field: Field) -> Sql:
    """The value of a column in a type whose default stands for no value."""
    value = sql.column(field.sql_name)
    return value if field.type is KqlType.STRING else sql.call("toNullable", value)


def beside(
    relation: Relation,
    table: Relation,
    found: Sql,
    hidden: set[str],
    scope: Scope,
    *,
    keep: bool,
    reads: Sequence[Computed] = (),
) -> Relation:
    """The input with the columns of the matches, but for the `hidden` ones.

    `found` is the array of matches of a row, tuples of the columns of the table; it may read what `reads`
    computes. With `keep` a row without a match stays, with nulls.
    """
    if keep:
        text = "arrayResize(found, greatest(length(found), 1))"
        found = sql.with_value(found, "found", lambda array: formula(text, found=array))
    matches = Computed(scope.context.field("found", KqlType.DYNAMIC), found)
    item = scope.context.field("match", KqlType.DYNAMIC)
    source: Relation = relation
    for made in reads:
        source = Compute(relation.fields, source, (made,))
    source = Compute(relation.fields, source, (matches,))
    unnested = Unnest(relation.fields, source, (item,), (matches.field.sql_name,))
    names = Names(field.name for field in relation.fields)
    shown = []
    for place, field in enumerate(table.fields, start=1):
        if field.name not in hidden:
            value = sql.call("tupleElement", sql.column(item.sql_name), place)
            shown.append(Computed(scope.context.field(names.add(field.name), field.type), value))
    return Compute((*relation.fields, *(computed.field for computed in shown)), unnested, tuple(shown))
