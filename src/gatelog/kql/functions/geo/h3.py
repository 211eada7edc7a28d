"""geo_* functions on cells of H3, Uber's hexagonal grid; a cell is named by 15 hexadecimal digits."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import over, part, valid_position
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

REAL, LONG, STRING, DYNAMIC = KqlType.REAL, KqlType.LONG, KqlType.STRING, KqlType.DYNAMIC

_FINEST = 15
_DEFAULT = 6
_MOST_RINGS = 142
"""Rings that geo_h3cell_rings makes at most: Kusto's own bound."""
_DEEPEST = 5
"""Levels down that geo_h3cell_children goes at most: 7 to the 5th are 16,807 cells."""
_SOME_CELL = "8001fffffffffff"
"""A valid cell, for rows whose own is not: the engine raises on those even where the result is unused."""


def _level(value: Sql) -> Sql:
    """A resolution as the engine takes it."""
    inside = sql.call("least", sql.call("greatest", sql.if_null(value, 0), 0), _FINEST)
    return sql.call("toUInt8", inside)


def _point_to_cell(longitude: Sql, latitude: Sql, level: Sql | None = None) -> Sql:
    level = sql.literal(_DEFAULT) if level is None else level
    valid = sql.all_of(
        [valid_position(longitude, latitude), sql.at_least(level, 0), sql.at_most(level, _FINEST)]
    )
    known = [sql.call("toFloat64", sql.if_null(value, 0)) for value in (latitude, longitude)]
    cell = sql.call("h3ToString", sql.call("geoToH3", *known, _level(level)))
    return sql.if_(valid, cell, "")


def _of_cell(text: Sql, build: Callable[[Sql], Sql]) -> Sql:
    """`build` of the cell's number; NULL when the text names none."""
    shaped = sql.call("match", text, "^[0-9a-fA-F]{15}$")
    number = sql.call("stringToH3", sql.if_(shaped, text, _SOME_CELL))

    def when_valid(cell: Sql) -> Sql:
        valid = sql.all_of([shaped, sql.call("h3IsValid", cell)])
        safe = sql.if_(sql.call("h3IsValid", cell), cell, sql.call("stringToH3", _SOME_CELL))
        return sql.if_(valid, sql.with_value(safe, "cell", build), sql.null())

    return sql.with_value(number, "number", when_valid)


def _resolution(cell: Sql) -> Sql:
    return sql.call("toInt64", sql.call("h3GetResolution", cell))


def _level_of(text: Sql) -> Sql:
    return _of_cell(text, lambda cell: sql.call("toInt32", _resolution(cell)))


def _parent(text: Sql, level: Sql | None = None) -> Sql:
    def found(cell: Sql) -> Sql:
        own = _resolution(cell)
        wanted = sql.minus(own, 1) if level is None else level
        known = sql.all_of([sql.at_least(wanted, 0), sql.at_most(wanted, own)])
        safe = sql.call("least", _level(wanted), sql.call("h3GetResolution", cell))
        parent = sql.call("h3ToParent", cell, sql.call("toUInt8", safe))
        return sql.if_(known, sql.call("h3ToString", parent), "")

    return sql.if_null(_of_cell(text, found), "")


def _children(text: Sql, level: Sql | None = None) -> Sql:
    def found(cell: Sql) -> Sql:
        own = _resolution(cell)
        wanted = sql.plus(own, 1) if level is None else level
        deepest = sql.call("least", sql.plus(own, _DEEPEST), _FINEST)
        known = sql.all_of([sql.greater(wanted, own), sql.at_most(wanted, deepest)])
        safe = sql.call("toUInt8", sql.if_(known, wanted, own))
        return sql.if_(known, _names(sql.call("h3ToChildren", cell, safe)), sql.null())

    return _of_cell(text, found)


def _names(cells: Sql) -> Sql:
    return json_values.array_text(
        over(cells, "each", lambda each: json_values.quoted(sql.call("h3ToString", each)))
    )


def _around(cell: Sql, distance: Sql) -> Sql:
    """The cells up to some steps away, ring by ring."""
    return sql.call("h3kRing", cell, sql.call("toUInt16", distance))


def _neighbours(text: Sql) -> Sql:
    def found(cell: Sql) -> Sql:
        return _names(sql.call("arrayPopFront", _around(cell, sql.literal(1))))

    return _of_cell(text, found)


def _rings(text: Sql, distance: Sql) -> Sql:
    """An array for each ring, the cell itself the first."""
    known = sql.all_of([sql.at_least(distance, 0), sql.at_most(distance, _MOST_RINGS)])
    safe = sql.call("least", sql.call("greatest", sql.if_null(distance, 0), 0), _MOST_RINGS)

    def found(cell: Sql) -> Sql:
        def ring(cells: Sql, step: Sql) -> Sql:
            at_step = over(
                cells, "near", lambda near: sql.eq(sql.call("h3Distance", cell, near), step), "arrayFilter"
            )
            return _names(at_step)

        steps = sql.call("range", sql.call("toUInt64", sql.plus(safe, 1)))
        rings = sql.with_value(
            _around(cell, safe), "cells", lambda cells: over(steps, "step", lambda step: ring(cells, step))
        )
        return json_values.array_text(rings)

    return sql.if_(known, _of_cell(text, found), sql.null())


def _swapped(place: Sql) -> Sql:
    """The engine gives latitude and longitude."""
    return sql.tuple_([part(place, 2), part(place, 1)])


def _central_point(text: Sql) -> Sql:
    def found(cell: Sql) -> Sql:
        return sql.with_value(sql.call("h3ToGeo", cell), "centre", lambda c: geojson.point(_swapped(c)))

    return _of_cell(text, found)


def _polygon(text: Sql) -> Sql:
    def ring(boundary: Sql) -> Sql:
        closed = sql.call("arrayPushBack", boundary, sql.call("arrayElement", boundary, 1))
        return geojson.polygon(over(closed, "corner", _swapped))

    return _of_cell(text, lambda cell: sql.with_value(sql.call("h3ToGeoBoundary", cell), "boundary", ring))


H3_CELLS: tuple[Function, ...] = (
    simple("geo_point_to_h3cell", [REAL, REAL, LONG], STRING, _point_to_cell, optional=1),
    simple("geo_h3cell_level", [STRING], KqlType.INT, _level_of, may_fail=True),
    simple("geo_h3cell_parent", [STRING, LONG], STRING, _parent, optional=1),
    simple("geo_h3cell_children", [STRING, LONG], DYNAMIC, _children, optional=1, may_fail=True),
    simple("geo_h3cell_neighbors", [STRING], DYNAMIC, _neighbours, may_fail=True),
    simple("geo_h3cell_rings", [STRING, LONG], DYNAMIC, _rings, may_fail=True),
    simple("geo_h3cell_to_central_point", [STRING], DYNAMIC, _central_point, may_fail=True),
    simple("geo_h3cell_to_polygon", [STRING], DYNAMIC, _polygon, may_fail=True),
)
"""The rows of this table."""
