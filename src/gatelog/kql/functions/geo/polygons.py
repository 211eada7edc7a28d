"""geo_* functions on polygons: size, centre, what lies inside; that is the smaller part of the sphere."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.lines import (
    any_crossing,
    distance,
    edge_angle,
    edges_of,
    nearest,
    total_length,
    vector_sum,
    with_point,
)
from gatelog.kql.functions.geo.sphere import (
    EARTH_RADIUS,
    cross,
    determinant,
    dot,
    edges,
    length,
    over,
    part,
    position_of,
    real,
    scaled,
    vector,
)
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

REAL, BOOL, DYNAMIC = KqlType.REAL, KqlType.BOOL, KqlType.DYNAMIC


def ring_edges(ring: Sql) -> Sql:
    """The edges of a closed ring of positions."""
    return edges(over(ring, "place", vector))


def signed_area(ring: Sql) -> Sql:
    """The area of a ring on the unit sphere, in steradians; above 0 when it turns to the left."""

    def from_first(found: Sql) -> Sql:
        first = part(sql.call("arrayElement", found, 1), 1)
        return over(found, "edge", lambda edge: _triangle(first, part(edge, 1), part(edge, 2)), "arraySum")

    return sql.with_value(ring_edges(ring), "ring_edges", from_first)


def _triangle(a: Sql, b: Sql, c: Sql) -> Sql:
    """The signed area of a triangle (Van Oosterom and Strackee, 1983)."""
    below = sql.plus(sql.plus(dot(a, b), dot(b, c)), sql.plus(dot(c, a), 1))
    return sql.times(2, sql.call("atan2", determinant(a, b, c), below))


def _united(polygons: Sql) -> Sql:
    """Several polygons without their overlaps."""
    both = sql.call("polygonsUnionSpherical", sql.variable("joined"), sql.array([sql.variable("next")]))
    empty = sql.call("arraySlice", polygons, 1, 0)
    folded = sql.call("arrayFold", sql.lambda_pair("joined", "next", both), polygons, empty)
    return sql.if_(sql.greater(sql.call("length", polygons), 1), folded, polygons)


def _of_rings(json: Sql, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of tuples (ring, sign): shells have the sign 1, holes -1; overlaps counted once."""

    def rings(polygons: Sql) -> Sql:
        signed = over(
            polygons,
            "polygon",
            lambda polygon: sql.call(
                "arrayMap",
                sql.lambda_pair("ring", "place", sql.tuple_([sql.variable("ring"), _sign()])),
                polygon,
                sql.call("arrayEnumerate", polygon),
            ),
        )
        return sql.with_value(joined(signed), "rings", body)

    return geojson.with_polygons(
        json, "polygons", lambda polygons: sql.with_value(_united(polygons), "united", rings)
    )


def joined(arrays: Sql) -> Sql:
    """The elements of all arrays: arrayFlatten would also flatten the rings."""
    both = sql.call("arrayConcat", sql.variable("all"), sql.variable("some"))
    empty = sql.call("arraySlice", sql.call("arrayElement", arrays, 1), 1, 0)
    return sql.call("arrayFold", sql.lambda_pair("all", "some", both), arrays, empty)


def _sign() -> Sql:
    return sql.call("toFloat64", sql.if_(sql.eq(sql.variable("place"), 1), 1, -1))


def area_of(json: Sql) -> Sql:
    """The area of a polygon in square metres, NULL for an invalid one."""

    def signed(ring: Sql) -> Sql:
        return sql.times(sql.call("abs", signed_area(part(ring, 1))), part(ring, 2))

    def square_metres(rings: Sql) -> Sql:
        radius = real(EARTH_RADIUS)
        return sql.times(over(rings, "ring", signed, "arraySum"), sql.times(radius, radius))

    return _of_rings(json, square_metres)


def _perimeter(json: Sql) -> Sql:
    def metres(rings: Sql) -> Sql:
        return over(rings, "ring", lambda ring: total_length(ring_edges(part(ring, 1))), "arraySum")

    return _of_rings(json, metres)


def _centroid(json: Sql) -> Sql:
    """The centre of mass: the sum over the edges of their normals, each by the length of the edge."""

    def pull(edge: Sql) -> Sql:
        normal = cross(part(edge, 1), part(edge, 2))
        return sql.with_value(normal, "normal", lambda n: scaled(n, sql.over(edge_angle(edge), length(n))))

    def weighted(ring: Sql) -> Sql:
        whole = vector_sum(over(ring_edges(part(ring, 1)), "edge", pull))
        turn = sql.times(sql.call("sign", signed_area(part(ring, 1))), part(ring, 2))
        return scaled(whole, turn)

    return _of_rings(
        json, lambda rings: geojson.point(position_of(vector_sum(over(rings, "ring", weighted))))
    )


def _in_ring(point: Sql, ring: Sql) -> Sql:
    """Whether the ring, in its own sense of turning, goes once around the point."""

    def turn(edge: Sql) -> Sql:
        start, end = part(edge, 1), part(edge, 2)
        along = sql.minus(dot(start, end), sql.times(dot(point, start), dot(point, end)))
        return sql.call("atan2", determinant(point, start, end), along)

    around = over(ring_edges(ring), "edge", turn, "arraySum")
    return sql.greater(sql.times(around, sql.call("sign", signed_area(ring))), sql.call("pi"))


def inside(point: Sql, polygons: Sql) -> Sql:
    """Whether a point lies in the shell of a polygon and in none of its holes."""

    def within(polygon: Sql) -> Sql:
        shell = sql.call("arrayElement", polygon, 1)
        holes = sql.call("arrayPopFront", polygon)
        in_hole = over(holes, "hole", lambda hole: _in_ring(point, hole), "arrayExists")
        return sql.all_of([_in_ring(point, shell), sql.not_(in_hole)])

    return sql.call("toBool", over(polygons, "polygon", within, "arrayExists"))


def _contains(longitude: Sql, latitude: Sql, json: Sql) -> Sql:
    def of_point(point: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: inside(point, polygons))

    return with_point(longitude, latitude, of_point)


def polygon_edges(polygons: Sql) -> Sql:
    """The edges of all rings of all polygons."""
    return sql.call("arrayFlatten", over(polygons, "shape", edges_of))


def _distance(longitude: Sql, latitude: Sql, json: Sql) -> Sql:
    def away(point: Sql, polygons: Sql) -> Sql:
        outside = sql.with_value(polygon_edges(polygons), "edges", lambda found: distance(point, found))
        return sql.if_(inside(point, polygons), real(0), outside)

    def of_point(point: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: away(point, polygons))

    return with_point(longitude, latitude, of_point)


def _closest(longitude: Sql, latitude: Sql, json: Sql) -> Sql:
    def closest(point: Sql, polygons: Sql) -> Sql:
        outside = sql.with_value(polygon_edges(polygons), "edges", lambda found: nearest(point, found))
        return geojson.point(position_of(sql.if_(inside(point, polygons), point, outside)))

    def of_point(point: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: closest(point, polygons))

    return with_point(longitude, latitude, of_point)


def _first_corner_inside(ones: Sql, others: Sql) -> Sql:
    """Whether a polygon of the ones begins inside of the others."""

    def begins(polygon: Sql) -> Sql:
        corner = sql.call("arrayElement", sql.call("arrayElement", polygon, 1), 1)
        return sql.with_value(vector(corner), "corner", lambda point: inside(point, others))

    return over(ones, "one", begins, "arrayExists")


def _intersect(one: Sql, other: Sql) -> Sql:
    """Edges meet, or one lies in the other."""

    def test(ones: Sql, others: Sql) -> Sql:
        meeting = sql.with_value(
            polygon_edges(ones),
            "one_edges",
            lambda a: sql.with_value(polygon_edges(others), "other_edges", lambda b: any_crossing(a, b)),
        )
        within = [_first_corner_inside(ones, others), _first_corner_inside(others, ones)]
        return sql.call("toBool", sql.any_of([meeting, *within]))

    return geojson.with_polygons(
        one, "ones", lambda ones: geojson.with_polygons(other, "others", lambda others: test(ones, others))
    )


def _line_intersects(line: Sql, json: Sql) -> Sql:
    """Edges meet, or one of the lines begins inside."""

    def begins(one: Sql, polygons: Sql) -> Sql:
        start = vector(sql.call("arrayElement", one, 1))
        return sql.with_value(start, "start", lambda point: inside(point, polygons))

    def test(lines: Sql, polygons: Sql) -> Sql:
        meeting = sql.with_value(
            polygon_edges(polygons),
            "other_edges",
            lambda others: sql.with_value(
                edges_of(lines), "edges", lambda found: any_crossing(found, others)
            ),
        )
        within = over(lines, "one", lambda one: begins(one, polygons), "arrayExists")
        return sql.call("toBool", sql.any_of([meeting, within]))

    def of_line(lines: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: test(lines, polygons))

    return geojson.with_lines(line, "lines", of_line)


POLYGONS: tuple[Function, ...] = (
    simple("geo_polygon_area", [DYNAMIC], REAL, area_of, may_fail=True),
    simple("geo_polygon_perimeter", [DYNAMIC], REAL, _perimeter, may_fail=True),
    simple("geo_polygon_centroid", [DYNAMIC], DYNAMIC, _centroid, may_fail=True),
    simple("geo_point_in_polygon", [REAL, REAL, DYNAMIC], BOOL, _contains, may_fail=True),
    simple("geo_distance_point_to_polygon", [REAL, REAL, DYNAMIC], REAL, _distance, may_fail=True),
    simple("geo_closest_point_on_polygon", [REAL, REAL, DYNAMIC], DYNAMIC, _closest, may_fail=True),
    simple("geo_intersects_2polygons", [DYNAMIC, DYNAMIC], BOOL, _intersect, may_fail=True),
    simple("geo_intersects_line_with_polygon", [DYNAMIC, DYNAMIC], BOOL, _line_intersects, may_fail=True),
)
"""The rows of this table."""
