"""What all stages share: computing columns over a relation."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from gatelog.kql import sql
from gatelog.kql.context import Context
from gatelog.kql.relations import Compute, Computed, Copied, Kept, Relation
from gatelog.kql.scope import Scope
from gatelog.kql.terms import Field, Term


def with_windows(relation: Relation, scope: Scope) -> Relation:
    """The relation with the columns that the expressions bound in `scope` need computed over its order."""
    for computed in scope.pending.windows:
        relation = Compute(relation.fields, relation, (computed,), windowed=True)
    return relation


def with_columns(
    relation: Relation, fields: Iterable[Field], computed: Iterable[Computed], scope: Scope
) -> Relation:
    """A stage that shows `fields` and computes `computed`."""
    return Compute(tuple(fields), with_windows(relation, scope), tuple(computed))


def copied(relation: Relation, context: Context) -> Relation:
    """The same rows in columns of their own."""
    made = [
        Computed(context.field(field.name, field.type, nullable=field.nullable), sql.column(field.sql_name))
        for field in relation.fields
    ]
    return Copied(tuple(computed.field for computed in made), relation, tuple(made))


def kept(relation: Relation, context: Context) -> Relation:
    """The rows as they come out once, for tables that come out another way each time."""
    fields = tuple(field._replace(source=None) for field in relation.fields)
    return Kept(fields, relation, context.fresh("row"))


def column_for(term: Term, name: str, scope: Scope) -> tuple[Field, Computed | None]:
    """A column called `name` for a term; a plain column is only renamed, nothing is computed for it."""
    if isinstance(term.sql, exp.Column):
        nullable = term.nullable and term.type != "string"
        return Field(name, term.type, term.sql.name, nullable, term.source), None
    made = scope.context.field(name, term.type, nullable=term.nullable)
    column = Field(made.name, made.type, made.sql_name, made.nullable, term.source)
    return column, Computed(column, term.sql)
