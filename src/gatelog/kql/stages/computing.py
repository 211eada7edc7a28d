"""What all stages share: computing columns over a relation."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlglot import exp

from gatelog.kql.clickhouse import sql
from gatelog.kql.names.context import Context
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Copied, Kept, Relation, Sort, SortKey
from gatelog.kql.special.windows import numbering, order_after
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType


def with_windows(relation: Relation, scope: Scope) -> Relation:
    """The relation with the columns that the expressions bound in `scope` need computed over its order."""
    number = numbering(scope)
    for place, computed in enumerate(scope.pending.windows):
        made = (computed,) if place or number is None else (computed, number)
        relation = Compute(relation.fields, relation, made, windowed=True)
        if number in made:
            relation = Sort(relation.fields, relation, order_after(scope))
    return relation


def in_places(relation: Relation, scope: Scope) -> Relation:
    """The relation; if it is in an order, then in one that leaves nothing open. A number that the engine
    gives the rows as it reads them is enough for that: to number them in their order is to sort them all."""
    if not relation.order or any(key.unique for key in relation.order):
        return relation
    place = scope.context.field("place", KqlType.LONG, nullable=False)
    numbered = Compute(relation.fields, relation, (Computed(place, sql.call("rowNumberInAllBlocks")),))
    last = SortKey(place.sql_name, descending=False, nulls_first=False, unique=True)
    return Sort(relation.fields, numbered, (*relation.order, last))


def with_columns(
    relation: Relation, fields: Iterable[Field], computed: Iterable[Computed], scope: Scope
) -> Relation:
    """A stage that shows `fields` and computes `computed`."""
    source = with_windows(relation, scope)
    shown = tuple(fields) if source is relation else unfiltered(fields)
    return Compute(shown, source, tuple(computed))


def unfiltered(fields: Iterable[Field]) -> tuple[Field, ...]:
    """The columns where a filter can be asked no earlier: what it would read instead, whole texts, would come
    all the way with every row."""
    return tuple(replace(field, filter=None) for field in fields)


def copied(relation: Relation, context: Context) -> Relation:
    """The same rows in columns of their own."""
    made = [
        Computed(context.field(field.name, field.type, nullable=field.nullable), sql.column(field.sql_name))
        for field in relation.fields
    ]
    return Copied(tuple(computed.field for computed in made), relation, tuple(made))


def kept(relation: Relation, context: Context) -> Relation:
    """The rows as they come out once, for tables that come out another way each time."""
    fields = tuple(field.detached() for field in relation.fields)
    return Kept(fields, relation, context.fresh("row"))


def column_for(term: Term, name: str, scope: Scope) -> tuple[Field, Computed | None]:
    """A column called `name` for a term; a plain column is only renamed, nothing is computed for it. What is
    drawn is not drawn again in a filter.
    """
    if isinstance(term.sql, exp.Column):
        nullable = term.nullable and term.type != "string"
        return Field(name, term.type, term.sql.name, nullable, term.source, term.filter), None
    made = scope.context.field(name, term.type, nullable=term.nullable)
    repeatable = None if scope.context.row_draws else term.filter
    column = Field(made.name, made.type, made.sql_name, made.nullable, term.source, repeatable)
    return column, Computed(column, term.sql)
