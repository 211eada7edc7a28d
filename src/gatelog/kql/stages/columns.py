"""The stages that choose and compute columns: extend, project and its relatives, print, serialize,
getschema."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fnmatch import translate

from gatelog.kql import ast
from gatelog.kql.names.naming import COLUMN_IF_EXISTS, Names, chosen_names, names_beside, result_name
from gatelog.kql.names.own_names import is_own
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Computed, Relation, Rows, Serialized, Single
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.special.several_columns import columns_of, makes_several
from gatelog.kql.stages.computing import column_for, with_columns
from gatelog.kql.terms import Constant, Field, Term
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.types import DOTNET_TYPES, KqlType
from gatelog.kql.values.literals import long_term, string_term


def choose(name: str, names: Names, item: ast.Node, scope: Scope) -> None:
    """Notes a name that the author chose, and refuses one chosen already."""
    if name in names.chosen:
        raise scope.context.error(item, f"there are two columns '{name}'", "give one another name")
    names.chosen.add(name)


def choose_all(columns: Iterable[tuple[ast.Node, str]], scope: Scope) -> None:
    """Refuses a name that an operator's author chose for two of its columns."""
    names = Names()
    for node, name in columns:
        choose(name, names, node, scope)


def implied_name(node: ast.Expression, scope: Scope) -> str | None:
    """The name of a column to which its author gives none; None when Kusto counts it."""
    if isinstance(node, ast.Call) and node.function in COLUMN_IF_EXISTS and node.arguments:
        return _sought_column(node.arguments[0], scope)
    return result_name(node)


def _sought_column(key: ast.Expression, scope: Scope) -> str | None:
    """The column that column_ifexists() looks for, where its name is written or bound to a name; None if it
    is not there: what stands in for it does not have its name.
    """
    if isinstance(key, ast.Name):
        bound = scope.names.get(key.value)
        constant = bound.constant if isinstance(bound, Term) else None
    else:
        constant = Constant(key.value) if isinstance(key, ast.Literal) else None
    sought = constant.value if constant is not None else None
    return sought if isinstance(sought, str) and scope.column(sought) is not None else None


def bind_extend(stage: ast.Extend | ast.Serialize, relation: Relation, scope: Scope) -> Relation:
    """New columns at the end; a column that has the name already is replaced where it stands."""
    if isinstance(stage, ast.Serialize):
        relation = Serialized(relation.fields, relation)
    row_scope = scope.over(relation)
    names = Names(field.name for field in relation.fields)
    fields: list[Field] = []
    computed: list[Computed] = []
    for item in stage.columns:
        chosen = chosen_names(item)
        for name, term in _values(item, row_scope):
            given = name or implied_name(item.value, row_scope)
            if given is None:
                given = names.counted()
            if given in chosen:
                choose(given, names, item, scope)
            field, extra = column_for(term, given, row_scope)
            fields.append(field)
            computed += [extra] if extra is not None else []
    return with_columns(relation, extended(relation.fields, fields), computed, row_scope)


def extended(fields: Iterable[Field], added: Iterable[Field]) -> list[Field]:
    """The columns with others behind them; one that has a name already stands in its place."""
    row = list(fields)
    places = {field.name: place for place, field in reversed([*enumerate(row)])}
    for field in added:
        place = places.setdefault(field.name, len(row))
        row[place : place + 1] = [field]
    return row


def _values(item: ast.NamedExpression, scope: Scope, *, rest: bool = False) -> list[tuple[str | None, Term]]:
    """The columns of one item, each with the name that the author gave it.

    Of a call that makes several, those that the author named; all when there are no names, and with `rest`
    also when there are several.
    """
    given = [name.value for name in item.names]
    if isinstance(item.value, ast.Call) and makes_several(item.value, scope):
        parts = columns_of(item.value, scope, bind)
        if len(given) > len(parts):
            raise scope.context.error(item, f"{len(given)} names for {len(parts)} columns")
        if len(parts) > 1:
            shown = parts if not given or (rest and len(given) > 1) else parts[: len(given)]
            return [
                (given[place] if place < len(given) else name, term)
                for place, (name, term) in enumerate(shown)
            ]
        return [(given[0] if given else None, parts[0][1])]
    if len(given) > 1:
        raise scope.context.error(item, f"{len(given)} names for one column")
    return [(given[0] if given else None, bind(item.value, scope))]


def bind_project(stage: ast.Project, relation: Relation, scope: Scope) -> Relation:
    """Only the columns of the list, in its order."""
    if stage.smart:
        raise scope.context.unsupported(stage, "project-smart")
    fields, computed, row_scope = _listed(stage.columns, relation, scope)
    return with_columns(relation, fields, computed, row_scope)


def _listed(
    items: Sequence[ast.NamedExpression], relation: Relation, scope: Scope
) -> tuple[list[Field], list[Computed], Scope]:
    row_scope = scope.over(relation)
    names = Names()
    fields: list[Field] = []
    computed: list[Computed] = []
    for item in items:
        if isinstance(item.value, ast.Star):
            fields += [field for field in relation.fields if names.add(field.name) == field.name]
            continue
        chosen = chosen_names(item)
        for name, term in _values(item, row_scope, rest=True):
            base = name or implied_name(item.value, row_scope)
            if base in chosen:
                choose(base, names, item, scope)
            field, extra = column_for(term, names.counted() if base is None else names.add(base), row_scope)
            fields.append(field)
            computed += [extra] if extra is not None else []
    return fields, computed, row_scope


def bind_distinct_list(stage: ast.Distinct, relation: Relation, scope: Scope) -> Relation:
    """The columns of `distinct`, every row still there."""
    fields, computed, row_scope = _listed(stage.columns, relation, scope)
    return with_columns(relation, fields, computed, row_scope)


def bind_print(stage: ast.Print, scope: Scope) -> Relation:
    """One row; unnamed columns are print_0, print_1, ..."""
    source = Single(())
    row_scope = scope.over(source)
    names = Names()
    fields: list[Field] = []
    computed: list[Computed] = []
    for place, item in enumerate(stage.columns):
        chosen = chosen_names(item)
        for name, term in _values(item, row_scope):
            if name in chosen:
                choose(name, names, item, scope)
            column = scope.context.field(
                names.add(name or f"print_{place}"), term.type, nullable=term.nullable
            )
            fields.append(column)
            computed.append(Computed(column, term.sql))
    return with_columns(source, fields, computed, row_scope)


def _matching(patterns: Iterable[ast.Expression], relation: Relation, scope: Scope) -> list[list[Field]]:
    """For each name or pattern the columns it means, in the order of the table."""
    return [_matches(pattern, relation, scope) for pattern in patterns]


def _matches(pattern: ast.Expression, relation: Relation, scope: Scope) -> list[Field]:
    match pattern:
        case ast.Star():
            return list(relation.fields)
        case ast.WildcardName(pattern=text):
            shape = re.compile(translate(text))
            return [field for field in relation.fields if shape.match(field.name)]
        case ast.Name(value=name):
            found = scope.context.by_name(relation.fields).get(name)
            if found is None and scope.context.catalog.protects(name):
                raise scope.context.protected(pattern, name)
            if found is None:
                shown = [field.name for field in relation.fields if not is_own(field.name)]
                hint = did_you_mean(name, shown)
                raise scope.context.error(pattern, f"there is no column '{name}'", hint)
            return [found]
        case _:
            raise scope.context.error(pattern, "expected the name of a column")


def bind_project_away(stage: ast.ProjectAway, relation: Relation, scope: Scope) -> Relation:
    """All columns but these; protected ones are away already."""
    named = [
        column
        for column in stage.columns
        if not (isinstance(column, ast.Name) and column.value in relation.hidden.guarded)
    ]
    gone = {field.name for fields in _matching(named, relation, scope) for field in fields}
    return _showing([field for field in relation.fields if field.name not in gone], relation, scope)


def bind_project_keep(stage: ast.ProjectKeep, relation: Relation, scope: Scope) -> Relation:
    """Only these columns, in the order of the table."""
    kept = {field.name for fields in _matching(stage.columns, relation, scope) for field in fields}
    return _showing([field for field in relation.fields if field.name in kept], relation, scope)


def bind_project_by_names(stage: ast.ProjectByNames, relation: Relation, scope: Scope) -> Relation:
    """The columns whose names are given as strings; names that no column has are passed over."""
    chosen: list[Field] = []
    for node in stage.names:
        constant = bind(node, scope.over(relation)).constant
        names = constant.value if constant is not None else None
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str):
                raise scope.context.error(node, "the names must be constant strings")
            shape = re.compile(translate(name))
            chosen += [field for field in relation.fields if shape.match(field.name) and field not in chosen]
    return _showing(chosen, relation, scope)


def bind_project_rename(stage: ast.ProjectRename, relation: Relation, scope: Scope) -> Relation:
    """The same columns, some under new names."""
    new_names: dict[str, str] = {}
    for item in stage.columns:
        _check_direction(item, relation, scope)
        (old,) = _matches(item.value, relation, scope)
        if old.name in new_names:
            message = f"'{old.name}' is renamed twice"
            raise scope.context.error(item, message, f"extend {item.names[0].value} = {old.name} copies it")
        new_names[old.name] = item.names[0].value
    fields = [
        field.renamed(new_names[field.name]) if field.name in new_names else field
        for field in relation.fields
    ]
    names = Counter(field.name for field in fields)
    for name, count in names.items():
        if count > 1:
            raise scope.context.error(stage, f"there are two columns '{name}'", "give one another name")
    return _showing(fields, relation, scope)


def _check_direction(item: ast.NamedExpression, relation: Relation, scope: Scope) -> None:
    """Refuses `old = new`, where the columns tell that this is what is written."""
    known = scope.context.by_name(relation.fields)
    (new,) = item.names
    if isinstance(item.value, ast.Name) and item.value.value not in known and new.value in known:
        message = f"there is no column '{item.value.value}'"
        hint = f"the new name stands before the old one: {item.value.value} = {new.value}"
        raise scope.context.error(item.value, message, hint)


def bind_project_reorder(stage: ast.ProjectReorder, relation: Relation, scope: Scope) -> Relation:
    """These columns first, the others behind."""
    first: list[Field] = []
    for item in stage.columns:
        found = _matches(item.column, relation, scope)
        if item.order is not None:
            key = _natural if item.order.startswith("granny") else _plain
            found = sorted(found, key=lambda field: key(field.name), reverse=item.order.endswith("desc"))
        first += found
    in_order = {field.name: field for field in (*first, *relation.fields)}
    return _showing(list(in_order.values()), relation, scope)


def _plain(name: str) -> tuple[str | Decimal, ...]:
    return (name,)


def _natural(name: str) -> tuple[str | Decimal, ...]:
    """Numbers inside a name compare by value: a2 before a10. Every second part is one, of any length."""
    parts = enumerate(re.split(r"(\d+)", name))
    return tuple(Decimal(part) if place % 2 else part for place, part in parts)


def _showing(fields: Sequence[Field], relation: Relation, scope: Scope) -> Relation:
    return with_columns(relation, fields, (), scope.over(relation))


def bind_get_schema(relation: Relation, scope: Scope) -> Relation:
    """A row for each column: its name, place and type."""
    columns = (
        ("ColumnName", KqlType.STRING),
        ("ColumnOrdinal", KqlType.LONG),
        ("DataType", KqlType.STRING),
        ("ColumnType", KqlType.STRING),
    )
    rows = tuple(
        (
            string_term(field.name).sql,
            long_term(place).sql,
            string_term(DOTNET_TYPES[field.type]).sql,
            string_term(field.type.value).sql,
        )
        for place, field in enumerate(relation.fields)
    )
    fields = tuple(scope.context.field(name, kind, nullable=False) for name, kind in columns)
    return Serialized(fields, Rows(fields, rows))


def with_constant(name: str, text: str, relation: Relation, scope: Scope) -> Relation:
    """The relation with a first column that holds the same text in every row. One that has its name gets a
    number."""
    column = scope.context.field(name, KqlType.STRING)
    computed = Computed(column, string_term(text).sql)
    names = names_beside([name], [field.name for field in relation.fields])
    fields = (field.renamed(other) for field, other in zip(relation.fields, names, strict=True))
    return with_columns(relation, (column, *fields), (computed,), scope.over(relation))
