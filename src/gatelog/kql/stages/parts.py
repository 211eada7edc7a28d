"""A relation in parts, to all of which a sub-query is applied at once, and the columns that the parts carry
along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.stages.expand import HIDDEN
from gatelog.kql.terms import Field, reference


@dataclass(frozen=True, slots=True)
class Parts:
    """A relation in parts: `key` tells them apart, `carried` are the columns that belong to the part as a
    whole."""

    relation: Relation
    key: Field
    carried: tuple[Field, ...]


def revealed(bind_stage: Callable[[Relation, list[str]], Relation], parts: Parts) -> Parts:
    """A stage that carries the columns of the part along as if they were columns of the rows."""
    hidden = (parts.key, *parts.carried)
    shown, names = with_hidden(parts)
    made = bind_stage(shown, names)
    found = {field.name: field for field in made.fields}
    rest = tuple(field for field in made.fields if field.name not in names)
    key, *carried = (found[name].renamed(field.name) for name, field in zip(names, hidden, strict=True))
    return Parts(Compute(rest, made, ()), key, tuple(carried))


def with_hidden(parts: Parts) -> tuple[Relation, list[str]]:
    """The rows with the key and what is carried among the columns that KQL sees, and their names there."""
    hidden = (parts.key, *parts.carried)
    names = [f"{HIDDEN}{place}" for place in range(len(hidden))]
    shown = [field.renamed(name) for field, name in zip(hidden, names, strict=True)]
    return Compute((*parts.relation.fields, *shown), parts.relation, ()), names


def of_part(columns: Iterable[Field], scope: Scope) -> tuple[Computed, ...]:
    """Columns that have one value in all rows of a part, as aggregates."""
    return tuple(
        Computed(
            scope.context.field(field.name, field.type, nullable=field.nullable),
            _whole(reference(field).sql) if field.nullable else sql.call("any", sql.column(field.sql_name)),
        )
        for field in columns
    )


def _whole(value: Sql) -> Sql:
    """The value of the part's first row, null included."""
    return sql.call("tupleElement", sql.call("any", sql.call("tuple", value)), 1)
