"""GeoJSON in SQL: the coordinates of lines and polygons, whether they are valid, and geometries written.

lines      Array(Array(position))           of LineString, MultiLineString
polygons   Array(Array(Array(position)))    of Polygon, MultiPolygon: rings, the shell first
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo.sphere import over, part, real

_POINT = "Array(Nullable(Float64))"
"""Nullable, so that what is no number is not taken for 0."""


def _coordinates(json: Sql, depth: int) -> Sql:
    kind = "Array(" * depth + _POINT + ")" * depth
    return sql.call("JSONExtract", json, "coordinates", kind)


def _several(json: Sql, name: str, depth: int) -> Sql:
    """The parts of a geometry: one of `name`, several of `Multi{name}`, none of any other type."""
    kind = sql.call("JSONExtractString", json, "type")
    several = _coordinates(json, depth + 1)
    return sql.call(
        "multiIf",
        sql.eq(kind, name), sql.array([_coordinates(json, depth)]),
        sql.eq(kind, f"Multi{name}"), several,
        sql.call("arraySlice", several, 1, 0),
    )  # fmt: skip  # pairs of condition and value


def _valid_points(points: Sql) -> Sql:
    def valid(point: Sql) -> Sql:
        longitude, latitude = (sql.call("arrayElement", point, axis) for axis in (1, 2))
        return sql.all_of(
            [
                sql.at_least(sql.call("length", point), 2),
                _within(longitude, 180),
                _within(latitude, 90),
            ]
        )

    return over(points, "point", valid, "arrayAll")


def _within(degrees: Sql, most: int) -> Sql:
    return sql.if_null(sql.at_most(sql.call("abs", degrees), most), sql.boolean(False))


def _positions(points: Sql) -> Sql:
    def position(point: Sql) -> Sql:
        return sql.tuple_([sql.if_null(sql.call("arrayElement", point, axis), real(0)) for axis in (1, 2)])

    return over(points, "point", position)


def _valid_line(line: Sql) -> Sql:
    return sql.all_of([sql.at_least(sql.call("length", line), 2), _valid_points(line)])


def _valid_ring(ring: Sql) -> Sql:
    """Closed, of at least three corners, none twice."""
    size = sql.call("length", ring)
    ends = [sql.call("arrayElement", ring, place) for place in (1, -1)]
    return sql.all_of(
        [
            sql.at_least(size, 4),
            sql.eq(*ends),
            sql.eq(sql.call("length", sql.call("arrayDistinct", ring)), sql.minus(size, 1)),
            _valid_points(ring),
        ]
    )


def _valid_polygon(polygon: Sql) -> Sql:
    return sql.all_of([sql.call("notEmpty", polygon), over(polygon, "ring", _valid_ring, "arrayAll")])


def valid_lines(json: Sql) -> Sql:
    """The lines of a geometry; none when it is no valid one."""
    found = sql.with_value(json, "shape", lambda text: _several(sql.if_null(text, ""), "LineString", 1))

    def when_valid(lines: Sql) -> Sql:
        made = over(lines, "line", _positions)
        return sql.if_(over(lines, "line", _valid_line, "arrayAll"), made, sql.call("arraySlice", made, 1, 0))

    return sql.with_value(found, "raw", when_valid)


def valid_polygons(json: Sql) -> Sql:
    """The polygons of a geometry; none when it is no valid one."""
    found = sql.with_value(json, "shape", lambda text: _several(sql.if_null(text, ""), "Polygon", 2))

    def when_valid(polygons: Sql) -> Sql:
        made = over(polygons, "polygon", lambda rings: over(rings, "ring", _positions))
        valid = over(polygons, "polygon", _valid_polygon, "arrayAll")
        return sql.if_(valid, made, sql.call("arraySlice", made, 1, 0))

    return sql.with_value(found, "raw", when_valid)


def with_lines(json: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the lines of a geometry, NULL when it is no valid one; `name` is a variable of its own."""
    return _when_any(valid_lines(json), name, body)


def with_polygons(json: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the polygons of a geometry, NULL when it is no valid one."""
    return _when_any(valid_polygons(json), name, body)


def _when_any(shapes: Sql, name: str, body: Callable[[Sql], Sql]) -> Sql:
    return sql.with_value(
        shapes, name, lambda found: sql.if_(sql.call("notEmpty", found), body(found), sql.null())
    )


def written_position(place: Sql) -> Sql:
    """`[longitude,latitude]`."""
    return sql.call("concat", "[", _number(part(place, 1)), ",", _number(part(place, 2)), "]")


def _number(value: Sql) -> Sql:
    return sql.call("toString", value)


def written_positions(places: Sql) -> Sql:
    """`[[longitude,latitude],...]`."""
    texts = over(places, "place", written_position)
    return sql.call("concat", "[", sql.call("arrayStringConcat", texts, ","), "]")


def geometry(kind: str, coordinates: Sql) -> Sql:
    """A geometry of a type and the JSON text of its coordinates."""
    return sql.call("concat", f'{{"type":"{kind}","coordinates":', coordinates, "}")


def point(place: Sql) -> Sql:
    """A Point."""
    return sql.with_value(place, "place", lambda p: geometry("Point", written_position(p)))


def polygon(ring: Sql) -> Sql:
    """A Polygon without holes, of a closed ring of positions."""
    return geometry("Polygon", sql.call("concat", "[", written_positions(ring), "]"))


def _written_lists(lists: Sql) -> Sql:
    """`[[[longitude,latitude],...],...]`."""
    texts = over(lists, "list", written_positions)
    return sql.call("concat", "[", sql.call("arrayStringConcat", texts, ","), "]")


def lines(found: Sql) -> Sql:
    """A LineString of one line, a MultiLineString of several."""
    one = geometry("LineString", written_positions(sql.call("arrayElement", found, 1)))
    several = geometry("MultiLineString", _written_lists(found))
    return sql.if_(sql.eq(sql.call("length", found), 1), one, several)


def common(places: Sql, line_strings: Sql, shapes: Sql) -> Sql:
    """What geometries have in common, of places, lines and polygons: one geometry as it is, several, or none,
    as a GeometryCollection."""
    one = point(sql.call("arrayElement", places, 1))
    several = geometry("MultiPoint", written_positions(places))
    points = sql.if_(sql.eq(sql.call("length", places), 1), one, several)
    kinds = [(places, points), (line_strings, lines(line_strings)), (shapes, polygons(shapes))]
    parts = sql.call(
        "arrayConcat",
        *(sql.if_(sql.call("empty", found), sql.array([]), sql.array([written])) for found, written in kinds),
    )
    return sql.with_value(parts, "parts", _collection)


def no_polygons() -> Sql:
    """An empty array of polygons."""
    return formula("CAST([] AS Array(Array(Array(Tuple(Float64, Float64)))))")


def _collection(parts: Sql) -> Sql:
    joined = sql.call("arrayStringConcat", parts, ",")
    several = sql.call("concat", '{"type":"GeometryCollection","geometries":[', joined, "]}")
    return sql.if_(sql.eq(sql.call("length", parts), 1), sql.call("arrayElement", parts, 1), several)


def polygons(found: Sql) -> Sql:
    """A Polygon of one polygon, a MultiPolygon of several; each its rings, closed."""
    one = geometry("Polygon", _written_lists(sql.call("arrayElement", found, 1)))
    texts = over(found, "rings", _written_lists)
    joined = sql.call("concat", "[", sql.call("arrayStringConcat", texts, ","), "]")
    return sql.if_(sql.eq(sql.call("length", found), 1), one, geometry("MultiPolygon", joined))
