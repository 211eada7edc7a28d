"""The shortest distance on the spheroid of WGS 84, by Vincenty's inverse formula, in SQL.

The two points are carried over to a sphere (reduced latitudes), where the difference of their longitudes is
not that on the spheroid; each round corrects it by the course that the last one gave, until it stays.
(T. Vincenty, Direct and Inverse Solutions of Geodesics on the Ellipsoid, Survey Review 23, 1975)
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo.sphere import part, real

_EQUATOR = "6378137"
_FLATTENING = 1 / 298.257223563
_POLE = f"({_EQUATOR} * (1 - {_FLATTENING!r}))"
"""The radii in metres, and how much shorter the one to the pole is."""

_ROUNDS = 30
"""Some five are enough, but for points that are nearly opposite to each other."""
_STEADY = "1e-9"
"""Radians, 6 mm on the equator: what the last round may still correct."""
_OPPOSITE = "the distance of points that are nearly opposite to each other is not known on the spheroid"

_REDUCED = f"atan((1 - {_FLATTENING!r}) * tan(radians(latitude)))"
_TURN = "atan2(sin(radians(end - start)), cos(radians(end - start)))"
_ARC = """
arrayMap(
    (sine, cosine) -> (
        sine, cosine, atan2(sine, cosine), if(sine = 0, 0., cos(one) * cos(other) * sin(turn) / sine)
    ),
    [hypot(cos(other) * sin(turn), cos(one) * sin(other) - sin(one) * cos(other) * cos(turn))],
    [sin(one) * sin(other) + cos(one) * cos(other) * cos(turn)]
)[1]
"""
"""The sine, the cosine and the length of the arc between the points, and the sine of its course."""
_MIDDLE = """
arrayMap(
    square -> (
        tupleElement(arc, 1), tupleElement(arc, 2), tupleElement(arc, 3), tupleElement(arc, 4), square,
        if(square < 1e-15, 0., tupleElement(arc, 2) - 2 * sin(one) * sin(other) / square)
    ),
    [1 - tupleElement(arc, 4) * tupleElement(arc, 4)]
)[1]
"""
"""The arc with the square of the cosine of its course, and the cosine of twice the way to its middle."""
_CORRECTED = f"""
arrayMap(
    (s, c, arc, course, square, middle, k) -> turn + (1 - k) * {_FLATTENING!r} * course
        * (arc + k * s * (middle + k * c * (2 * middle * middle - 1))),
    [s], [c], [length], [course], [square], [middle],
    [{_FLATTENING!r} / 16 * square * (4 + {_FLATTENING!r} * (4 - 3 * square))]
)[1]
"""
_LENGTH = f"""
arrayMap(
    (s, c, arc, middle, k, l) -> {_POLE} * k * (arc - l * s * (middle + l / 4 * (
        c * (2 * middle * middle - 1) - l / 6 * middle * (4 * s * s - 3) * (4 * middle * middle - 3)
    ))),
    [s], [c], [length], [middle],
    [1 + u / 16384 * (4096 + u * (u * (320 - 175 * u) - 768))],
    [u / 1024 * (256 + u * (u * (74 - 47 * u) - 128))]
)[1]
"""
_SQUARE = f"square * ({_EQUATOR} * {_EQUATOR} / ({_POLE} * {_POLE}) - 1)"


def spheroid_metres(lng1: Sql, lat1: Sql, lng2: Sql, lat2: Sql, wanted: Sql) -> Sql:
    """The distance of two positions in metres. Where it is `wanted` but cannot be had, the query fails."""
    reduced = [formula(_REDUCED, latitude=real(latitude)) for latitude in (lat1, lat2)]
    points = sql.tuple_([*reduced, formula(_TURN, start=real(lng1), end=real(lng2))])
    return sql.with_value(points, "points", lambda found: _solved(found, wanted))


def _solved(points: Sql, wanted: Sql) -> Sql:
    turn = sql.variable("turn")
    start = part(points, 3)
    step = sql.lambda_pair("turn", "round", _with_arc(points, turn, lambda arc: _corrected(arc, start)))
    last = sql.call("arrayFold", step, sql.call("range", _ROUNDS), start)
    return sql.with_value(last, "last", lambda found: _measured(points, found, wanted))


def _with_arc(points: Sql, turn: Sql, body: Callable[[Sql], Sql]) -> Sql:
    ends = {"one": part(points, 1), "other": part(points, 2)}
    arc = formula(_ARC, turn=turn, **ends)
    middle = sql.with_value(arc, "arc", lambda found: formula(_MIDDLE, arc=found, **ends))
    return sql.with_value(middle, "whole", body)


def _parts(arc: Sql) -> dict[str, Sql]:
    names = ("s", "c", "length", "course", "square", "middle")
    return {name: part(arc, place) for place, name in enumerate(names, start=1)}


def _corrected(arc: Sql, turn: Sql) -> Sql:
    return formula(_CORRECTED, turn=turn, **_parts(arc))


def _measured(points: Sql, turn: Sql, wanted: Sql) -> Sql:
    def metres(arc: Sql) -> Sql:
        parts = _parts(arc)
        correction = formula(
            f"abs(next - turn) < {_STEADY}", next=_corrected(arc, part(points, 3)), turn=turn
        )
        failed = sql.call("throwIf", sql.all_of([wanted, sql.not_(correction)]), _OPPOSITE)
        curve = formula(_SQUARE, square=parts["square"])
        del parts["course"], parts["square"]
        length = sql.with_value(curve, "u", lambda u: formula(_LENGTH, u=u, **parts))
        return sql.if_(sql.eq(failed, 0), length, real(0))

    return _with_arc(points, turn, metres)
