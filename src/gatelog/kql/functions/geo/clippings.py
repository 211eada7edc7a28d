"""geo_intersection_2polygons, geo_intersection_line_with_polygon: what two shapes have in common."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.chains import chained, cut, joints, pairs, shared, with_vectors
from gatelog.kql.functions.geo.loops import in_order, oriented
from gatelog.kql.functions.geo.polygons import inside, joined
from gatelog.kql.functions.geo.sphere import over, part, plus, vector
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

DYNAMIC = KqlType.DYNAMIC

_SHARED_BESIDE = """
arrayFilter(pair -> NOT has(sides, pair) AND NOT has(sides, (pair.2, pair.1)), shared)
"""
_TOUCHED = """
arrayFilter(corner -> has(others, corner) AND NOT has(found, corner), arrayDistinct(ones))
"""
_POINTS = "arrayFilter(place -> NOT has(arrayFlatten(runs), place), arrayDistinct(arrayFlatten(places)))"

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
    """The area, and beside it the edges and corners of the borders that the two share."""
    sides = [pairs(joined(polygons)) for polygons in (ones, others, shape)]
    lines = chained(formula(_SHARED_BESIDE, shared=shared(*sides[:2]), sides=sides[2]))

    def with_lines(found: Sql) -> Sql:
        flat = [sql.call("arrayFlatten", places) for places in (ones, others, shape, found)]
        known = sql.call("arrayConcat", *flat[2:])
        touched = formula(_TOUCHED, ones=flat[0], others=flat[1], found=known)
        return sql.with_value(touched, "touched", lambda points: geojson.common(points, found, shape))

    return sql.with_value(lines, "shared_lines", with_lines)


def _of_line(line: Sql, json: Sql) -> Sql:
    def with_polygons(lines: Sql, polygons: Sql) -> Sql:
        edges = sql.tuple_([pairs(lines), with_vectors(pairs(joined(polygons)))])
        return sql.with_value(edges, "edges", lambda both: _clipped(part(both, 1), part(both, 2), polygons))

    def with_line(lines: Sql) -> Sql:
        return geojson.with_polygons(json, "polygons", lambda polygons: with_polygons(lines, polygons))

    return geojson.with_lines(line, "lines", with_line)


def _clipped(edges: Sql, sides: Sql, polygons: Sql) -> Sql:
    """The parts of lines that are inside or on the border, and the points where lines only touch it."""

    def written(runs: Sql) -> Sql:
        places = over(with_vectors(edges), "edge", lambda edge: joints(edge, sides))
        points = formula(_POINTS, runs=runs, places=places)
        return sql.with_value(
            points, "points", lambda found: geojson.common(found, runs, geojson.no_polygons())
        )

    pieces = sql.call("arrayFlatten", over(with_vectors(edges), "edge", lambda edge: cut(edge, sides)))
    kept = over(pieces, "piece", lambda piece: _within(piece, sides, polygons), "arrayFilter")
    runs = sql.with_value(kept, "kept", lambda found: formula(_RUNS, pieces=found))
    return sql.with_value(runs, "runs", written)


def _within(piece: Sql, sides: Sql, polygons: Sql) -> Sql:
    middle = sql.call("L2Normalize", plus(vector(part(piece, 1)), vector(part(piece, 2))))
    on_border = "arrayExists(side -> piece = (side.3, side.4) OR piece = (side.4, side.3), sides)"
    return sql.any_of(
        [
            formula(on_border, piece=piece, sides=sides),
            sql.with_value(middle, "middle", lambda place: inside(place, polygons)),
        ]
    )


CLIPPINGS: tuple[Function, ...] = (
    simple("geo_intersection_2polygons", [DYNAMIC, DYNAMIC], DYNAMIC, _of_polygons, may_fail=True),
    simple("geo_intersection_line_with_polygon", [DYNAMIC, DYNAMIC], DYNAMIC, _of_line, may_fail=True),
)
"""The rows of this table."""
