"""bag_unpack: the members of a property bag as columns.

Without a schema (`evaluate bag_unpack(d) : (*, a: long)`) the data are asked for the names and types first.
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Relation, Unnest
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import with_columns
from gatelog.kql.stages.plugin_arguments import arguments_of, asked, constant_text, named_column
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values
from gatelog.kql.values.conversions import convert

DYNAMIC, STRING = KqlType.DYNAMIC, KqlType.STRING

_KINDS = """
multiIf(
    startsWith(text, '"'), 'string', startsWith(text, '[') OR startsWith(text, '{'), 'dynamic',
    text = 'true' OR text = 'false', 'bool', match(text, '[.eE]'), 'real', 'long'
)
"""


def bag_unpack(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """`bag_unpack(column [, prefix [, columnsConflict [, ignoredProperties]]])`: a column for each member."""
    given = arguments_of(
        call, ("Column", "OutputColumnPrefix", "columnsConflict", "ignoredProperties"), scope
    )
    bag = named_column(given.get("Column"), call, relation, scope)
    if bag.type is not DYNAMIC:
        raise scope.context.error(call, f"only a dynamic can be unpacked, '{bag.name}' is {bag.type}")
    prefix = constant_text(given.get("OutputColumnPrefix"), scope)
    others = [field for field in relation.fields if field is not bag]
    if stage.schema is not None:
        wanted = [(column.name, KqlType(column.type)) for column in stage.schema.columns]
        taken = {name for name, _ in wanted}
        if stage.schema.star:
            kept = [field for field in others if field.name not in taken]
            members = [(name, name.removeprefix(prefix), kind) for name, kind in wanted]
            order = [field.name for field in kept] + [name for name, _ in wanted]
        else:
            kept, members = [], []
            for name, kind in wanted:
                source = next((field for field in others if field.name == name), None)
                if source is not None and source.type is kind:
                    kept.append(source)
                else:
                    members.append((name, name.removeprefix(prefix), kind))
            order = [name for name, _ in wanted]
    else:
        ignored = _ignored(given.get("ignoredProperties"), scope)
        found = [(key, kind) for key, kind in _slots(bag, stage, relation, scope) if key not in ignored]
        members = [(prefix + key, key, kind) for key, kind in found]
        slots = [name for name, _, _ in members]
        kept, members = _settled(others, members, given.get("columnsConflict"), call, scope)
        order = [field.name for field in kept if field.name not in slots] + slots
    return _unpacked(bag, kept, members, order, relation, scope)


def _ignored(node: ast.Expression | None, scope: Scope) -> set[object]:
    if node is None:
        return set()
    constant = bind(node, scope).constant
    if constant is None or not isinstance(constant.value, list):
        raise scope.context.error(node, "ignoredProperties must be a constant array")
    return {item for item in constant.value if isinstance(item, str)}


def _slots(bag: Field, stage: ast.Evaluate, relation: Relation, scope: Scope) -> list[tuple[str, KqlType]]:
    """The members' names in order, each with the type of its values: dynamic where they differ."""
    members = Computed(scope.context.field("members", DYNAMIC), json_values.pairs(sql.column(bag.sql_name)))
    item = scope.context.field("member", DYNAMIC)
    source = Unnest(
        relation.fields, Compute(relation.fields, relation, (members,)), (item,), (members.field.sql_name,)
    )
    text = sql.call("tupleElement", sql.column(item.sql_name), 2)
    known = Filter(relation.fields, source, sql.ne(text, json_values.NULL_TEXT))
    key = Computed(
        scope.context.field("name", STRING), sql.call("tupleElement", sql.column(item.sql_name), 1)
    )
    kinds = Computed(
        scope.context.field("kinds", STRING), sql.call("groupUniqArray", formula(_KINDS, text=text))
    )
    grouped = Aggregate((key.field, kinds.field), known, (key,), (kinds,))
    rows = asked(grouped, [key.field.sql_name, kinds.field.sql_name], stage, scope)
    slots = []
    for name, found in rows:
        assert isinstance(name, str)
        assert isinstance(found, list)
        slots.append((name, KqlType(found[0]) if len(found) == 1 else DYNAMIC))
    return sorted(slots)


def _settled(
    others: list[Field],
    members: list[tuple[str, str, KqlType]],
    conflict: ast.Expression | None,
    call: ast.Call,
    scope: Scope,
) -> tuple[list[Field], list[tuple[str, str, KqlType]]]:
    """Columns of the input and members, when some have the same name."""
    names, existing = {name for name, _, _ in members}, {field.name for field in others}
    match constant_text(conflict, scope, "error"):
        case "replace_source":
            return [field for field in others if field.name not in names], members
        case "keep_source":
            return others, [member for member in members if member[0] not in existing]
        case "error":
            for name in sorted(names & existing):
                raise scope.context.error(
                    call, f"there is a column '{name}' already", "give a prefix, or columnsConflict"
                )
            return others, members
        case other:
            raise scope.context.error(call, f"columnsConflict cannot be '{other}'")


def _unpacked(
    bag: Field,
    kept: list[Field],
    members: list[tuple[str, str, KqlType]],
    order: list[str],
    relation: Relation,
    scope: Scope,
) -> Relation:
    made = []
    for name, key, kind in members:
        raw = json_values.present(
            json_values.member(sql.if_null(sql.column(bag.sql_name), ""), sql.literal(key))
        )
        term = convert(Term(DYNAMIC, raw), kind)
        made.append(Computed(scope.context.field(name, kind, nullable=term.nullable), term.sql))
    fields = [*kept, *(computed.field for computed in made)]
    fields.sort(key=lambda field: order.index(field.name))
    return with_columns(relation, fields, made, scope.over(relation))
