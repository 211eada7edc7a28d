"""union: the rows of several tables. Columns match by name and type; equal names of unequal types split
(x_long)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.literals import string_term
from gatelog.kql.relations import Branch, Relation, Union
from gatelog.kql.scope import Scope, TableBinding
from gatelog.kql.terms import Term, null_of, reference
from gatelog.kql.types import KqlType


class Input(NamedTuple):
    """A table of the union, and the name that withsource shows for it."""

    name: str
    relation: Relation


def bind_union(stage: ast.Union, relation: Relation | None, scope: Scope) -> Relation:
    """All rows of the input (after a pipe) and of the tables."""
    inputs = [] if relation is None else [Input("union_arg0", relation)]
    for node in stage.tables:
        inputs += _inputs(node, len(inputs), stage, scope)
    if not inputs:
        raise scope.context.error(stage, "the union has no table")
    columns = _columns([table.relation for table in inputs], stage)
    return _union(inputs, columns, stage.source_column, scope)


def _inputs(node: ast.Expression, place: int, stage: ast.Union, scope: Scope) -> list[Input]:
    if isinstance(node, ast.WildcardName):
        shape = re.compile(translate(node.pattern))
        names = [name for name in scope.context.catalog.names if shape.match(name)]
        if not names:
            raise scope.context.error(node, f"no table matches '{node.pattern}'")
        return [Input(name, scope.bind_table(ast.Name(node.span, name), scope)) for name in names]
    name = _source_name(node, place, scope)
    if stage.fuzzy and _is_missing(node, scope):
        return []
    return [Input(name, scope.bind_table(node, scope))]


def _is_missing(node: ast.Expression, scope: Scope) -> bool:
    match node:
        case ast.Pipeline(source=ast.Expression() as source):
            return _is_missing(source, scope)
        case ast.Name(value=name):
            return name not in scope.names and scope.context.catalog.find(name) is None
        case _:
            return False


def _source_name(node: ast.Expression, place: int, scope: Scope) -> str:
    """A table of the catalogue by its name, anything else by its place."""
    match node:
        case ast.Pipeline(source=ast.Name() as source):
            return _source_name(source, place, scope)
        case ast.Name(value=name) if not isinstance(scope.names.get(name), TableBinding):
            return name
        case _:
            return f"union_arg{place}"


class Wanted(NamedTuple):
    """A column of the union: its name, and the name and type that a branch must have to fill it."""

    name: str
    source: str
    type: KqlType


def _columns(relations: Sequence[Relation], stage: ast.Union) -> list[Wanted]:
    types: dict[str, list[KqlType]] = {}
    for relation in relations:
        for field in relation.fields:
            known = types.setdefault(field.name, [])
            if field.type not in known:
                known.append(field.type)
    if stage.kind == "inner":
        types = {
            name: kinds
            for name, kinds in types.items()
            if all(any(field.name == name for field in relation.fields) for relation in relations)
        }
    wanted: list[Wanted] = []
    for name, kinds in types.items():
        split = len(kinds) > 1
        wanted += [Wanted(f"{name}_{kind}" if split else name, name, kind) for kind in kinds]
    return wanted


def _union(
    inputs: Sequence[Input], columns: Sequence[Wanted], source_column: str | None, scope: Scope
) -> Relation:
    fields = [scope.context.field(column.name, column.type) for column in columns]
    if source_column is not None:
        fields.insert(0, scope.context.field(source_column, KqlType.STRING))
    branches = []
    for table in inputs:
        values = [_value(column, table.relation) for column in columns]
        if source_column is not None:
            values.insert(0, string_term(table.name))
        branches.append(Branch(table.relation, tuple(value.sql for value in values)))
    return Union(tuple(fields), tuple(branches))


def _value(column: Wanted, relation: Relation) -> Term:
    for field in relation.fields:
        if field.name == column.source and field.type is column.type:
            return reference(field)
    return null_of(column.type)
