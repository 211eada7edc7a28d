"""geo_* functions on points: distance, direction, circles."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import (
    EARTH_RADIUS,
    angle,
    cross,
    dot,
    length,
    metres,
    part,
    position,
    real,
    valid_position,
    vector,
)
from gatelog.kql.functions.geo.spheroid import spheroid_metres
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

REAL, BOOL, DYNAMIC = KqlType.REAL, KqlType.BOOL, KqlType.DYNAMIC


_DEFAULT_TOLERANCE = "10"
_SAME = "1e-15"
"""Below it two points are the same, or opposite."""


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


def _distance(*arguments: Sql) -> Sql:
    """On the sphere, or with a fifth argument that is true on the spheroid."""
    coordinates = arguments[:4]
    a, b, c, d = map(_present, coordinates)
    on_sphere = metres(_between((a, b, c, d)))
    if len(arguments) == 4:
        return _when_valid(coordinates, on_sphere)
    wanted = sql.if_null(arguments[4], sql.boolean(False))
    return _when_valid(coordinates, sql.if_(wanted, spheroid_metres(a, b, c, d, wanted), on_sphere))


def _in_circle(*arguments: Sql) -> Sql:
    *coordinates, radius = arguments
    a, b, c, d = map(_present, coordinates)
    inside = sql.at_most(metres(_between((a, b, c, d))), radius)
    known = _when_valid(tuple(coordinates), inside)
    return sql.if_(sql.at_least(radius, 0), known, sql.null())


def _azimuth(*coordinates: Sql) -> Sql:
    """The direction from the first point to the second, clockwise from north, from 0 to 2 pi; NULL where
    they are the same or opposite, and no direction leads there, or each does."""
    lng1, lat1, lng2, lat2 = (sql.call("radians", _present(value)) for value in coordinates)
    turn = sql.minus(lng2, lng1)
    east = sql.times(sql.call("sin", turn), sql.call("cos", lat2))
    north = sql.minus(
        sql.times(sql.call("cos", lat1), sql.call("sin", lat2)),
        sql.times(sql.times(sql.call("sin", lat1), sql.call("cos", lat2)), sql.call("cos", turn)),
    )
    return _when_valid(coordinates, sql.with_value(sql.tuple_([east, north]), "way", _direction))


def _direction(way: Sql) -> Sql:
    """The angle of a way (east, north), whose length is the sine of the distance."""
    east, north = part(way, 1), part(way, 2)
    circle = sql.times(2, sql.call("pi"))
    known = sql.greater(sql.call("hypot", east, north), real(_SAME))
    angle_ = sql.call("positiveModulo", sql.call("atan2", east, north), circle)
    return sql.if_(known, angle_, sql.null())


def _turn(*coordinates: Sql) -> Sql:
    """The angle at the second of three points, clockwise from the first line to the second, 0 to 2 pi."""
    a, b, c = (
        vector(position(_present(coordinates[place]), _present(coordinates[place + 1])))
        for place in (0, 2, 4)
    )

    def between(points: Sql) -> Sql:
        first, middle, last = (part(points, place) for place in (1, 2, 3))
        ways = sql.tuple_([cross(first, middle), cross(middle, last)])
        return sql.with_value(ways, "ways", lambda pair: turned(pair, middle))

    def turned(ways: Sql, middle: Sql) -> Sql:
        one, other = part(ways, 1), part(ways, 2)
        left = sql.call("atan2", dot(middle, cross(one, other)), dot(one, other))
        inner = sql.minus(sql.call("pi"), left)
        known = [sql.greater(length(way), real(_SAME)) for way in (one, other)]
        turn = sql.call("positiveModulo", inner, sql.times(2, sql.call("pi")))
        return sql.if_(sql.all_of(known), turn, sql.null())

    return _when_valid(coordinates, sql.with_value(sql.tuple_([a, b, c]), "points", between))


_FEWEST, _MOST = 3, 10_000
"""Corners of a circle: with the most a radius of 1,000 km is off by 5 cm."""


def _buffer(longitude: Sql, latitude: Sql, radius: Sql, tolerance: Sql | None = None) -> Sql:
    """A polygon of equal sides around a circle, its corners no further out than the tolerance."""
    given = real(_DEFAULT_TOLERANCE) if tolerance is None else tolerance
    near = sql.over(radius, real(EARTH_RADIUS))
    slack = sql.over(sql.call("least", given, radius), real(EARTH_RADIUS))

    def around(angles: Sql) -> Sql:
        inner, outer = part(angles, 1), part(angles, 2)
        count = formula("ceil(pi() / acos(tan(apothem) / tan(reach)))", apothem=inner, reach=outer)
        bounded = sql.call("least", sql.call("greatest", count, _FEWEST), _MOST)
        return sql.with_value(bounded, "corners", lambda corners: ring(corners, inner))

    def ring(corners: Sql, inner: Sql) -> Sql:
        away = formula("atan(tan(apothem) / cos(pi() / corners))", apothem=inner, corners=corners)
        turn = formula("2 * pi() * (turn % corners) / corners", turn=sql.variable("turn"), corners=corners)
        turns = formula("range(toUInt64(corners) + 1)", corners=corners)
        place = _gone(_present(longitude), _present(latitude), turn, away)
        return sql.with_value(
            sql.call("arrayMap", sql.lambda_("turn", place), turns), "ring", geojson.polygon
        )

    angles = sql.tuple_([near, sql.plus(near, slack)])
    valid = formula(
        "radius > 0 AND given > 0 AND radius < 5000000", radius=sql.if_null(radius, 0), given=given
    )
    made = sql.with_value(angles, "angles", around)
    return sql.if_(valid, _when_valid((longitude, latitude), made), sql.null())


def _gone(longitude: Sql, latitude: Sql, turn: Sql, away: Sql) -> Sql:
    """The position an angle away from a point, to the left of north by `turn`."""
    names = {
        "lng": sql.call("radians", longitude),
        "lat": sql.call("radians", latitude),
        "turn": turn,
        "away": away,
    }
    height = "sin(lat) * cos(away) + cos(lat) * sin(away) * cos(turn)"
    east = f"lng - atan2(sin(turn) * sin(away) * cos(lat), cos(away) - sin(lat) * ({height}))"
    whole = f"(degrees(atan2(sin({east}), cos({east}))), degrees(asin({height})))"
    return formula(whole, **names)


POINTS: tuple[Function, ...] = (
    simple("geo_distance_2points", [*[REAL] * 4, BOOL], REAL, _distance, optional=1, may_fail=True),
    simple("geo_angle", [REAL] * 6, REAL, _turn, may_fail=True),
    simple("geo_point_buffer", [REAL] * 4, DYNAMIC, _buffer, optional=1, may_fail=True),
    simple("geo_azimuth", [REAL] * 4, REAL, _azimuth, may_fail=True),
    simple("geo_point_in_circle", [REAL] * 5, BOOL, _in_circle, may_fail=True),
)
"""The rows of this table."""
