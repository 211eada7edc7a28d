"""mv-expand: a row for each element of an array, or for each member of a bag."""

from __future__ import annotations

from functools import partial

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.shapes import once
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import fixed_integer
from gatelog.kql.names.naming import Names, chosen_names
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Computed, Relation, Sort, SortKey, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.columns import choose, extended, implied_name
from gatelog.kql.stages.computing import in_places, with_windows
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, LONG, STRING = KqlType.DYNAMIC, KqlType.LONG, KqlType.STRING

HIDDEN = own_name("part")
"""Begins the names under which columns pass through a stage unseen."""


def bind_mv_expand(stage: ast.MvExpand, relation: Relation, scope: Scope) -> Relation:
    """Several columns are expanded side by side, shorter ones filled with null; null makes one row, an
    empty array none. Of rows in order the elements are in order too."""
    if stage.bag_expansion not in ("bag", "array"):
        raise scope.context.error(stage, f"there is no expansion to '{stage.bag_expansion}'", "bag or array")
    most = most_rows(stage.limit, scope)
    rows = in_places(relation, scope)
    index = stage.item_index or (HIDDEN if rows.order else None)
    made = expanded(stage.columns, index, rows, scope, pairs=stage.bag_expansion == "array", most=most)
    if not rows.order:
        return made
    *others, place = made.fields
    keys = (*rows.order, SortKey(place.sql_name, descending=False, nulls_first=False, unique=True))
    return Sort(tuple(others) if stage.item_index is None else made.fields, made, keys)


def most_rows(node: ast.Expression | None, scope: Scope) -> Sql | None:
    """The limit on the rows that one row becomes."""
    if node is None:
        return None
    term = bind(node, scope)
    with scope.context.at(node):
        return fixed_integer(term, "the limit")


def expanded(
    columns: tuple[ast.ExpandedColumn, ...],
    item_index: str | None,
    relation: Relation,
    scope: Scope,
    *,
    pairs: bool = False,
    most: Sql | None = None,
) -> Relation:
    """The input with the columns expanded; `pairs` makes [name, value] of a bag's members, `most` bounds
    the rows."""
    row_scope = scope.over(relation)
    names = Names(field.name for field in relation.fields)
    arrays: list[Computed] = []
    items: list[Field] = []
    finished: list[Computed] = []
    for column in columns:
        array = _array(column, row_scope, pairs=pairs)
        array = array if most is None else sql.call("arraySlice", array, 1, most)
        holder = scope.context.field("array", DYNAMIC)
        item = scope.context.field("item", DYNAMIC)
        arrays.append(Computed(holder, array))
        items.append(item)
        made = _item(column, item, row_scope, names)
        finished.append(made)
    fields = extended(relation.fields, (made.field for made in finished))
    if item_index is not None:
        free = Names(field.name for field in fields).add(item_index)
        index = _add_index(free, arrays, items, finished, row_scope)
        fields.append(index)
    source = Compute(relation.fields, with_windows(relation, row_scope), tuple(arrays))
    aligned, lengths = _aligned(arrays, source, scope)
    unnested = Unnest(relation.fields, aligned, tuple(items), lengths)
    return Compute(tuple(fields), unnested, tuple(finished))


def _array(column: ast.ExpandedColumn, scope: Scope, *, pairs: bool) -> Sql:
    term = bind(column.column.value, scope)
    if term.type is not DYNAMIC:
        hint = "read a text as JSON with parse_json(), or cut it with split()" if term.type is STRING else ""
        raise scope.context.error(column, f"only a dynamic can be expanded, this is {term.type}", hint)
    return (_PAIRS if pairs else _MEMBERS)(term.sql)


def _elements(json: Sql, *, pairs: bool) -> Sql:
    """Array(String) of JSON texts: of an array its elements, of a bag its members, of anything else the
    value itself."""
    name, value = (sql.call("tupleElement", sql.variable("pair"), place) for place in (1, 2))
    member = json_values.member_text(name, value)
    shown = (
        json_values.array_text(sql.array([json_values.quoted(name), value]))
        if pairs
        else json_values.bag_text(sql.array([member]))
    )
    members = sql.call("arrayMap", sql.lambda_("pair", shown), json_values.pairs(json))
    return sql.call(
        "multiIf",
        json_values.is_array(json), json_values.elements(json),
        json_values.is_object(json), members,
        sql.array([sql.if_null(json, json_values.NULL_TEXT)]),
    )  # fmt: skip  # pairs of condition and value


_MEMBERS = once("json", partial(_elements, pairs=False), heavy=True)
_PAIRS = once("json", partial(_elements, pairs=True), heavy=True)


_NUMBER = r"^[-\d]"
_ACCEPTED = {
    KqlType.INT: _NUMBER,
    KqlType.LONG: _NUMBER,
    KqlType.REAL: rf'{_NUMBER}|^"(?:NaN|-?Infinity)"$',
    KqlType.BOOL: r"^(?:true|false|-?\d+)$",
    KqlType.TIMESPAN: '^"',
}
"""What an element must look like to become a value of a type: a text is no number, as it would be for
tolong."""


def _item(column: ast.ExpandedColumn, item: Field, scope: Scope, names: Names) -> Computed:
    given = column.column.names[0].value if column.column.names else implied_name(column.column.value, scope)
    name = names.counted() if given is None else given
    if name in chosen_names(column.column):
        choose(name, names, column, scope)
    value = Term(DYNAMIC, json_values.present(sql.column(item.sql_name)))
    if column.type is not None and len(column.type.types) != 1:
        raise scope.context.error(column, "typeof() takes one type here")
    target = KqlType(column.type.types[0]) if column.type is not None else DYNAMIC
    if target in _ACCEPTED:
        fits = sql.call("match", value.sql, _ACCEPTED[target])
        value = Term(DYNAMIC, sql.if_(fits, value.sql, sql.null()))
    with scope.context.at(column):
        converted = convert(value, target)
    made = scope.context.field(name, target, nullable=converted.nullable)
    return Computed(made, converted.sql)


def _add_index(
    name: str, arrays: list[Computed], items: list[Field], finished: list[Computed], scope: Scope
) -> Field:
    """A column that counts the elements from 0."""
    holder = scope.context.field("places", DYNAMIC)
    place = scope.context.field("place", LONG, nullable=False)
    longest = _longest(arrays)
    arrays.append(Computed(holder, sql.call("range", longest)))
    items.append(place)
    index = scope.context.field(name, LONG, nullable=False)
    finished.append(Computed(index, sql.call("toInt64", sql.column(place.sql_name))))
    return index


def _longest(arrays: list[Computed]) -> Sql:
    lengths = [sql.call("length", sql.column(array.field.sql_name)) for array in arrays]
    return sql.call("greatest", *lengths) if len(lengths) > 1 else lengths[0]


def _aligned(arrays: list[Computed], source: Relation, scope: Scope) -> tuple[Relation, tuple[str, ...]]:
    """All arrays as long as the longest, the rest filled with the default of their type: absent."""
    if len(arrays) == 1:
        return source, (arrays[0].field.sql_name,)
    longest = _longest(arrays)
    resized = [
        Computed(
            scope.context.field("aligned", DYNAMIC),
            sql.call("arrayResize", sql.column(array.field.sql_name), longest),
        )
        for array in arrays
    ]
    relation = Compute(source.fields, source, tuple(resized))
    return relation, tuple(computed.field.sql_name for computed in resized)
