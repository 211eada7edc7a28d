"""The polygons that ClickHouse's operations on shapes give, in the order in which S2 writes them.

A shell turns to the left and a hole to the right. A loop begins behind the piece of the last of the input's
edges that is in it, and the polygons stand in the order of the sides on
which they begin. (S2Builder::Graph::CanonicalizeLoopOrder,
https://github.com/google/s2geometry/blob/master/src/s2/s2builder_graph.cc)
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo.polygons import polygon_edges, signed_area
from gatelog.kql.functions.geo.sphere import (
    angle,
    cross,
    determinant,
    dot,
    edges,
    over,
    part,
    plus,
    real,
    vector,
)

_NEAR = "1e-11"
"""Radians between a piece of an edge and the edge: less than a tenth of a millimetre."""

_TURNS = "arrayFirstIndex((one, next) -> one = arrayMax(ids) AND next <> one, ids, arrayRotateLeft(ids, 1))"
"""How far to turn a loop: the place of the last piece that is of the last side."""
_ROTATED = "arrayPushBack(arrayRotateLeft(corners, turns), arrayRotateLeft(corners, turns)[1])"


def oriented(polygons: Sql) -> Sql:
    """Shells that turn to the left, holes that turn to the right."""
    ring, place = sql.variable("ring"), sql.variable("place")
    left = sql.greater(signed_area(ring), 0)
    turned = sql.if_(sql.call("equals", left, sql.call("equals", place, 1)), ring, _reversed(ring))

    def rings(polygon: Sql) -> Sql:
        places = sql.call("arrayEnumerate", polygon)
        return sql.call("arrayMap", sql.lambda_pair("ring", "place", turned), polygon, places)

    return over(polygons, "shape", rings)


def _reversed(ring: Sql) -> Sql:
    """The corners backwards, the last one first."""
    backwards = sql.call("arrayReverse", sql.call("arrayPopBack", ring))
    return sql.call("arrayPushBack", backwards, sql.call("arrayElement", ring, -2))


def in_order(found: Sql, inputs: Sql) -> Sql:
    """The polygons of a result, each loop turned and begun as S2 has it; `inputs` are oriented polygons."""

    def ordered(sides: Sql) -> Sql:
        def rings(polygon: Sql) -> Sql:
            return over(polygon, "loop", lambda loop: whole(_refined(loop, inputs)))

        def whole(loop: Sql) -> Sql:
            return sql.with_value(loop, "refined", lambda refined: _begun(refined, sides))

        begun = over(oriented(found), "loops", rings)
        first = sql.lambda_("loops", _first_side(formula("loops[1]", loops=sql.variable("loops")), sides))
        return sql.call("arraySort", first, begun)

    return sql.with_value(polygon_edges(inputs), "sides", ordered)


def _refined(loop: Sql, inputs: Sql) -> Sql:
    """The loop with the corners of the input that lie on its edges: ClickHouse leaves out straight ones."""
    start, end = sql.variable("start"), sql.variable("end")
    corners = sql.call("arrayFlatten", inputs)

    def between(ends: Sql) -> Sql:
        side = sql.tuple_([vector(part(ends, 1)), vector(part(ends, 2))])
        return sql.with_value(side, "side", lambda edge: on(edge, ends))

    def on(edge: Sql, ends: Sql) -> Sql:
        normal = sql.call("L2Normalize", cross(part(edge, 1), part(edge, 2)))

        def inside(corner: Sql) -> Sql:
            apart = [sql.ne(corner, part(ends, place)) for place in (1, 2)]
            return sql.all_of([*apart, _lies(vector(corner), edge, sql.variable("across"))])

        found = sql.call("arrayDistinct", over(corners, "corner", inside, "arrayFilter"))
        far = sql.lambda_("corner", angle(part(edge, 1), vector(sql.variable("corner"))))
        return sql.with_value(normal, "across", lambda _: sql.call("arraySort", far, found))

    pieces = sql.call("arrayPushFront", sql.with_value(sql.tuple_([start, end]), "ends", between), start)
    firsts = sql.call(
        "arrayMap",
        sql.lambda_pair("start", "end", pieces),
        sql.call("arrayPopBack", loop),
        sql.call("arrayPopFront", loop),
    )
    return sql.call("arrayPushBack", sql.call("arrayFlatten", firsts), sql.call("arrayElement", loop, -1))


def _lies(place: Sql, edge: Sql, normal: Sql) -> Sql:
    """Whether a vector is on an edge, not at its ends."""
    near = sql.less(sql.call("abs", dot(normal, place)), real(_NEAR))
    within = [determinant(normal, part(edge, 1), place), determinant(part(edge, 2), normal, place)]
    return sql.all_of([near, *(sql.greater(side, real(_NEAR)) for side in within)])


def _begun(loop: Sql, sides: Sql) -> Sql:
    vectors = over(loop, "corner", vector)
    ids = over(edges(vectors), "piece", lambda piece: _side(piece, sides))
    turns = sql.with_value(ids, "ids", lambda numbers: formula(_TURNS, ids=numbers))
    corners = sql.call("arrayPopBack", loop)
    return sql.with_value(turns, "turns", lambda count: formula(_ROTATED, turns=count, corners=corners))


def _first_side(loop: Sql, sides: Sql) -> Sql:
    ends = formula("(loop[1], loop[2])", loop=loop)
    piece = sql.with_value(
        ends, "ends", lambda pair: sql.tuple_([vector(part(pair, 1)), vector(part(pair, 2))])
    )
    return sql.with_value(piece, "piece", lambda edge: _side(edge, sides))


def _side(piece: Sql, sides: Sql) -> Sql:
    """The number of the last edge that a piece lies on."""
    start, end = part(piece, 1), part(piece, 2)

    def holds(side: Sql) -> Sql:
        first, last = part(side, 1), part(side, 2)
        normal = sql.call("L2Normalize", cross(first, last))
        return sql.with_value(normal, "normal", lambda n: lies(first, last, n))

    def lies(first: Sql, last: Sql, normal: Sql) -> Sql:
        near = [sql.less(sql.call("abs", dot(normal, place)), real(_NEAR)) for place in (start, end)]
        middle = plus(start, end)
        within = [determinant(normal, first, middle), determinant(last, normal, middle)]
        return sql.all_of([*near, *(sql.greater(side, 0) for side in within)])

    return over(sides, "side", holds, "arrayLastIndex")
