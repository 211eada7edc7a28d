"""geo_intersection_2polygons, geo_intersection_line_with_polygon: what two shapes have in common."""

from __future__ import annotations

from gatelog.kql import sql
from gatelog.kql.formula import formula
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.lines import meeting_point
from gatelog.kql.functions.geo.loops import in_order, oriented
from gatelog.kql.functions.geo.polygons import inside, polygon_edges
from gatelog.kql.functions.geo.sphere import angle, crossing, over, part, plus, vector
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.sql import Sql
from gatelog.kql.types import KqlType

DYNAMIC = KqlType.DYNAMIC

_NOTHING = '{"type":"GeometryCollection","geometries":[]}'
_SHARED = "geo_intersection_2polygons() of polygons that only share an edge is not supported"

_RUNS = """
arrayMap(
    run -> arrayPushFront(arrayMap(piece -> piece.2, run), run[1].1),
    arraySplit(
        (piece, before) -> piece.1 <> before.2,
        pieces,
        arrayResize(arrayPushFront(arrayPopBack(pieces), pieces[1]), length(pieces))
    )
)
"""
"""Pieces of a line that follow each other, joined to lines."""


def _of_polygons(one: Sql, other: Sql) -> Sql:
    def common(ones: Sql, others: Sql) -> Sql:
        found = sql.call("polygonsIntersectionSpherical", ones, others)
        ordered = in_order(found, sql.call("arrayConcat", ones, others))
        return sql.with_value(ordered, "common", lambda shape: _collected(shape, ones, others))

    def of_first(ones: Sql) -> Sql:
        return geojson.with_polygons(
            other,
            "others",
            lambda others: sql.with_value(
                sql.tuple_([oriented(ones), oriented(others)]),
                "both",
                lambda both: common(part(both, 1), part(both, 2)),
            ),
        )

    return geojson.with_polygons(one, "ones", of_first)


def _collected(shape: Sql, ones: Sql, others: Sql) -> Sql:
    """The area, and the corners that the two share beside it."""
    flat = [sql.call("arrayFlatten", polygons) for polygons in (ones, others, shape)]
    touched = formula(
        "arrayFilter(corner -> has(others, corner) AND NOT has(shape, corner), arrayDistinct(ones))",
        ones=flat[0],
        others=flat[1],
        shape=flat[2],
    )

    def written(points: Sql) -> Sql:
        area = sql.array([geojson.polygons(shape)])
        one = geojson.point(sql.call("arrayElement", points, 1))
        many = geojson.geometry("MultiPoint", geojson.written_positions(points))
        single = sql.if_(sql.eq(sql.call("length", points), 1), one, many)
        parts = formula(
            "arrayConcat(if(empty(points), [], [single]), if(empty(shape), [], area))",
            points=points, single=single, shape=shape, area=area,
        )  # fmt: skip
        shared = sql.all_of([sql.call("empty", shape), sql.greater(sql.call("length", points), 1)])
        allowed = sql.eq(sql.call("throwIf", shared, _SHARED), 0)
        return sql.if_(allowed, sql.with_value(parts, "parts", _geometry), sql.null())

    return sql.with_value(touched, "touched", written)


def _geometry(parts: Sql) -> Sql:
    """One geometry as it is, several as a collection."""
    joined = sql.call("arrayStringConcat", parts, ",")
    several = sql.call("concat", '{"type":"GeometryCollection","geometries":[', joined, "]}")
    return sql.if_(sql.eq(sql.call("length", parts), 1), sql.call("arrayElement", parts, 1), several)


def _of_line(line: Sql, json: Sql) -> Sql:
    def clipped(lines: Sql, polygons: Sql) -> Sql:
        def by_sides(sides: Sql) -> Sql:
            runs = over(lines, "line", lambda one: _inside_runs(one, sides, polygons))
            return sql.with_value(_joined(runs), "runs", _lines)

        return sql.with_value(polygon_edges(polygons), "sides", by_sides)

    def with_line(lines: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: clipped(lines, polygons))

    return geojson.with_lines(line, "lines", with_line)


def _joined(arrays: Sql) -> Sql:
    """The elements of all arrays; each is a line, which arrayFlatten would take apart."""
    wrapped = over(arrays, "many", lambda many: over(many, "one", lambda one: sql.tuple_([one])))
    return over(sql.call("arrayFlatten", wrapped), "wrapped", lambda one: part(one, 1))


def _lines(runs: Sql) -> Sql:
    return sql.if_(sql.call("empty", runs), _NOTHING, geojson.lines(runs))


def _inside_runs(line: Sql, sides: Sql, polygons: Sql) -> Sql:
    """The parts of a line that are inside, each an array of positions."""
    start, end = sql.variable("start"), sql.variable("end")
    cut = sql.with_value(
        sql.tuple_([vector(start), vector(end)]), "edge", lambda edge: _cut(edge, start, end, sides)
    )
    pieces = sql.call(
        "arrayMap",
        sql.lambda_pair("start", "end", cut),
        sql.call("arrayPopBack", line),
        sql.call("arrayPopFront", line),
    )

    def within(piece: Sql) -> Sql:
        middle = plus(vector(part(piece, 1)), vector(part(piece, 2)))
        direction = sql.call("L2Normalize", middle)
        return sql.with_value(direction, "middle", lambda place: inside(place, polygons))

    kept = over(sql.call("arrayFlatten", pieces), "piece", within, "arrayFilter")
    return sql.with_value(kept, "kept", _runs)


def _runs(pieces: Sql) -> Sql:
    return formula(_RUNS, pieces=pieces)


def _cut(edge: Sql, start: Sql, end: Sql, sides: Sql) -> Sql:
    """An edge in pieces, cut where it crosses a side: [(position, position), ...]."""
    met = over(sides, "side", lambda side: crossing(edge, side), "arrayFilter")
    places = over(met, "side", lambda side: meeting_point(edge, side))
    far = sql.lambda_("place", angle(part(edge, 1), vector(sql.variable("place"))))
    between = sql.call("arrayDistinct", sql.call("arraySort", far, places))

    def paired(stops: Sql) -> Sql:
        pair = sql.tuple_([sql.variable("from"), sql.variable("to")])
        lambda_ = sql.lambda_pair("from", "to", pair)
        return sql.call(
            "arrayMap", lambda_, sql.call("arrayPopBack", stops), sql.call("arrayPopFront", stops)
        )

    stops = sql.call("arrayConcat", sql.array([start]), between, sql.array([end]))
    return sql.with_value(stops, "stops", paired)


CLIPPINGS: tuple[Function, ...] = (
    simple("geo_intersection_2polygons", [DYNAMIC, DYNAMIC], DYNAMIC, _of_polygons, may_fail=True),
    simple("geo_intersection_line_with_polygon", [DYNAMIC, DYNAMIC], DYNAMIC, _of_line, may_fail=True),
)
"""The rows of this table."""
