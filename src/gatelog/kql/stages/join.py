"""join and lookup. Null keys match each other; clashing names of the right side get 1, 2, ..."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.names.naming import names_beside
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Copied, Join, Relation, Sort
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.text.diagnostics import did_you_mean
from gatelog.kql.types import KqlType
from gatelog.kql.values.comparisons import meeting_type
from gatelog.kql.values.conversions import convert


class Kind(NamedTuple):
    """What a kind of join is in ClickHouse, which sides it shows, and which side it fills up with nulls."""

    clickhouse: str
    shows: str
    pads: str = ""
    unique_left: bool = False


KINDS: Mapping[str, Kind] = {
    "innerunique": Kind("INNER", "both", unique_left=True),
    "inner": Kind("INNER", "both"),
    "leftouter": Kind("LEFT", "both", "right"),
    "rightouter": Kind("RIGHT", "both", "left"),
    "fullouter": Kind("FULL", "both", "both"),
    "leftsemi": Kind("LEFT SEMI", "left"),
    "rightsemi": Kind("RIGHT SEMI", "right"),
    "leftanti": Kind("LEFT ANTI", "left"),
    "leftantisemi": Kind("LEFT ANTI", "left"),
    "anti": Kind("LEFT ANTI", "left"),
    "rightanti": Kind("RIGHT ANTI", "right"),
    "rightantisemi": Kind("RIGHT ANTI", "right"),
}


class Key(NamedTuple):
    """A pair of columns that must be equal."""

    left: Field
    right: Field


def bind_join(stage: ast.Join, left: Relation, scope: Scope) -> Relation:
    """The rows of both sides whose keys are equal, as the kind says."""
    kind = KINDS.get(stage.kind)
    if kind is None:
        raise scope.context.error(stage, f"'{stage.kind}' is no kind of join", ", ".join(KINDS))
    right = scope.bind_table(stage.right, scope)
    keys = _keys(stage, left, right, scope)
    if kind.unique_left:
        left, keys = _unique(left, keys, scope)
    return _joined(stage, kind, left, right, keys, scope)


def _joined(
    stage: ast.Join | ast.Lookup, kind: Kind, left: Relation, right: Relation, keys: list[Key], scope: Scope
) -> Relation:
    if kind.pads in ("left", "both"):
        left, keys = _nullable_left(left, keys, scope)
    if kind.pads in ("right", "both"):
        right, keys = _nullable_right(right, keys, scope)
    on = tuple(_condition(key, stage, scope) for key in keys)
    return Join(_shown(kind, left, right), left, right, kind.clickhouse, on, kind.unique_left)


def _shown(kind: Kind, left: Relation, right: Relation) -> tuple[Field, ...]:
    if kind.shows == "left":
        return left.fields
    if kind.shows == "right":
        return right.fields
    names = names_beside(_names(left.fields), _names(right.fields))
    renamed = (field.renamed(name) for field, name in zip(right.fields, names, strict=True))
    return (*left.fields, *renamed)


def _names(fields: Iterable[Field]) -> list[str]:
    return [field.name for field in fields]


def bind_lookup(stage: ast.Lookup, left: Relation, scope: Scope) -> Relation:
    """A join that does not repeat the keys of the right side; rows in order stay so."""
    if stage.kind not in ("leftouter", "inner"):
        raise scope.context.error(stage, f"'{stage.kind}' is no kind of lookup", "leftouter or inner")
    right = scope.bind_table(stage.right, scope)
    keys = _keys(stage, left, right, scope)
    hidden = {key.right.name for key in keys}
    joined = _joined(stage, KINDS[stage.kind], left, right, keys, scope)
    pairs = zip(right.fields, joined.fields[len(left.fields) :], strict=True)
    added = [(original.name, field) for original, field in pairs if original.name not in hidden]
    names = names_beside(_names(left.fields), [name for name, _ in added])
    shown = [field.renamed(name) for name, (_, field) in zip(names, added, strict=True)]
    made = Compute((*joined.fields[: len(left.fields)], *shown), joined, ())
    return Sort(made.fields, made, left.order) if left.order else made


def _keys(stage: ast.Join | ast.Lookup, left: Relation, right: Relation, scope: Scope) -> list[Key]:
    if not stage.on:
        raise scope.context.error(stage, "the columns that must be equal are missing", "add: on <column>")
    return [_key(node, left, right, scope) for node in _conditions(stage.on)]


def _conditions(nodes: Sequence[ast.Expression]) -> Iterator[ast.Expression]:
    """The conditions one by one: `a and b` says the same as `a, b`."""
    for node in nodes:
        if isinstance(node, ast.Binary) and node.op == "and":
            yield from _conditions((node.left, node.right))
        else:
            yield node


def _key(node: ast.Expression, left: Relation, right: Relation, scope: Scope) -> Key:
    match node:
        case ast.Name(value=name):
            return Key(_column(name, left, "left", node, scope), _column(name, right, "right", node, scope))
        case ast.Binary(op="==", left=ast.Member() as one, right=ast.Member() as other):
            sides = {_side(one): one.name, _side(other): other.name}
            if sides.keys() == {"$left", "$right"}:
                return Key(
                    _column(sides["$left"], left, "left", node, scope),
                    _column(sides["$right"], right, "right", node, scope),
                )
    raise scope.context.unsupported(node, "this condition of a join", "write a name, or $left.x == $right.y")


def _side(node: ast.Member) -> str:
    return node.base.value if isinstance(node.base, ast.Name) else ""


def _column(name: str, relation: Relation, side: str, node: ast.Node, scope: Scope) -> Field:
    for field in relation.fields:
        if field.name == name:
            return field
    hint = did_you_mean(name, [field.name for field in relation.fields])
    hint = hint or "names that differ are written $left.x == $right.y"
    raise scope.context.error(node, f"there is no column '{name}' on the {side} side of the join", hint)


def _condition(key: Key, stage: ast.Node, scope: Scope) -> tuple[Sql, Sql]:
    target = meeting_type(key.left.type, key.right.type)
    for side in key:
        if side.type is KqlType.DYNAMIC:
            message = f"'{side.name}' is dynamic: it cannot be the key of a join"
            hint = "convert it before the join, for example with tostring()"
            raise scope.context.error(stage, message, hint)
    types = {side.type for side in key}
    if target is None or (KqlType.STRING in types and len(types) > 1):
        message = f"'{key.left.name}' is {key.left.type} on the left and {key.right.type} on the right"
        raise scope.context.error(
            stage, message, "convert one side before the join, for example with tostring()"
        )
    left, right = convert(reference(key.left), target), convert(reference(key.right), target)
    return left.sql, right.sql


def _unique(left: Relation, keys: list[Key], scope: Scope) -> tuple[Relation, list[Key]]:
    """One row of the left side for each key: innerunique."""
    names = {key.left.sql_name for key in keys}
    groups: dict[str, Computed] = {}
    others: list[Computed] = []
    fields: list[Field] = []
    for field in left.fields:
        if field.sql_name in names and field.sql_name in groups:
            fields.append(groups[field.sql_name].field.renamed(field.name))
            continue
        made = scope.context.field(field.name, field.type, nullable=field.nullable)
        if field.sql_name in names:
            groups[field.sql_name] = Computed(made, sql.column(field.sql_name))
        else:
            others.append(Computed(made, _first(reference(field))))
        fields.append(made)
    unique = Aggregate(tuple(fields), left, tuple(groups.values()), tuple(others))
    return unique, [Key(groups[key.left.sql_name].field, key.right) for key in keys]


def _first(term: Term) -> Sql:
    """The value in the first row of the group; in a tuple, so that a null is a value like others."""
    return sql.call("tupleElement", sql.call("any", sql.call("tuple", term.sql)), 1)


def _nullable_left(left: Relation, keys: list[Key], scope: Scope) -> tuple[Relation, list[Key]]:
    made, replaced = _nullable(left, scope)
    return made, [Key(replaced.get(key.left.sql_name, key.left), key.right) for key in keys]


def _nullable_right(right: Relation, keys: list[Key], scope: Scope) -> tuple[Relation, list[Key]]:
    made, replaced = _nullable(right, scope)
    return made, [Key(key.left, replaced.get(key.right.sql_name, key.right)) for key in keys]


def _nullable(relation: Relation, scope: Scope) -> tuple[Relation, dict[str, Field]]:
    """The relation with columns that can hold null: an outer join fills the rest with defaults, '' or
    NULL."""
    replaced: dict[str, Field] = {}
    computed: list[Computed] = []
    hidden = relation.hidden
    ingested = [hidden.ingested] if hidden.ingested is not None else []
    for field in (*relation.fields, *ingested):
        if field.nullable or field.type is KqlType.STRING or field.sql_name in replaced:
            continue
        made = scope.context.field(field.name, field.type)
        replaced[field.sql_name] = made
        computed.append(Computed(made, sql.call("toNullable", sql.column(field.sql_name))))
    fields = tuple(
        replaced[field.sql_name].renamed(field.name) if field.sql_name in replaced else field
        for field in relation.fields
    )
    came = next((replaced.get(field.sql_name, field) for field in ingested), None)
    return Copied(fields, relation, tuple(computed), known=replace(hidden, ingested=came)), replaced
