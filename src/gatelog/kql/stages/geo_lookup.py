"""geo_polygon_lookup and geo_line_lookup: each place beside the shapes that hold it, or are near.

    geo_polygon_lookup(table, shape, longitude, latitude [, radius] [, return_unmatched] ...)
    geo_line_lookup(table, shape, longitude, latitude, radius [, return_unmatched] ...)

In the older form, which Kusto takes too, the shape stands behind the latitude, and is among the columns of
the answer; in this one it is only with return_lookup_key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions import FUNCTIONS
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.lookups import beside, collected, maybe
from gatelog.kql.stages.plugin_arguments import named_column
from gatelog.kql.terms import Field, Term, reference
from gatelog.kql.types import NUMBERS, KqlType
from gatelog.kql.values.conversions import convert

REAL, DYNAMIC, BOOL = KqlType.REAL, KqlType.DYNAMIC, KqlType.BOOL

_COLUMNS = 4
_OPTIONS = ("radius", "return_unmatched", "lookup_area_radius", "return_lookup_key")
_HINTS = ("join_hint",)
"""Taken and not used: how the engine is to find the matches."""

Matches = Callable[[Sequence[Term], Term | None], Term]


def _in_polygon(place: Sequence[Term], radius: Term | None) -> Term:
    """Inside, or with a radius no further away than that."""
    if radius is None:
        return FUNCTIONS["geo_point_in_polygon"].build(place)
    return _within(FUNCTIONS["geo_distance_point_to_polygon"].build(place), radius)


def _near_line(place: Sequence[Term], radius: Term | None) -> Term:
    assert radius is not None
    return _within(FUNCTIONS["geo_distance_point_to_line"].build(place), radius)


def _within(distance: Term, radius: Term) -> Term:
    return Term(BOOL, sql.at_most(distance.sql, radius.sql))


def geo_polygon_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """Each row beside the polygons that its place lies in."""
    return _lookup(_in_polygon, stage, call, relation, scope)


def geo_line_lookup(stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope) -> Relation:
    """Each row beside the lines that are within a radius of its place."""
    return _lookup(_near_line, stage, call, relation, scope)


def _lookup(
    matches: Matches, stage: ast.Evaluate, call: ast.Call, relation: Relation, scope: Scope
) -> Relation:
    positional, options = _given(call, scope)
    if len(positional) < _COLUMNS:
        raise scope.context.error(
            stage, f"{call.function} takes a table, its shapes, a longitude, a latitude"
        )
    table = scope.bind_table(positional[0], scope)
    names = positional[1:_COLUMNS]
    is_older = not _is_shape(names[0], table, scope) and _is_column(names[-1], table, scope)
    if is_older:
        names = [names[-1], *names[:-1]]
    shape, longitude, latitude = _columns(names, call, relation, table, scope)
    radius = options.get("radius")
    if radius is None and matches is _near_line:
        raise scope.context.error(stage, f"{call.function} needs a radius, in metres")
    rows = collected(sql.tuple_([maybe(field) for field in table.fields]), table, scope)
    own = Term(DYNAMIC, sql.call("tupleElement", sql.variable("row"), table.fields.index(shape) + 1))
    place = [convert(reference(field), REAL) for field in (longitude, latitude)]
    with scope.context.at(call):
        test = matches([*place, own], None if radius is None else convert(radius, REAL))
    found = _fitting(rows, test)
    shows_shape = is_older or _is_true("return_lookup_key", options, call, scope)
    hidden = set() if shows_shape else {shape.name}
    keep = _is_true("return_unmatched", options, call, scope)
    return beside(relation, table, found, hidden, scope, keep=keep)


def _fitting(rows: Sql, test: Term) -> Sql:
    condition = sql.if_null(test.sql, sql.boolean(False))
    return sql.call("arrayFilter", sql.lambda_("row", condition), rows)


def _is_column(node: ast.Expression, table: Relation, scope: Scope) -> bool:
    return isinstance(node, ast.Name) and scope.over(table).column(node.value) is not None


def _is_shape(node: ast.Expression, table: Relation, scope: Scope) -> bool:
    """Whether a column of the lookup table holds shapes: its longitude may be named as that of the input."""
    found = scope.over(table).column(node.value) if isinstance(node, ast.Name) else None
    return found is not None and found.type is DYNAMIC


def _columns(
    names: Sequence[ast.Expression], call: ast.Call, relation: Relation, table: Relation, scope: Scope
) -> tuple[Field, Field, Field]:
    shape, longitude, latitude = names
    return (
        named_column(shape, call, table, scope),
        named_column(longitude, call, relation, scope),
        named_column(latitude, call, relation, scope),
    )


def _given(call: ast.Call, scope: Scope) -> tuple[list[ast.Expression], dict[str, Term]]:
    """The table and the columns, and the options by name; of those in order a number is the radius first."""
    positional: list[ast.Expression] = []
    options: dict[str, Term] = {}
    waiting = list(_OPTIONS)
    for argument in call.arguments:
        if isinstance(argument, ast.NamedArgument):
            if argument.name not in (*_OPTIONS, *_HINTS):
                raise scope.context.error(argument, f"{call.function} has no parameter '{argument.name}'")
            options[argument.name] = bind(argument.value, scope)
        elif len(positional) < _COLUMNS:
            positional.append(argument)
        else:
            value = bind(argument, scope)
            fitting = [name for name in waiting if name.endswith("radius") is (value.type in NUMBERS)]
            if not fitting:
                raise scope.context.error(argument, f"{call.function} has no parameter for this argument")
            options[fitting[0]] = value
            waiting = waiting[waiting.index(fitting[0]) + 1 :]
    return positional, options


def _is_true(name: str, options: Mapping[str, Term], call: ast.Call, scope: Scope) -> bool:
    option = options.get(name)
    if option is None:
        return False
    if option.constant is None or not isinstance(option.constant.value, bool):
        raise scope.context.error(call, f"{name} must be true or false, and a constant")
    return option.constant.value
