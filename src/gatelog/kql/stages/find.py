"""find: the rows of several tables that satisfy a predicate, in one table.

    source_ | columns of project, or (smart) those that all tables have and those of the predicate | pack_

pack_ is a bag with the other columns of the row, where there are any. A table that has none of the
predicate's columns is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from gatelog.kql import ast
from gatelog.kql.ast.walking import descendants, mentions_all_columns, names_in
from gatelog.kql.functions import bag_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Relation
from gatelog.kql.stages.search import matching
from gatelog.kql.stages.table_lists import Input, everything, listed
from gatelog.kql.stages.union import Wanted, columns_of, rows_of
from gatelog.kql.terms import Field, reference
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert, convertible
from gatelog.kql.values.literals import string_term

PACK_COLUMN = "pack_"
SOURCE_COLUMN = "source_"


def bind_find(stage: ast.Find, relation: Relation | None, scope: Scope) -> Relation:
    """The matching rows of the tables; of all there are when the stage names none."""
    if relation is not None or stage.tables:
        inputs = listed(stage.tables, relation, scope)
    else:
        inputs = everything(scope, stage)
    inputs = _with_columns_asked(stage.predicate, inputs, scope)
    relations = [table.relation for table in inputs]
    found = [
        Input(table.name, matching(stage.predicate, table.relation, relations, scope, exact=False))
        for table in inputs
    ]
    for item in stage.project:
        if isinstance(item.column, ast.Name):
            _refuse_protected(item.column.value, item, inputs, scope)
    wanted = _smart(stage, relations) if stage.smart else _projected(stage, relations, scope)
    gone = [re.compile(translate(_pattern(node))) for node in stage.project_away]
    wanted = [column for column in wanted if not _matches(column.name, gone)]
    shaped = [Input(table.name, _shaped(table.relation, wanted, gone, scope)) for table in found]
    return rows_of(shaped, wanted, stage.source_column or SOURCE_COLUMN, scope)


def _with_columns_asked(predicate: ast.Expression, inputs: list[Input], scope: Scope) -> list[Input]:
    """The tables that have a column of the predicate; all of them when it looks into every one, or none."""
    asked = names_in(predicate)
    if not asked or mentions_all_columns(predicate) or _has_bare_term(predicate):
        return inputs
    for name in asked:
        _refuse_protected(name, predicate, inputs, scope)
    kept = [table for table in inputs if any(field.name in asked for field in table.relation.fields)]
    if not kept:
        raise scope.context.error(predicate, "no table has a column of this predicate")
    return kept


def _refuse_protected(name: str, node: ast.Node, inputs: Sequence[Input], scope: Scope) -> None:
    """An error for a column that only a protected one of the catalogue could be."""
    known = any(field.name == name for table in inputs for field in table.relation.fields)
    if not known and scope.context.catalog.protects(name):
        raise scope.context.protected(node, name)


def _has_bare_term(predicate: ast.Expression) -> bool:
    """Whether a string stands where a condition should: the whole predicate, or beside and, or, not."""
    places = [predicate]
    for node in descendants(predicate):
        match node:
            case ast.Binary(op="and" | "or", left=left, right=right):
                places += [left, right]
            case ast.Call(function="not", arguments=(inner,)):
                places.append(inner)
    return any(isinstance(place, ast.Literal) and place.type == "string" for place in places)


def _smart(stage: ast.Find, relations: Sequence[Relation]) -> list[Wanted]:
    columns = columns_of(relations)
    common = [name for name in _names(relations[0]) if all(name in _names(other) for other in relations)]
    names = dict.fromkeys([*common, *names_in(stage.predicate)])
    shown = [column for name in names for column in columns if column.source == name]
    if all(name in names for relation in relations for name in _names(relation)):
        return shown
    return [*shown, Wanted(PACK_COLUMN, PACK_COLUMN, KqlType.DYNAMIC)]


def _names(relation: Relation) -> list[str]:
    return [field.name for field in relation.fields]


def _pattern(node: ast.Name | ast.WildcardName | ast.Star) -> str:
    match node:
        case ast.Name(value=text) | ast.WildcardName(pattern=text):
            return text
        case _:
            return "*"


def _projected(stage: ast.Find, relations: Sequence[Relation], scope: Scope) -> list[Wanted]:
    columns = columns_of(relations)
    wanted = []
    for item in stage.project:
        if item.pack or isinstance(item.column, ast.Star):
            wanted.append(Wanted(PACK_COLUMN, PACK_COLUMN, KqlType.DYNAMIC))
            continue
        name = item.column.value
        types = [column.type for column in columns if column.source == name]
        if item.type is not None:
            types = [KqlType(item.type)]
        if not types:
            hint = did_you_mean(name, [column.source for column in columns])
            raise scope.context.error(item, f"none of the tables has a column '{name}'", hint)
        if len(types) > 1:
            shown = " and ".join(types)
            raise scope.context.error(item, f"'{name}' is {shown}", f"say which: {name}: {types[0]}")
        wanted.append(Wanted(name, name, types[0]))
    return wanted


def _matches(name: str, shapes: Sequence[re.Pattern[str]]) -> bool:
    return any(shape.match(name) for shape in shapes)


def _shaped(
    relation: Relation, wanted: Sequence[Wanted], gone: Sequence[re.Pattern[str]], scope: Scope
) -> Relation:
    """The table with the wanted columns in their types, and the rest in a bag."""
    fields: list[Field] = []
    computed: list[Computed] = []
    shown = {column.source for column in wanted}
    rest = [field for field in relation.fields if field.name not in shown and not _matches(field.name, gone)]
    for field in relation.fields:
        types = [column.type for column in wanted if column.source == field.name]
        if not types or field.type in types:
            fields.append(field)
        elif convertible(field.type, types[0]):
            value = convert(reference(field), types[0])
            made = scope.context.field(field.name, value.type)
            computed.append(Computed(made, value.sql))
            fields.append(made)
    pack = scope.context.field(PACK_COLUMN, KqlType.DYNAMIC)
    bag = bag_of([string_term(field.name) for field in rest], [reference(field) for field in rest])
    return Compute((*fields, pack), relation, (*computed, Computed(pack, bag.sql)))
