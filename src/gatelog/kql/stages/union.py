"""union: the rows of several tables. Columns match by name and type; equal names of unequal types split
(x_long)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.naming import Names, names_beside
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Branch, Relation, Union
from gatelog.kql.stages.table_lists import Input, listed
from gatelog.kql.terms import Field, Term, null_of, reference
from gatelog.kql.types import KqlType
from gatelog.kql.values.literals import string_term


def bind_union(stage: ast.Union, relation: Relation | None, scope: Scope) -> Relation:
    """All rows of the input (after a pipe) and of the tables; `set best_effort` makes every union fuzzy."""
    inputs = listed(stage.tables, relation, scope, fuzzy=stage.fuzzy or scope.context.best_effort)
    if not inputs:
        raise scope.context.error(stage, "none of the tables of this union exists")
    return union_of(inputs, stage.source_column, scope, inner=stage.kind == "inner")


def union_of(
    inputs: Sequence[Input], source_column: str | None, scope: Scope, *, inner: bool = False
) -> Relation:
    """The rows of all inputs; with `inner` only the columns that all of them have."""
    columns = columns_of([table.relation for table in inputs], inner=inner)
    return rows_of(inputs, columns, source_column, scope)


class Wanted(NamedTuple):
    """A column of the union: its name, and the name and type that a branch must have to fill it."""

    name: str
    source: str
    type: KqlType


def columns_of(relations: Sequence[Relation], *, inner: bool = False) -> list[Wanted]:
    """The columns of a union: one for each name and type."""
    types: dict[str, list[KqlType]] = {}
    for relation in relations:
        for field in relation.fields:
            known = types.setdefault(field.name, [])
            if field.type not in known:
                known.append(field.type)
    if inner:
        types = {
            name: kinds
            for name, kinds in types.items()
            if all(any(field.name == name for field in relation.fields) for relation in relations)
        }
    names = Names(name for name, kinds in types.items() if len(kinds) == 1)
    wanted: list[Wanted] = []
    for name, kinds in types.items():
        if len(kinds) == 1:
            wanted.append(Wanted(name, name, kinds[0]))
        else:
            wanted += [Wanted(names.add(f"{name}_{kind}"), name, kind) for kind in kinds]
    return wanted


def rows_of(
    inputs: Sequence[Input], columns: Sequence[Wanted], source_column: str | None, scope: Scope
) -> Relation:
    """The rows of all inputs in the columns wanted; the first tells the input, if it is to have a column. One
    that has its name gets a number."""
    first = [] if source_column is None else [source_column]
    fields = [scope.context.field(name, KqlType.STRING) for name in first]
    names = names_beside(first, [column.name for column in columns])
    fields += [scope.context.field(name, column.type) for name, column in zip(names, columns, strict=True)]
    branches: list[Branch] = []
    for table in inputs:
        known = {(field.name, field.type): field for field in reversed(table.relation.fields)}
        absent = _nothing if branches else null_of
        values = [_value(known.get((column.source, column.type)), column.type, absent) for column in columns]
        if source_column is not None:
            values.insert(0, string_term(table.name))
        branches.append(Branch(table.relation, tuple(value.sql for value in values)))
    return Union(tuple(fields), tuple(branches))


def _value(field: Field | None, kql_type: KqlType, absent: Callable[[KqlType], Term]) -> Term:
    return absent(kql_type) if field is None else reference(field)


def _nothing(kql_type: KqlType) -> Term:
    """As `null_of`, where the branch before has told the type."""
    return null_of(kql_type) if kql_type is KqlType.STRING else Term(kql_type, sql.null())
