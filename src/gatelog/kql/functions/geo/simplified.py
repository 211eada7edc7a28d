"""geo_line_simplify, geo_polygon_simplify, geo_simplify_polygons_array, where the answer needs no library:

    a shape whose vertices are all within the tolerance of each other      disappears: null
    a line that lies within the tolerance of the way from end to end       is that way

What is left of any other shape depends on the library behind Kusto, S2: the query is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import angle, metres, nearest_on_edge, over, real, vector
from gatelog.kql.functions.row import Function, accept, finished
from gatelog.kql.terms import Term
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC, REAL = KqlType.DYNAMIC, KqlType.REAL

_DEFAULT_TOLERANCE = 10
_LARGEST_TOLERANCE = 7_800_000
"""Metres, as documented; below it Kusto takes any that is not negative."""

Known = Callable[[Sql, Sql, Sql], Sql]
"""The answer of (shapes, their vertices, tolerance) for shapes that do not disappear; NULL if not known."""


def _simplified(name: str, shapes: Callable[[Sql], Sql], known: Known) -> Function:
    """`shapes` are those of the argument, none if it is invalid."""

    def build(arguments: Sequence[Term]) -> Term:
        json = accept(arguments[0], DYNAMIC)
        tolerance = accept(arguments[1], REAL).sql if len(arguments) > 1 else real(_DEFAULT_TOLERANCE)
        valid = sql.all_of([sql.at_least(tolerance, 0), sql.at_most(tolerance, _LARGEST_TOLERANCE)])

        def answer(found: Sql) -> Sql:
            usable = sql.all_of([sql.call("notEmpty", found), sql.if_null(valid, sql.boolean(False))])
            made = sql.with_value(
                over(sql.call("arrayFlatten", found), "place", vector),
                "vertices",
                lambda vertices: _checked(vertices, tolerance, known(found, vertices, tolerance), name),
            )
            return sql.if_(usable, made, sql.null())

        node = sql.with_value(shapes(json.sql), "shapes", answer)
        return finished(DYNAMIC, node, [json], may_fail=True)

    return Function(name, 1, 2, build)


def _checked(vertices: Sql, tolerance: Sql, known: Sql, name: str) -> Sql:
    """NULL for what disappears, else what is known; the query fails where nothing is."""
    near = over(
        vertices, "vertex", lambda vertex: metres(angle(sql.call("arrayElement", vertices, 1), vertex))
    )
    small = formula("2 * arrayMax(near) < tolerance", near=near, tolerance=tolerance)
    message = f"{name}() of this shape is not supported: its result depends on Kusto's geometry library"
    missing = sql.all_of([sql.not_(small), sql.call("isNull", known)])
    passed = sql.eq(sql.call("throwIf", missing, message), 0)
    return sql.if_(sql.all_of([passed, sql.not_(small)]), known, sql.null())


def _straight(lines: Sql, vertices: Sql, tolerance: Sql) -> Sql:
    """The first and the last position of a line that runs along the way between them."""
    start, end = (sql.call("arrayElement", vertices, place) for place in (1, -1))
    feet = over(vertices, "vertex", lambda vertex: angle(vertex, nearest_on_edge(vertex, start, end)))
    along = over(vertices, "vertex", lambda vertex: angle(start, vertex))
    only = sql.call("arrayElement", lines, 1)
    ends = sql.array([sql.call("arrayElement", only, place) for place in (1, -1)])
    runs = formula(
        "length(lines) = 1 AND aside <= tolerance AND arraySort(along) = along",
        lines=lines, aside=metres(sql.call("arrayMax", feet)), along=along, tolerance=tolerance,
    )  # fmt: skip  # the formula's names
    return sql.if_(runs, geojson.geometry("LineString", geojson.written_positions(ends)), sql.null())


def _unknown(shapes: Sql, vertices: Sql, tolerance: Sql) -> Sql:  # noqa: ARG001 # of a polygon nothing is known
    return sql.cast(sql.null(), "Nullable(String)")


def _all_polygons(array: Sql) -> Sql:
    """The polygons of an array of geometries; none when one of them is invalid."""
    shapes = over(json_values.elements(array), "item", geojson.valid_polygons)

    def when_valid(found: Sql) -> Sql:
        each = over(found, "shape", lambda shape: sql.call("notEmpty", shape), "arrayAll")
        return sql.if_(each, found, sql.call("arraySlice", found, 1, 0))

    return sql.with_value(shapes, "several", when_valid)


SIMPLIFIED: tuple[Function, ...] = (
    _simplified("geo_line_simplify", geojson.valid_lines, _straight),
    _simplified("geo_polygon_simplify", geojson.valid_polygons, _unknown),
    _simplified("geo_simplify_polygons_array", _all_polygons, _unknown),
)
"""The rows of this table."""
