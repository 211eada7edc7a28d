"""geo_* functions on points: distance, direction, circles."""

from __future__ import annotations

from gatelog.kql import sql
from gatelog.kql.functions.geo.sphere import angle, metres, position, valid_position, vector
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.sql import Sql
from gatelog.kql.types import KqlType

REAL, BOOL = KqlType.REAL, KqlType.BOOL


def _between(points: tuple[Sql, Sql, Sql, Sql]) -> Sql:
    """The angle between two points."""
    one, other = vector(position(*points[:2])), vector(position(*points[2:]))
    return sql.with_value(one, "one", lambda a: sql.with_value(other, "other", lambda b: angle(a, b)))


def _when_valid(points: tuple[Sql, ...], value: Sql) -> Sql:
    """NULL where a coordinate is out of range or null: the engine computes those rows with 0."""
    tests = [
        sql.if_null(valid_position(points[place], points[place + 1]), sql.boolean(False))
        for place in range(0, len(points), 2)
    ]
    return sql.if_(sql.all_of(tests), value, sql.null())


def _present(value: Sql) -> Sql:
    return sql.if_null(value, 0)


def _distance(*coordinates: Sql) -> Sql:
    a, b, c, d = map(_present, coordinates)
    return _when_valid(coordinates, metres(_between((a, b, c, d))))


def _in_circle(*arguments: Sql) -> Sql:
    *coordinates, radius = arguments
    a, b, c, d = map(_present, coordinates)
    inside = sql.at_most(metres(_between((a, b, c, d))), radius)
    known = _when_valid(tuple(coordinates), inside)
    return sql.if_(sql.at_least(radius, 0), known, sql.null())


def _azimuth(*coordinates: Sql) -> Sql:
    """The direction from the first point to the second, clockwise from north, from 0 to 2 pi."""
    lng1, lat1, lng2, lat2 = (sql.call("radians", _present(value)) for value in coordinates)
    turn = sql.minus(lng2, lng1)
    east = sql.times(sql.call("sin", turn), sql.call("cos", lat2))
    north = sql.minus(
        sql.times(sql.call("cos", lat1), sql.call("sin", lat2)),
        sql.times(sql.times(sql.call("sin", lat1), sql.call("cos", lat2)), sql.call("cos", turn)),
    )
    circle = sql.times(2, sql.call("pi"))
    return _when_valid(coordinates, sql.call("positiveModulo", sql.call("atan2", east, north), circle))


POINTS: tuple[Function, ...] = (
    simple("geo_distance_2points", [REAL] * 4, REAL, _distance, may_fail=True),
    simple("geo_azimuth", [REAL] * 4, REAL, _azimuth, may_fail=True),
    simple("geo_point_in_circle", [REAL] * 5, BOOL, _in_circle, may_fail=True),
)
"""The rows of this table."""
