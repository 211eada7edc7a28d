"""geo_* functions on lines: lengths, distances, places along them, crossings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import (
    angle,
    cross,
    crossing,
    dot,
    edges,
    length,
    metres,
    minus,
    nearest_on_edge,
    over,
    part,
    plus,
    position,
    position_of,
    real,
    scaled,
    valid_position,
    vector,
)
from gatelog.kql.functions.row import Function, accept, finished, simple
from gatelog.kql.misfit import Unsupported
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType

REAL, BOOL, DYNAMIC = KqlType.REAL, KqlType.BOOL, KqlType.DYNAMIC


def edges_of(lines: Sql) -> Sql:
    """All edges of an array of lines."""
    each = over(lines, "line", lambda line: edges(over(line, "place", vector)))
    return sql.call("arrayFlatten", each)


def of_edges(json: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the edges of a line, NULL for an invalid one."""
    return geojson.with_lines(
        json, f"lines_{name}", lambda lines: sql.with_value(edges_of(lines), name, body)
    )


def edge_angle(edge: Sql) -> Sql:
    """The length of an edge, in radians."""
    return angle(part(edge, 1), part(edge, 2))


def total_length(all_edges: Sql) -> Sql:
    """The length of some edges, in metres."""
    return metres(over(all_edges, "edge", edge_angle, "arraySum"))


def with_point(longitude: Sql, latitude: Sql, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the vector to a point, NULL for an invalid one."""
    valid = sql.if_null(valid_position(longitude, latitude), sql.boolean(False))
    place = position(sql.if_null(longitude, 0), sql.if_null(latitude, 0))
    return sql.if_(valid, sql.with_value(vector(place), "point", body), sql.null())


def nearest(point: Sql, all_edges: Sql) -> Sql:
    """The vector on some edges that is nearest to a point."""
    feet = over(all_edges, "edge", lambda edge: nearest_on_edge(point, part(edge, 1), part(edge, 2)))
    in_order = sql.call("arraySort", sql.lambda_("foot", angle(point, sql.variable("foot"))), feet)
    return sql.call("arrayElement", in_order, 1)


def distance(point: Sql, all_edges: Sql) -> Sql:
    """The distance of a point from some edges, in metres."""
    return metres(sql.with_value(nearest(point, all_edges), "foot", lambda foot: angle(point, foot)))


def any_crossing(ones: Sql, others: Sql) -> Sql:
    """Whether some edges meet some others."""

    def meets(edge: Sql) -> Sql:
        return over(others, "other", lambda other: crossing(edge, other), "arrayExists")

    return sql.call("toBool", over(ones, "edge", meets, "arrayExists"))


_ONCE = """
if(length(lines) = 1, edges, arrayDistinct(arrayMap(
    edge -> if(edge.1 <= edge.2, edge, (edge.2, edge.1)), edges
)))
"""
"""Several lines are united: an edge that they share counts once."""


def _of_union(json: Sql, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the edges of a line, or of the union of several."""

    def united(lines: Sql) -> Sql:
        edges = sql.with_value(edges_of(lines), "each", lambda each: formula(_ONCE, lines=lines, edges=each))
        return sql.with_value(edges, "edges", body)

    return geojson.with_lines(json, "lines_edges", united)


def _of_one(json: Sql, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the edges of a line, NULL for several."""

    def alone(lines: Sql) -> Sql:
        made = sql.with_value(edges_of(lines), "edges", body)
        return sql.if_(sql.eq(sql.call("length", lines), 1), made, sql.null())

    return geojson.with_lines(json, "lines_edges", alone)


def _length(line: Sql) -> Sql:
    return _of_union(line, total_length)


def _distance(longitude: Sql, latitude: Sql, line: Sql) -> Sql:
    return with_point(
        longitude, latitude, lambda point: of_edges(line, "edges", lambda found: distance(point, found))
    )


def _closest(longitude: Sql, latitude: Sql, line: Sql) -> Sql:
    def closest(point: Sql) -> Sql:
        return of_edges(line, "edges", lambda found: geojson.point(position_of(nearest(point, found))))

    return with_point(longitude, latitude, closest)


def _centroid(line: Sql) -> Sql:
    """The centre of mass: each edge pulls towards its middle, by its length."""

    def pull(edge: Sql) -> Sql:
        start, end = part(edge, 1), part(edge, 2)
        weight = sql.over(length(minus(start, end)), length(plus(start, end)))
        return scaled(plus(start, end), weight)

    def centre(found: Sql) -> Sql:
        return geojson.point(position_of(vector_sum(over(found, "edge", pull))))

    return _of_union(line, centre)


def vector_sum(vectors: Sql) -> Sql:
    """The sum of an array of vectors."""
    return sql.tuple_(
        [
            sql.call("arraySum", sql.lambda_("each", part(sql.variable("each"), axis)), vectors)
            for axis in (1, 2, 3)
        ]
    )


def _interpolated(line: Sql, fraction: Sql) -> Sql:
    """The point at a share of the length of a line."""
    known = sql.all_of([sql.at_least(fraction, 0), sql.at_most(fraction, 1)])
    return sql.if_(known, _of_one(line, lambda found: _at(found, sql.if_null(fraction, 0))), sql.null())


def _at(found: Sql, fraction: Sql) -> Sql:
    def with_angles(angles: Sql) -> Sql:
        wanted = sql.times(sql.call("arraySum", angles), fraction)
        return sql.with_value(wanted, "wanted", lambda target: on_edge(angles, target))

    def on_edge(angles: Sql, target: Sql) -> Sql:
        reached = over(
            sql.call("arrayCumSum", angles), "end", lambda end: sql.at_least(end, target), "arrayFirstIndex"
        )
        index = sql.if_(sql.eq(reached, 0), sql.call("length", angles), reached)
        return sql.with_value(index, "index", lambda place: along(angles, target, place))

    def along(angles: Sql, target: Sql, place: Sql) -> Sql:
        before = sql.call("arraySum", sql.call("arraySlice", angles, 1, sql.minus(place, 1)))
        rest = sql.minus(target, before)
        whole = sql.call("arrayElement", angles, place)
        edge = sql.call("arrayElement", found, place)
        return geojson.point(position_of(_between(part(edge, 1), part(edge, 2), rest, whole)))

    return sql.with_value(over(found, "edge", edge_angle), "angles", with_angles)


def _between(start: Sql, end: Sql, rest: Sql, whole: Sql) -> Sql:
    """The vector at the angle `rest` from the start of an edge of the angle `whole`."""
    first = scaled(start, sql.call("sin", sql.minus(whole, rest)))
    return sql.if_(sql.eq(whole, 0), start, plus(first, scaled(end, sql.call("sin", rest))))


def _located(line: Sql, longitude: Sql, latitude: Sql) -> Sql:
    """How far along a line its nearest place to a point is, as a share of its length."""

    def share(point: Sql, found: Sql) -> Sql:
        feet = over(found, "edge", lambda edge: nearest_on_edge(point, part(edge, 1), part(edge, 2)))
        return sql.with_value(feet, "feet", lambda each: at_nearest(point, found, each))

    def at_nearest(point: Sql, found: Sql, feet: Sql) -> Sql:
        far = over(feet, "foot", lambda foot: angle(point, foot))
        index = sql.with_value(far, "far", lambda a: sql.call("indexOf", a, sql.call("arrayMin", a)))
        return sql.with_value(index, "index", lambda place: along(found, feet, place))

    def along(found: Sql, feet: Sql, place: Sql) -> Sql:
        before = over(sql.call("arraySlice", found, 1, sql.minus(place, 1)), "edge", edge_angle, "arraySum")
        foot = sql.call("arrayElement", feet, place)
        on_edge = sql.with_value(
            sql.tuple_([part(sql.call("arrayElement", found, place), 1), foot]), "last", edge_angle
        )
        return sql.over(sql.plus(before, on_edge), over(found, "edge", edge_angle, "arraySum"))

    return with_point(longitude, latitude, lambda point: _of_one(line, lambda found: share(point, found)))


def _locate(arguments: Sequence[Term]) -> Term:
    """`geo_line_locate_point(line, longitude, latitude [, use_spheroid])`, on the sphere only."""
    kinds = (DYNAMIC, REAL, REAL, BOOL)
    line, longitude, latitude, *spheroid = (
        accept(argument, kind) for argument, kind in zip(arguments, kinds, strict=False)
    )
    if spheroid and (spheroid[0].constant is None or spheroid[0].constant.value):
        message = "geo_line_locate_point() on the spheroid is not supported"
        raise Unsupported(message, "leave use_spheroid out: on the sphere the share is nearly the same")
    found = _located(line.sql, longitude.sql, latitude.sql)
    return finished(REAL, found, [line, longitude, latitude], may_fail=True)


def _intersects(one: Sql, other: Sql) -> Sql:
    return of_edges(one, "ones", lambda a: of_edges(other, "others", lambda b: any_crossing(a, b)))


def meeting_point(edge: Sql, other: Sql) -> Sql:
    """The position where two crossing edges meet."""
    normals = sql.tuple_([cross(part(edge, 1), part(edge, 2)), cross(part(other, 1), part(other, 2))])

    def meeting(pair: Sql) -> Sql:
        return sql.with_value(cross(part(pair, 1), part(pair, 2)), "line", towards)

    def towards(line: Sql) -> Sql:
        ahead = sql.greater(dot(line, plus(part(edge, 1), part(edge, 2))), 0)
        return position_of(sql.if_(ahead, line, scaled(line, real(-1))))

    return sql.with_value(normals, "normals", meeting)


LINES: tuple[Function, ...] = (
    simple("geo_line_length", [DYNAMIC], REAL, _length, may_fail=True),
    simple("geo_line_centroid", [DYNAMIC], DYNAMIC, _centroid, may_fail=True),
    simple("geo_line_interpolate_point", [DYNAMIC, REAL], DYNAMIC, _interpolated, may_fail=True),
    Function("geo_line_locate_point", 3, 4, _locate),
    simple("geo_distance_point_to_line", [REAL, REAL, DYNAMIC], REAL, _distance, may_fail=True),
    simple("geo_closest_point_on_line", [REAL, REAL, DYNAMIC], DYNAMIC, _closest, may_fail=True),
    simple("geo_intersects_2lines", [DYNAMIC, DYNAMIC], BOOL, _intersects, may_fail=True),
)
"""The rows of this table."""
