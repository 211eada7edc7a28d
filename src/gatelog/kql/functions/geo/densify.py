"""geo_line_densify, geo_polygon_densify: points added where a straight edge of the map leaves the geodesic.

As S2's edge tessellator does it: an edge whose two courses are further apart than the tolerance is halved on
the map, and again, until none is. They are compared at two places near which the difference is largest.
Where crossings are preserved, an edge of more than 180 degrees goes the other way, over the antimeridian.
(https://github.com/google/s2geometry/blob/master/src/s2/s2edge_tessellator.cc)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import angle, metres, over, part, plus, real, scaled, vector
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

REAL, BOOL, DYNAMIC = KqlType.REAL, KqlType.BOOL, KqlType.DYNAMIC

_DEFAULT = "10"
_WIDEST, _NARROWEST = "10000", "0.1"
_PLACE = "0.31215691082248312"
_SAFETY = "0.83829992569888509"
"""Of S2's: the place of comparison along the edge, and how much of the tolerance may be used up there."""
_HALVINGS = 16
"""An edge becomes 65,536 at most: for half of the equator at the finest tolerance 16 are enough."""

_BETWEEN = """
(
    tupleElement(start, 1) + share * (tupleElement(end, 1) - tupleElement(start, 1)),
    tupleElement(start, 2) + share * (tupleElement(end, 2) - tupleElement(start, 2))
)
"""

_UNROLLED = """
arrayMap((place, turns) -> (place.1 + 360 * turns, place.2), line, arrayCumSum(arrayPushFront(
    arrayMap(
        (one, next) -> (next.1 - one.1 < -180) - (next.1 - one.1 > 180),
        arrayPopBack(line), arrayPopFront(line)
    ), 0
)))
"""
"""A line whose longitudes go on beyond 180 degrees, no two in a row further apart than that."""
_ROLLED = """
arrayMap(place -> (
    if(abs(place.1) > 180, place.1 - 360 * floor((place.1 + 180) / 360), place.1), place.2
), line)
"""
"""The same line with longitudes between -180 and 180 degrees."""


def _on_map(start: Sql, end: Sql, share: str) -> Sql:
    return formula(_BETWEEN, start=start, end=end, share=real(share))


def _along(start: Sql, end: Sql, share: str) -> Sql:
    """The vector at a share of the way from one vector to another."""

    def at(whole: Sql) -> Sql:
        turned = sql.times(whole, real(share))
        first = scaled(start, sql.call("sin", sql.minus(whole, turned)))
        return plus(first, scaled(end, sql.call("sin", turned)))

    return sql.with_value(angle(start, end), "whole", at)


def _apart(start: Sql, end: Sql) -> Sql:
    """How far the two courses of an edge are apart, in metres."""
    other = str(1 - float(_PLACE))

    def largest(ends: Sql) -> Sql:
        a, b = part(ends, 1), part(ends, 2)
        gaps = [gap(_along(a, b, share), _on_map(start, end, share)) for share in (_PLACE, other)]
        return metres(sql.call("greatest", *gaps))

    def gap(along: Sql, flat: Sql) -> Sql:
        both = sql.tuple_([along, sql.with_value(flat, "flat", vector)])
        return sql.with_value(both, "both", lambda pair: angle(part(pair, 1), part(pair, 2)))

    return sql.with_value(sql.tuple_([vector(start), vector(end)]), "ends", largest)


def _with_points(line: Sql, tolerance: Sql, preserves: Sql) -> Sql:
    """A line of positions with the points that it needs."""
    unrolled = sql.if_(preserves, formula(_UNROLLED, line=line), line)
    dense = sql.with_value(unrolled, "unrolled", lambda way: _dense(way, tolerance))
    return sql.with_value(dense, "way", lambda way: sql.if_(preserves, formula(_ROLLED, line=way), way))


def _dense(line: Sql, tolerance: Sql) -> Sql:
    start, end = sql.variable("start"), sql.variable("end")
    middle = sql.array([start, _on_map(start, end, "0.5")])
    far = sql.greater(_apart(start, end), sql.times(tolerance, real(_SAFETY)))
    pieces = sql.if_(far, middle, sql.array([start]))

    def halved(places: Sql) -> Sql:
        ends = [sql.call("arrayPopBack", places), sql.call("arrayPopFront", places)]
        begins = sql.call(
            "arrayFlatten", sql.call("arrayMap", sql.lambda_pair("start", "end", pieces), *ends)
        )
        return sql.call("arrayPushBack", begins, sql.call("arrayElement", places, -1))

    return sql.call(
        "arrayFold",
        sql.lambda_pair("places", "turn", halved(sql.variable("places"))),
        sql.call("range", _HALVINGS),
        line,
    )


def _densify(name: str, shape: Callable[[Sql, Sql, Sql], Sql]) -> Function:
    def build(arguments: Sequence[Term]) -> Term:
        geometry = accept(arguments[0], DYNAMIC)
        preserves = accept(arguments[2], BOOL).sql if len(arguments) > 2 else sql.boolean(False)
        tolerance = accept(arguments[1], REAL).sql if len(arguments) > 1 else real(_DEFAULT)
        inside = sql.all_of(
            [sql.at_least(tolerance, real(_NARROWEST)), sql.at_most(tolerance, real(_WIDEST))]
        )
        preserves = sql.if_null(preserves, sql.boolean(False))
        made = shape(geometry.sql, sql.if_null(tolerance, real(_DEFAULT)), preserves)
        return finished(DYNAMIC, sql.if_(inside, made, sql.null()), [geometry], may_fail=True)

    return Function(name, 1, 3, build)


def _line(json: Sql, tolerance: Sql, preserves: Sql) -> Sql:
    def made(lines: Sql) -> Sql:
        dense = over(lines, "line", lambda line: _with_points(line, tolerance, preserves))
        return sql.with_value(dense, "dense", geojson.lines)

    return geojson.with_lines(json, "lines", made)


def _polygon(json: Sql, tolerance: Sql, preserves: Sql) -> Sql:
    def made(polygons: Sql) -> Sql:
        def rings(polygon: Sql) -> Sql:
            return over(polygon, "ring", lambda ring: _with_points(ring, tolerance, preserves))

        return sql.with_value(over(polygons, "polygon", rings), "dense", geojson.polygons)

    return geojson.with_polygons(json, "polygons", made)


DENSIFY: tuple[Function, ...] = (
    _densify("geo_line_densify", _line),
    _densify("geo_polygon_densify", _polygon),
)
"""The rows of this table."""
