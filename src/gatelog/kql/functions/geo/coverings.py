"""geo_polygon_to_s2cells, geo_line_to_s2cells, geo_polygon_to_h3cells: the cells that cover a shape.

The six faces of S2's cube are cells of level 0; those that meet the shape are cut into four, and of these
those that meet it again, down to the level asked for. A cell is (face, i, j), i and j counted in cells.
With a radius, a cell meets a shape that is no further away than that. Cells that only touch are in, as S2
has it: without a radius the shape may be as far away as a rounding error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Argument, Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.buffers import polygon_buffer
from gatelog.kql.functions.geo.lines import any_crossing, edges_of, vector_sum
from gatelog.kql.functions.geo.polygons import area_of, inside, polygon_edges
from gatelog.kql.functions.geo.s2 import cell_number, corner, token_of
from gatelog.kql.functions.geo.sphere import angle, determinant, edges, nearest_on_edge, over, part, real
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC, LONG, REAL = KqlType.DYNAMIC, KqlType.LONG, KqlType.REAL

_S2_DEFAULT, _S2_FINEST = 11, 30
_H3_DEFAULT, _H3_FINEST = 6, 15
_MOST_S2_CELLS, _MOST_H3_CELLS = 65_536, 61_680
"""Cells of one shape: Kusto's own bounds, beyond which the answer is null."""

_EARTH_RADIUS = 6_371_010
"""In metres, as everywhere in Kusto's geometry."""

_ROUNDING = "1e-14"
"""Radians, 60 nanometres: how far the corners of cells are off where they should lie on a shape."""

_CORNERS = "[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]"
_FACES = "arrayMap(face -> (toUInt64(face), toUInt64(0), toUInt64(0)), range(6))"
_QUARTERS = """
arrayFlatten(arrayMap(
    cell -> arrayMap(
        quarter -> (cell.1, 2 * cell.2 + intDiv(quarter, 2), 2 * cell.3 + quarter % 2), range(toUInt64(4))
    ),
    cells
))
"""


def _covering(meets: Callable[[Sql], Sql], level: Sql) -> Sql:
    """The names of the cells of a level; null when they are too many."""

    def finer(cells: Sql) -> Sql:
        step = sql.variable("step")

        def met(cell: Sql) -> Sql:
            return sql.with_value(_outline(cell, step), "outline", meets)

        candidates = sql.if_(sql.eq(step, 0), formula(_FACES), formula(_QUARTERS, cells=cells))
        enough = sql.greater(sql.call("length", cells), _MOST_S2_CELLS)
        return sql.if_(enough, cells, over(candidates, "cell", met, "arrayFilter"))

    folded = sql.call(
        "arrayFold",
        sql.lambda_pair("cells", "step", finer(sql.variable("cells"))),
        sql.call("range", sql.call("toUInt64", sql.plus(level, 1))),
        sql.call("arraySlice", formula(_FACES), 1, 0),
    )

    def named(cells: Sql) -> Sql:
        names = over(cells, "cell", lambda cell: json_values.quoted(_name(cell, level)))
        few = sql.at_most(sql.call("length", cells), _MOST_S2_CELLS)
        return sql.if_(few, json_values.array_text(sql.call("arraySort", names)), sql.null())

    return sql.with_value(folded, "covering", named)


def _at(cell: Sql, level: Sql, di: Argument, dj: Argument) -> Sql:
    parts = [part(cell, 1), level, part(cell, 2), part(cell, 3)]
    whole = sql.tuple_(parts)
    return sql.with_value(whole, "whole", lambda found: sql.call("L2Normalize", corner(found, di, dj)))


def _outline(cell: Sql, level: Sql) -> Sql:
    """The corners of a cell to the left around, the first again at the end."""
    return over(formula(_CORNERS), "place", lambda place: _at(cell, level, part(place, 1), part(place, 2)))


def _name(cell: Sql, level: Sql) -> Sql:
    centre = _at(cell, level, "0.5", "0.5")
    return token_of(sql.with_value(centre, "centre", lambda v: cell_number(v, level)))


def _holds(outline: Sql, place: Sql) -> Sql:
    """Whether a vector is in a cell: to the left of all its sides."""

    def left_of(side: Sql) -> Sql:
        return sql.at_least(determinant(part(side, 1), part(side, 2), place), 0)

    return over(edges(outline), "border", left_of, "arrayAll")


def _near(places: Sql, sides: Sql, radius: Sql) -> Sql:
    """Whether one of some vectors is no further than `radius` from one of some edges."""

    def near_side(place: Sql, side: Sql) -> Sql:
        foot = nearest_on_edge(place, part(side, 1), part(side, 2))
        return sql.at_most(angle(place, foot), radius)

    def near_any(place: Sql) -> Sql:
        return over(sides, "flank", lambda side: near_side(place, side), "arrayExists")

    return over(places, "spot", near_any, "arrayExists")


def _meets_edges(outline: Sql, sides: Sql, radius: Sql) -> Sql:
    """Whether a cell meets some edges: they cross its border, come near it, or are in it altogether."""

    def met(border: Sql, vertices: Sql) -> Sql:
        # the one text for both directions keeps the statement half as long
        pairs = [sql.tuple_([vertices, border]), sql.tuple_([sql.call("arrayPopBack", outline), sides])]
        near = over(
            sql.array(pairs), "pair", lambda pair: _near(part(pair, 1), part(pair, 2), radius), "arrayExists"
        )
        held = over(vertices, "vertex", lambda vertex: _holds(outline, vertex), "arrayExists")
        return sql.any_of([any_crossing(border, sides), held, near])

    ends = over(sides, "side", lambda side: sql.array([part(side, 1), part(side, 2)]))
    vertices = sql.call("arrayDistinct", sql.call("arrayFlatten", ends))
    return sql.with_value(
        edges(outline),
        "border",
        lambda border: sql.with_value(vertices, "vertices", lambda all_: met(border, all_)),
    )


def _polygon_covering(json: Sql, level: Sql, radius: Sql) -> Sql:
    def of_polygons(polygons: Sql) -> Sql:
        return sql.with_value(polygon_edges(polygons), "sides", lambda sides: covered(polygons, sides))

    def covered(polygons: Sql, sides: Sql) -> Sql:
        def meets(outline: Sql) -> Sql:
            middle = sql.call("L2Normalize", vector_sum(sql.call("arrayPopBack", outline)))
            within = sql.with_value(middle, "middle", lambda place: inside(place, polygons))
            return sql.any_of([within, _meets_edges(outline, sides, radius)])

        small = sql.at_most(sql.times(_sphere_share(json), _cells_of(level)), _MOST_S2_CELLS)
        return sql.if_(small, _covering(meets, level), sql.null())

    return geojson.with_polygons(json, "polygons", of_polygons)


def _sphere_share(json: Sql) -> Sql:
    """The part of the sphere that polygons cover, halved because cells differ in size."""
    sphere = "4 * pi() * 6371010 * 6371010 * 2"
    return formula(f"area / ({sphere})", area=area_of(json))


def _cells_of(level: Sql) -> Sql:
    return formula("6 * exp2(2 * level)", level=level)


def _line_covering(json: Sql, level: Sql, radius: Sql) -> Sql:
    def of_lines(lines: Sql) -> Sql:
        return sql.with_value(edges_of(lines), "sides", covered)

    def covered(sides: Sql) -> Sql:
        return _covering(lambda outline: _meets_edges(outline, sides, radius), level)

    return geojson.with_lines(json, "lines", of_lines)


def _covered(arguments: Sequence[Term], shape: Callable[[Sql, Sql, Sql], Sql]) -> Term:
    geometry = accept(arguments[0], DYNAMIC)
    level = accept(arguments[1], LONG).sql if len(arguments) > 1 else sql.literal(_S2_DEFAULT)
    metres = accept(arguments[2], REAL).sql if len(arguments) > 2 else real(0)
    known = sql.all_of(
        [
            sql.at_least(level, 0),
            sql.at_most(level, _S2_FINEST),
            sql.call("isFinite", metres),
            sql.at_least(metres, 0),
        ]
    )
    safe = sql.call("least", sql.call("greatest", sql.if_null(level, 0), 0), _S2_FINEST)
    radius = formula(
        "ifNull(metres, 0) / earth + rounding",
        metres=metres,
        earth=_EARTH_RADIUS,
        rounding=real(_ROUNDING),
    )
    made = sql.with_value(radius, "radius", lambda angle_: shape(geometry.sql, safe, angle_))
    return finished(DYNAMIC, sql.if_(known, made, sql.null()), [geometry], may_fail=True)


def _enlarged(json: Sql, radius: Term | None) -> Sql:
    """A geometry with what lies within a radius of it, NULL where the radius is below 0."""
    if radius is None:
        return json
    metres = accept(radius, REAL).sql
    around = sql.with_value(json, "around", lambda text: polygon_buffer(text, metres))
    return sql.if_(sql.eq(metres, 0), json, around)


def _to_h3(arguments: Sequence[Term]) -> Term:
    """The cells whose centres are inside."""
    geometry = accept(arguments[0], DYNAMIC)
    level = accept(arguments[1], LONG).sql if len(arguments) > 1 else sql.literal(_H3_DEFAULT)
    shape = _enlarged(geometry.sql, arguments[2] if len(arguments) > 2 else None)
    known = sql.all_of([sql.at_least(level, 0), sql.at_most(level, _H3_FINEST)])
    safe = formula("toUInt8(least(greatest(ifNull(level, 0), 0), 15))", level=level)

    def cells(polygons: Sql) -> Sql:
        text = """
        arrayMap(cell -> concat('"', h3ToString(cell), '"'), arraySort(arrayDistinct(arrayFlatten(
            arrayMap(polygon -> h3PolygonToCells(polygon, level), polygons)
        ))))
        """
        return sql.with_value(formula(text, polygons=polygons, level=safe), "cells", listed)

    def listed(names: Sql) -> Sql:
        few = sql.at_most(sql.call("length", names), _MOST_H3_CELLS)
        return sql.if_(few, json_values.array_text(names), sql.null())

    node = sql.if_(known, geojson.with_polygons(shape, "polygons", cells), sql.null())
    return finished(DYNAMIC, node, [geometry], may_fail=True)


def _to_s2(name: str, shape: Callable[[Sql, Sql, Sql], Sql]) -> Function:
    return Function(name, 1, 3, lambda arguments: _covered(arguments, shape))


COVERINGS: tuple[Function, ...] = (
    _to_s2("geo_polygon_to_s2cells", _polygon_covering),
    _to_s2("geo_line_to_s2cells", _line_covering),
    Function("geo_polygon_to_h3cells", 1, 3, _to_h3),
)
"""The rows of this table."""
