"""Geometry on the sphere of Kusto's geo functions, in SQL.

A position is a tuple (longitude, latitude) in degrees; a vector is a tuple (x, y, z) of length 1 from the
centre of the Earth. Formulas repeat their operands: give them variables.
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Argument, Sql

EARTH_RADIUS = "6371010"
"""Metres; the mean radius of the S2 library, on which Kusto computes."""


def real(value: Argument) -> Sql:
    """A Float64."""
    return sql.call("toFloat64", value)


def part(value: Sql, place: int) -> Sql:
    """The `place`-th component (from 1) of a tuple."""
    return sql.call("tupleElement", value, place)


def metres(angle: Sql) -> Sql:
    """An angle at the centre of the Earth as a distance on its surface."""
    return sql.times(angle, real(EARTH_RADIUS))


def position(longitude: Sql, latitude: Sql) -> Sql:
    """A position."""
    return sql.tuple_([real(longitude), real(latitude)])


def valid_position(longitude: Sql, latitude: Sql) -> Sql:
    """Whether a longitude and a latitude are such."""
    return sql.all_of(
        [sql.at_most(sql.call("abs", longitude), 180), sql.at_most(sql.call("abs", latitude), 90)]
    )


def vector(place: Sql) -> Sql:
    """The vector to a position."""
    longitude, latitude = (sql.call("radians", part(place, axis)) for axis in (1, 2))
    width = sql.call("cos", latitude)
    return sql.tuple_(
        [
            sql.times(width, sql.call("cos", longitude)),
            sql.times(width, sql.call("sin", longitude)),
            sql.call("sin", latitude),
        ]
    )


def position_of(direction: Sql) -> Sql:
    """The position below a vector of any length."""

    def below(v: Sql) -> Sql:
        x, y, z = (part(v, axis) for axis in (1, 2, 3))
        longitude = sql.call("degrees", sql.call("atan2", y, x))
        latitude = sql.call("degrees", sql.call("atan2", z, sql.call("hypot", x, y)))
        return sql.tuple_([longitude, latitude])

    return sql.with_value(direction, "direction", below)


def dot(left: Sql, right: Sql) -> Sql:
    """The scalar product."""
    return sql.call("dotProduct", left, right)


def cross(left: Sql, right: Sql) -> Sql:
    """The vector product."""

    def component(one: int, other: int) -> Sql:
        return sql.minus(
            sql.times(part(left, one), part(right, other)), sql.times(part(left, other), part(right, one))
        )

    return sql.tuple_([component(2, 3), component(3, 1), component(1, 2)])


def scaled(direction: Sql, factor: Sql) -> Sql:
    """A vector made longer."""
    return sql.call("tupleMultiplyByNumber", direction, factor)


def plus(left: Sql, right: Sql) -> Sql:
    """The sum of two vectors."""
    return sql.call("tuplePlus", left, right)


def minus(left: Sql, right: Sql) -> Sql:
    """The difference of two vectors."""
    return sql.call("tupleMinus", left, right)


def length(direction: Sql) -> Sql:
    """The length of a vector."""
    return sql.call("L2Norm", direction)


def angle(left: Sql, right: Sql) -> Sql:
    """The angle between two vectors, in radians; exact for small ones too."""
    return sql.call("atan2", length(cross(left, right)), dot(left, right))


def determinant(first: Sql, second: Sql, third: Sql) -> Sql:
    """The volume of three vectors: above 0 when they turn to the left."""
    return dot(first, cross(second, third))


def nearest_on_edge(point: Sql, start: Sql, end: Sql) -> Sql:
    """The vector of the edge from `start` to `end` that is nearest to `point`."""

    def nearest(normal: Sql) -> Sql:
        foot = minus(point, scaled(normal, dot(point, normal)))
        beside = sql.all_of(
            [
                sql.greater(determinant(normal, start, point), 0),
                sql.greater(determinant(end, normal, point), 0),
            ]
        )
        ends = sql.if_(sql.at_least(dot(point, start), dot(point, end)), start, end)
        return sql.if_(beside, sql.call("L2Normalize", foot), ends)

    same = sql.at_most(length(minus(start, end)), real("1e-15"))
    normal = sql.call("L2Normalize", cross(start, end))
    return sql.if_(same, start, sql.with_value(normal, "normal", nearest))


def crossing(edge: Sql, other: Sql) -> Sql:
    """Whether two edges cross inside, or meet at their ends. An edge is a tuple of two vectors."""
    a, b, c, d = part(edge, 1), part(edge, 2), part(other, 1), part(other, 2)
    acb, bda = determinant(c, b, a), determinant(d, a, b)
    cbd, dac = determinant(b, d, c), determinant(a, c, d)
    same_side = [sql.greater(sql.times(acb, side), 0) for side in (bda, cbd, dac)]
    meeting = [sql.eq(one, another) for one in (a, b) for another in (c, d)]
    return sql.any_of([sql.all_of(same_side), *meeting])


def edges(line: Sql) -> Sql:
    """The edges of an array of vectors, tuples of two."""

    def paired(vertices: Sql) -> Sql:
        edge = sql.tuple_([sql.variable("start"), sql.variable("end")])
        return sql.call(
            "arrayMap",
            sql.lambda_pair("start", "end", edge),
            sql.call("arrayPopBack", vertices),
            sql.call("arrayPopFront", vertices),
        )

    return sql.with_value(line, "vertices", paired)


def over(items: Sql, name: str, body: Callable[[Sql], Sql], function: str = "arrayMap") -> Sql:
    """`function(name -> body, items)`."""
    return sql.call(function, sql.lambda_(name, body(sql.variable(name))), items)
