"""geo_line_buffer, geo_polygon_buffer: what lies within a distance of a shape.

Each edge has a ring around it; the buffer of a shape is the union of the rings of its edges, and of the shape
itself if it is a polygon.

      . - - - - - - - - .        corners at the distance `reach`, a little further out than the radius: sides
    /                     \\      between them touch the circle of the radius from outside. A long side bends
   |   start ---- end      |     away from its edge, so that an edge is cut into pieces before.
    \\                     /
      ' - - - - - - - - '
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.lines import edge_angle, edges_of
from gatelog.kql.functions.geo.loops import oriented
from gatelog.kql.functions.geo.polygons import inside, polygon_edges
from gatelog.kql.functions.geo.sphere import (
    EARTH_RADIUS,
    cross,
    over,
    part,
    plus,
    position_of,
    real,
    scaled,
)
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

REAL, DYNAMIC = KqlType.REAL, KqlType.DYNAMIC

_DEFAULT_TOLERANCE = "10"
_MOST_PIECES = 2_500
"""Of one edge, and sides of half a circle: enough for a tolerance of a millionth of the radius, the
least that Kusto documents."""
_MOST_EDGES = 2_000
"""Of one shape: rings are united one after the other, in a time that grows with their square."""
_TOO_MANY = f"a buffer around more than {_MOST_EDGES} edges is not supported: simplify the shape first"

_LOST = "the engine does not find the buffer of this shape: another tolerance may help"

_MEASURES = """
arrayMap(sides -> (
    sides,
    atan(tan(near) / cos(pi() / (2 * sides))),
    slack / 4,
    2 * acos(tan(near + slack * 3 / 4) / tan(near + slack)),
    tan(near * 0.9)
), [toUInt64(least(greatest(ceil(pi() / (2 * acos(tan(near) / tan(near + slack / 2)))), 2), most))])[1]
"""
"""Sides of half a circle, the reach of their corners, by how much it may differ, how long an edge may be, and
how far aside a buffer is looked at. Half of the slack is for the corners, a quarter each for the rest."""
_REACH = "reach + spread * (place * 0.6180339887498949 - floor(place * 0.6180339887498949))"
"""Each ring has its own: the engine fails on rings that share corners, as those of a rectangle would."""

_ALONG = """
arrayMap(place -> L2Normalize(tuplePlus(
    tupleMultiplyByNumber(start, sin(whole * (1 - place / pieces))),
    tupleMultiplyByNumber(end, sin(whole * place / pieces))
)), range(1, toUInt64(pieces)))
"""


def _between(edge: Sql, longest: Sql) -> Sql:
    """The vectors that cut an edge into equal pieces, none longer than that."""

    def places(whole: Sql) -> Sql:
        start, end = part(edge, 1), part(edge, 2)
        count = formula(
            "least(greatest(ceil(whole / longest), 1), most)", whole=whole, longest=longest, most=_MOST_PIECES
        )
        return sql.with_value(
            count, "pieces", lambda pieces: formula(_ALONG, start=start, end=end, whole=whole, pieces=pieces)
        )

    return sql.with_value(edge_angle(edge), "whole", places)


def _ring(edge: Sql, sides: Sql, reach: Sql, longest: Sql) -> Sql:
    """The positions around an edge, counterclockwise."""

    def around(left: Sql) -> Sql:
        def with_cuts(cuts: Sql) -> Sql:
            turns = formula("range(sides + 1 - same)", sides=sides, same=same)
            corners = sql.call(
                "arrayConcat",
                _half_circle(part(edge, 2), left, -1, turns, sides, reach),
                over(sql.call("arrayReverse", cuts), "cut", lambda cut: _corner(cut, left, reach)),
                _half_circle(part(edge, 1), left, 1, turns, sides, reach),
                over(cuts, "cut", lambda cut: _corner(cut, scaled(left, sql.literal(-1)), reach)),
            )
            return closed(over(corners, "corner", position_of))

        return sql.with_value(_between(edge, longest), "cuts", with_cuts)

    def closed(ring: Sql) -> Sql:
        return sql.with_value(ring, "ring", lambda open_: formula("arrayPushBack(ring, ring[1])", ring=open_))

    same = formula("L2Norm(tupleMinus(start, end)) < 1e-12", start=part(edge, 1), end=part(edge, 2))
    any_way = formula("if(abs(z) < 0.9, (0., 0., 1.), (1., 0., 0.))", z=part(part(edge, 1), 3))
    normal = sql.if_(same, cross(part(edge, 1), any_way), cross(part(edge, 1), part(edge, 2)))
    return sql.with_value(sql.call("L2Normalize", normal), "aside", around)


def _corner(centre: Sql, direction: Sql, reach: Sql) -> Sql:
    """The vector at the distance `reach` from a centre."""
    return plus(scaled(centre, sql.call("cos", reach)), scaled(direction, sql.call("sin", reach)))


def _half_circle(centre: Sql, left: Sql, quarter: int, turns: Sql, sides: Sql, reach: Sql) -> Sql:
    """Corners from right to left in front of the edge (`quarter` -1), or from left to right behind it (1)."""
    turn = formula(
        "pi() * (place / sides + quarter / 2)", place=sql.variable("place"), sides=sides, quarter=quarter
    )
    ahead = cross(left, centre)
    direction = plus(scaled(ahead, sql.call("cos", turn)), scaled(left, sql.call("sin", turn)))
    return sql.call("arrayMap", sql.lambda_("place", _corner(centre, direction, reach)), turns)


def _around(edges: Sql, measures: Sql) -> Sql:
    """The rings of all edges, each a shape."""
    few = sql.fails_beyond(sql.greater(sql.call("length", edges), _MOST_EDGES), _TOO_MANY)
    sides, reach, spread, longest = (part(measures, place) for place in (1, 2, 3, 4))
    own = formula(_REACH, reach=reach, spread=spread, place=sql.variable("number"))
    ring = sql.with_value(own, "reach", lambda found: _ring(sql.variable("edge"), sides, found, longest))
    shape = sql.array([sql.array([ring])])
    rings = sql.call(
        "arrayMap", sql.lambda_pair("edge", "number", shape), edges, sql.call("arrayEnumerate", edges)
    )
    return sql.call("arraySlice", rings, sql.plus(few, 1))


def _united(shapes: Sql, places: Sql) -> Sql:
    """One shape of all, with these places in it. The engine's algorithm loses a shape at times, rarely in
    both orders."""

    def checked(several: Sql) -> Sql:
        union = oriented(_folded(several))
        return sql.with_value(
            union, "union", lambda made: sql.tuple_([made, _is_wrong(made, shapes, places)])
        )

    def again(tried: Sql) -> Sql:
        wrong = part(tried, 2)
        backwards = checked(sql.call("arrayReverse", _if(wrong, shapes)))
        return sql.with_value(sql.if_(wrong, backwards, tried), "chosen", sound)

    def sound(chosen: Sql) -> Sql:
        fails = sql.call("throwIf", part(chosen, 2), _LOST)
        return sql.call("arraySlice", part(chosen, 1), sql.plus(fails, 1))

    return sql.with_value(checked(shapes), "tried", again)


def _folded(shapes: Sql) -> Sql:
    first, rest = sql.call("arrayElement", shapes, 1), sql.call("arrayPopFront", shapes)
    both = _joined(sql.variable("one"), sql.variable("other"))
    return sql.call("arrayFold", sql.lambda_pair("one", "other", both), rest, first)


def _joined(one: Sql, other: Sql) -> Sql:
    """The union of two shapes; the other way round where it is smaller than one of the two."""
    whole = formula("0.999999 * greatest(a, b)", a=_area(one), b=_area(other))

    def larger(union: Sql, least: Sql) -> Sql:
        lost = sql.less(_area(union), least)
        return sql.if_(lost, sql.call("polygonsUnionSpherical", _if(lost, other), _if(lost, one)), union)

    union = sql.call("polygonsUnionSpherical", one, other)
    return sql.with_value(
        whole, "least", lambda least: sql.with_value(union, "union", lambda made: larger(made, least))
    )


def _is_wrong(union: Sql, shapes: Sql, places: Sql) -> Sql:
    """Whether a union leaves out one of the places, or covers more than all shapes."""
    most = sql.times(real("1.000001"), over(shapes, "shape", _area, "arraySum"))
    left_out = over(places, "place", lambda place: sql.not_(inside(place, union)), "arrayExists")
    return sql.any_of([sql.greater(_area(union), most), left_out])


def _beside(edges: Sql, aside: Sql) -> Sql:
    """Vectors to both sides of the middle of each edge; `aside` is the tangent of their distance."""

    def both(edge: Sql) -> Sql:
        normal = cross(part(edge, 1), part(edge, 2))
        unit = formula("aside / greatest(L2Norm(normal), 1e-300)", aside=aside, normal=normal)
        middle = sql.call("L2Normalize", plus(part(edge, 1), part(edge, 2)))
        ways = [plus(middle, scaled(normal, turn)) for turn in (unit, sql.call("negate", unit))]
        return sql.array([sql.call("L2Normalize", way) for way in ways])

    return sql.call("arrayFlatten", over(edges, "edge", both))


def _area(shape: Sql) -> Sql:
    return sql.call("abs", sql.call("polygonAreaSpherical", shape))


def _if(needed: Sql, shape: Sql) -> Sql:
    """The shape, or none where it is not needed."""
    return sql.if_(needed, shape, sql.call("arraySlice", shape, 1, 0))


def _buffer(read: Callable[[Sql], Sql], edges: Callable[[Sql], Sql], *, filled: bool) -> Callable[..., Sql]:
    """`read` gives the parts of a valid geometry, none of another; `edges` those of its parts."""

    def build(json: Sql, radius: Sql, tolerance: Sql | None = None) -> Sql:
        given = real(_DEFAULT_TOLERANCE) if tolerance is None else sql.if_null(tolerance, 0)
        near = sql.over(sql.if_null(radius, 0), real(EARTH_RADIUS))
        slack = formula("least(given, radius) / earth", given=given, radius=radius, earth=real(EARTH_RADIUS))
        measures = formula(_MEASURES, near=near, slack=sql.if_null(slack, 1), most=_MOST_PIECES)

        def shape(found: Sql) -> Sql:
            def made(measured: Sql) -> Sql:
                return sql.with_value(edges(found), "sides", lambda sides: around(sides, measured))

            def around(sides: Sql, measured: Sql) -> Sql:
                rings = _around(sides, measured)
                parts = sql.call("arrayPushBack", rings, found) if filled else rings
                places = _beside(sides, part(measured, 5))
                united = sql.with_value(parts, "shapes", lambda shapes: _united(shapes, places))
                return sql.with_value(united, "united", geojson.polygons)

            usable = formula(
                "notEmpty(found) AND radius > 0 AND radius < 5000000 AND given > 0",
                found=found,
                radius=sql.if_null(radius, 0),
                given=given,
            )
            return sql.if_(usable, sql.with_value(measures, "measures", made), sql.null())

        return sql.with_value(read(json), "found", shape)

    return build


def _function(name: str, build: Callable[..., Sql]) -> Function:
    return simple(name, [DYNAMIC, REAL, REAL], DYNAMIC, build, optional=1, may_fail=True)


polygon_buffer = _buffer(geojson.valid_polygons, polygon_edges, filled=True)
"""What lies within a radius of a polygon, as JSON text; the tolerance may be left out."""

BUFFERS: tuple[Function, ...] = (
    _function("geo_line_buffer", _buffer(geojson.valid_lines, edges_of, filled=False)),
    _function("geo_polygon_buffer", polygon_buffer),
)
"""The rows of this table."""
