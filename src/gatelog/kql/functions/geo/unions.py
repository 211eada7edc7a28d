"""geo_union_polygons_array, geo_union_lines_array: what several shapes cover together."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.chains import chained, cut, pairs, with_vectors
from gatelog.kql.functions.geo.loops import in_order, oriented
from gatelog.kql.functions.geo.sphere import over, part
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

DYNAMIC = KqlType.DYNAMIC

_SORTED = """
arrayMap(pair -> pair.3, arraySort(arrayMap(
    (shape, place) -> (arraySum(polygon -> arraySum(ring -> length(ring) - 1, polygon), shape), place, shape),
    queue, arrayEnumerate(queue)
)))
"""
"""As S2 unites many polygons: always the two with the fewest corners."""


def _of_all(array: Sql, read: Callable[[Sql], Sql], body: Callable[[Sql], Sql]) -> Sql:
    """`body` of the shapes of all elements, NULL when one of them is no valid shape, or there is none."""

    def when_valid(shapes: Sql) -> Sql:
        valid = over(shapes, "shape", lambda shape: sql.call("notEmpty", shape), "arrayAll")
        return sql.if_(sql.all_of([sql.call("notEmpty", shapes), valid]), body(shapes), sql.null())

    return sql.with_value(over(json_values.elements(array), "item", read), "shapes", when_valid)


def _united(shapes: Sql) -> Sql:
    """One shape of all: a queue of shapes, the first two of which are joined until there is one."""

    def joined(queue: Sql) -> Sql:
        one, other = (sql.call("arrayElement", queue, place) for place in (1, 2))
        both = in_order(sql.call("polygonsUnionSpherical", one, other), sql.call("arrayConcat", one, other))
        return sql.call("arrayPushBack", sql.call("arraySlice", queue, 3), both)

    queue = formula(_SORTED, queue=sql.variable("queue"))
    step = sql.with_value(queue, "sorted", joined)
    start = over(shapes, "shape", oriented)
    times = sql.call("range", sql.minus(sql.call("length", shapes), 1))
    folded = sql.call("arrayFold", sql.lambda_pair("queue", "turn", step), times, start)
    return sql.call("arrayElement", folded, 1)


def _union_of_polygons(array: Sql) -> Sql:
    return _of_all(
        array,
        geojson.valid_polygons,
        lambda shapes: sql.with_value(_united(shapes), "united", geojson.polygons),
    )


def _union_of_lines(array: Sql) -> Sql:
    """The edges of all lines, each once, cut where they cross."""

    def united(shapes: Sql) -> Sql:
        wrapped = over(shapes, "shape", lambda shape: over(shape, "one", lambda one: sql.tuple_([one])))
        lines = over(sql.call("arrayFlatten", wrapped), "wrapped", lambda one: part(one, 1))
        edges = with_vectors(sql.call("arrayDistinct", pairs(lines)))
        return sql.with_value(edges, "edges", cut_up)

    def cut_up(edges: Sql) -> Sql:
        pieces = sql.call("arrayFlatten", over(edges, "edge", lambda edge: cut(edge, edges)))
        return sql.with_value(chained(pieces), "chained", geojson.lines)

    return _of_all(array, geojson.valid_lines, united)


UNIONS: tuple[Function, ...] = (
    simple("geo_union_polygons_array", [DYNAMIC], DYNAMIC, _union_of_polygons, may_fail=True),
    simple("geo_union_lines_array", [DYNAMIC], DYNAMIC, _union_of_lines, may_fail=True),
)
"""The rows of this table."""
