"""geo_* functions on geohashes: cells named by 1 to 18 characters of 5 bits each, longitude and latitude in
turn."""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Argument, Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import over, part, position, real, valid_position
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

REAL, LONG, STRING, DYNAMIC = KqlType.REAL, KqlType.LONG, KqlType.STRING, KqlType.DYNAMIC

_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"
_BITS = 45
"""Bits of a longitude, or a latitude, in the longest geohash."""
_LONGEST = 18
_DEFAULT = 5
_NEIGHBOURS = ((-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1))
"""Steps east and north to the neighbours, in Kusto's order."""


def _scaled(value: Sql, least: int, span: int) -> Sql:
    """A coordinate as an integer of 45 bits."""
    share = sql.over(sql.minus(real(value), least), span)
    step = sql.call("floor", sql.times(share, real(2**_BITS)))
    return sql.call("toInt64", sql.call("least", step, real(2**_BITS - 1)))


def _bit(numbers: tuple[Sql, Sql], index: Sql) -> Sql:
    """The bit at `index` (from 0) of the interleaved longitude and latitude."""
    even = sql.eq(sql.call("modulo", index, 2), 0)
    source = sql.if_(even, *numbers)
    return sql.call("bitTest", source, sql.minus(_BITS - 1, sql.call("intDiv", index, 2)))


def _character(numbers: tuple[Sql, Sql], place: Sql) -> Sql:
    value: Sql = sql.literal(1)
    for bit in range(5):
        index = sql.plus(sql.times(place, 5), bit)
        value = sql.plus(value, sql.times(_bit(numbers, index), 2 ** (4 - bit)))
    return sql.call("substring", _ALPHABET, value, 1)


def _encoded(place: Sql, size: Argument) -> Sql:
    """The geohash of a position, a tuple in reach of its range."""
    longitude = _scaled(part(place, 1), -180, 360)
    latitude = _scaled(part(place, 2), -90, 180)

    def text(numbers: Sql) -> Sql:
        pair = (part(numbers, 1), part(numbers, 2))
        places = sql.call("range", sql.call("toUInt64", size))
        return sql.call("arrayStringConcat", over(places, "index", lambda index: _character(pair, index)))

    return sql.with_value(sql.tuple_([longitude, latitude]), "numbers", text)


def _point_to_geohash(longitude: Sql, latitude: Sql, size: Sql | None = None) -> Sql:
    size = sql.literal(_DEFAULT) if size is None else size
    valid = sql.all_of(
        [valid_position(longitude, latitude), sql.at_least(size, 1), sql.at_most(size, _LONGEST)]
    )
    place = position(sql.if_null(longitude, 0), sql.if_null(latitude, 0))
    text = sql.with_value(place, "place", lambda found: _encoded(found, sql.if_null(size, 1)))
    return sql.if_(valid, text, "")


def _valid(hash_text: Sql) -> Sql:
    return sql.call("match", hash_text, f"^[{_ALPHABET}]{{1,{_LONGEST}}}$")


def _cell(hash_text: Sql) -> Sql:
    """(west, south, width, height) of a geohash, in degrees."""
    characters = sql.call("extractAll", hash_text, ".")
    digit = over(characters, "char", lambda char: sql.minus(sql.call("position", _ALPHABET, char), 1))
    shifts = sql.array([sql.literal(shift) for shift in (4, 3, 2, 1, 0)])

    def bits_of(number: Sql) -> Sql:
        return over(shifts, "shift", lambda shift: sql.call("bitTest", number, shift))

    bits = sql.call("arrayFlatten", over(digit, "digit", bits_of))
    return sql.with_value(bits, "bits", _bounds)


def _bounds(bits: Sql) -> Sql:
    west, width = _axis(bits, 1, 360)
    south, height = _axis(bits, 0, 180)
    return sql.tuple_([sql.minus(west, 180), sql.minus(south, 90), width, height])


def _axis(bits: Sql, parity: int, span: int) -> tuple[Sql, Sql]:
    """Where the cell begins and its size along one axis: every second bit of the whole."""
    place = sql.variable("place")
    own = sql.call(
        "arrayFilter",
        sql.lambda_pair("bit", "place", sql.eq(sql.call("modulo", place, 2), parity)),
        bits,
        sql.call("arrayEnumerate", bits),
    )
    weighted = sql.call(
        "arrayMap",
        sql.lambda_pair(
            "bit",
            "place",
            sql.over(sql.times(sql.variable("bit"), span), sql.call("exp2", place)),
        ),
        own,
        sql.call("arrayEnumerate", own),
    )
    size = sql.over(span, sql.call("exp2", sql.call("length", own)))
    return sql.call("arraySum", weighted), size


def _of_cell(hash_text: Sql, build: Callable[[Sql], Sql]) -> Sql:
    return sql.if_(_valid(hash_text), sql.with_value(_cell(hash_text), "cell", build), sql.null())


def _centre_of(cell: Sql, east: int = 0, north: int = 0) -> Sql:
    """The centre of the cell that lies some cells to the east and north."""
    west, south, width, height = (part(cell, place) for place in (1, 2, 3, 4))
    longitude = sql.plus(west, sql.times(width, real(f"{east + 0.5}")))
    latitude = sql.plus(south, sql.times(height, real(f"{north + 0.5}")))
    wrapped = sql.minus(sql.call("positiveModulo", sql.plus(longitude, 180), 360), 180)
    return sql.tuple_([wrapped if east else longitude, latitude])


def _central_point(hash_text: Sql) -> Sql:
    return _of_cell(hash_text, lambda cell: geojson.point(_centre_of(cell)))


def _polygon(hash_text: Sql) -> Sql:
    def ring(cell: Sql) -> Sql:
        west, south = part(cell, 1), part(cell, 2)
        east, north = sql.plus(west, part(cell, 3)), sql.plus(south, part(cell, 4))
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return geojson.polygon(sql.array([sql.tuple_(list(corner)) for corner in corners]))

    return _of_cell(hash_text, ring)


def _neighbours(hash_text: Sql) -> Sql:
    """The cells around; none beyond the poles."""

    def around(cell: Sql) -> Sql:
        centres = sql.array([_centre_of(cell, east, north) for east, north in _NEIGHBOURS])
        on_earth = over(
            centres, "centre", lambda c: sql.at_most(sql.call("abs", part(c, 2)), 90), "arrayFilter"
        )
        size = sql.call("length", hash_text)
        texts = over(on_earth, "centre", lambda centre: json_values.quoted(_encoded(centre, size)))
        return json_values.array_text(texts)

    return _of_cell(hash_text, around)


GEOHASHES: tuple[Function, ...] = (
    simple("geo_point_to_geohash", [REAL, REAL, LONG], STRING, _point_to_geohash, optional=1),
    simple("geo_geohash_to_central_point", [STRING], DYNAMIC, _central_point, may_fail=True),
    simple("geo_geohash_to_polygon", [STRING], DYNAMIC, _polygon, may_fail=True),
    simple("geo_geohash_neighbors", [STRING], DYNAMIC, _neighbours, may_fail=True),
)
"""The rows of this table."""
