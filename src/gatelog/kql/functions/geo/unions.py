"""geo_union_polygons_array, geo_union_lines_array: what several shapes cover together."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql import json_values, sql
from gatelog.kql.formula import formula
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.lines import edges_of
from gatelog.kql.functions.geo.loops import in_order, oriented
from gatelog.kql.functions.geo.sphere import crossing, over, part
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.sql import Sql
from gatelog.kql.types import KqlType

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


_CHAINED = """
multiIf(
    ending > 0, arrayMap(
        (line, place) -> if(place = ending, arrayPushBack(line, end), line), lines, arrayEnumerate(lines)
    ),
    beginning > 0, arrayMap(
        (line, place) -> if(place = beginning, arrayPushFront(line, start), line),
        lines, arrayEnumerate(lines)
    ),
    arrayPushBack(lines, [start, end])
)
"""
"""An edge goes to the end of a line that ends where it begins, or to the beginning of one, or begins one."""
_EDGES = """
arrayDistinct(arrayFlatten(arrayMap(line -> arrayMap(
    (start, end) -> (start, end), arrayPopBack(line), arrayPopFront(line)
), lines)))
"""
_SOME_EDGE = "CAST([] AS Array(Array(Tuple(Float64, Float64))))"
_CROSS = "geo_union_lines_array() of lines that cross between their points is not supported"


def _chained(lines: Sql) -> Sql:
    """The edges of all lines, each once, joined to as few lines as their order allows."""

    def joined(edges: Sql) -> Sql:
        lines, edge = sql.variable("lines"), sql.variable("edge")
        ends = {"start": part(edge, 1), "end": part(edge, 2)}
        ending = formula("arrayFirstIndex(one -> one[-1] = start, lines)", start=ends["start"], lines=lines)
        beginning = formula("arrayFirstIndex(one -> one[1] = end, lines)", end=ends["end"], lines=lines)
        step = formula(_CHAINED, lines=lines, ending=ending, beginning=beginning, **ends)
        start = formula(_SOME_EDGE)
        return sql.call("arrayFold", sql.lambda_pair("lines", "edge", step), edges, start)

    return sql.with_value(formula(_EDGES, lines=lines), "edges", joined)


def _cross_inside(lines: Sql) -> Sql:
    """Whether two edges cross, other than at their ends."""

    def among(edges: Sql) -> Sql:
        def meets(edge: Sql) -> Sql:
            return over(edges, "other", lambda other: _crosses(edge, other), "arrayExists")

        return over(edges, "edge", meets, "arrayExists")

    return sql.with_value(edges_of(lines), "sides", among)


def _crosses(edge: Sql, other: Sql) -> Sql:
    apart = [sql.ne(part(edge, one), part(other, another)) for one in (1, 2) for another in (1, 2)]
    return sql.all_of([*apart, crossing(edge, other)])


def _union_of_lines(array: Sql) -> Sql:
    def united(shapes: Sql) -> Sql:
        wrapped = over(shapes, "shape", lambda shape: over(shape, "one", lambda one: sql.tuple_([one])))
        lines = over(sql.call("arrayFlatten", wrapped), "wrapped", lambda one: part(one, 1))
        return sql.with_value(lines, "lines", written)

    def written(lines: Sql) -> Sql:
        allowed = sql.eq(sql.call("throwIf", _cross_inside(lines), _CROSS), 0)
        return sql.if_(allowed, sql.with_value(_chained(lines), "chained", geojson.lines), sql.null())

    return _of_all(array, geojson.valid_lines, united)


UNIONS: tuple[Function, ...] = (
    simple("geo_union_polygons_array", [DYNAMIC], DYNAMIC, _union_of_polygons, may_fail=True),
    simple("geo_union_lines_array", [DYNAMIC], DYNAMIC, _union_of_lines, may_fail=True),
)
"""The rows of this table."""
