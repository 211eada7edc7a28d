"""geo_* functions on cells of S2, Google's grid of quadrilaterals.

The sphere is projected on the six faces of a cube; a face is cut into four cells 30 times, and the cells lie
along a Hilbert curve. A cell is the number

    3 bits face | 2 bits for each level: the place along the curve | 1 | 0 ...

and its name the hexadecimal digits of that number without the zeros at the end.
(https://s2geometry.io/devguide/s2cell_hierarchy)
"""

from __future__ import annotations

from collections.abc import Callable

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Argument, Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.sphere import over, part, position, position_of, real, valid_position, vector
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType
from gatelog.kql.values import json_values

REAL, LONG, STRING, DYNAMIC = KqlType.REAL, KqlType.LONG, KqlType.STRING, KqlType.DYNAMIC

_FINEST = 30
_DEFAULT = 11
_CURVE_PLACES = (0, 1, 3, 2, 0, 3, 1, 2, 2, 3, 1, 0, 2, 1, 3, 0)
"""For each orientation of the curve and each quarter (i, j): its place along the curve."""
_QUARTERS = (0, 1, 3, 2, 0, 2, 3, 1, 3, 2, 0, 1, 3, 1, 0, 2)
"""The inverse: for each orientation and place the quarter."""
_TURNS = (1, 0, 0, 3)
"""How the orientation changes, by the place."""
_SOME_CELL = "1"
_NEIGHBOURS = ((1, 1), (-1, -1), (1, -1), (0, -1), (0, 1), (1, 0), (-1, 0), (-1, 1))
"""Steps along i and j to the neighbours, in Kusto's order."""


def _numbers(values: tuple[int, ...]) -> Sql:
    return sql.array([sql.literal(value) for value in values])


def _looked_up(values: tuple[int, ...], index: Sql) -> Sql:
    return sql.call("arrayElement", _numbers(values), sql.plus(index, 1))


def _face(v: Sql) -> Sql:
    """The face that a vector meets: its longest component, 3 more when that is negative."""
    sizes = sql.array([sql.call("abs", part(v, axis)) for axis in (1, 2, 3)])
    axis = sql.minus(sql.call("indexOf", sizes, sql.call("arrayMax", sizes)), 1)
    negative = [sql.less(part(v, place), 0) for place in (1, 2, 3)]
    sign = sql.call("arrayElement", sql.array(negative), sql.plus(axis, 1))
    return sql.call("toUInt64", sql.plus(axis, sql.times(sign, 3)))


def _on_face(v: Sql, face: Sql) -> Sql:
    """(u, v), both from -1 to 1, of a vector on its face."""
    x, y, z = (part(v, axis) for axis in (1, 2, 3))
    u = (
        (y, x),
        (sql.call("negate", x), y),
        (sql.call("negate", x), z),
        (z, x),
        (z, y),
        (sql.call("negate", y), z),
    )
    w = (
        (z, x),
        (z, y),
        (sql.call("negate", y), z),
        (y, x),
        (sql.call("negate", x), y),
        (sql.call("negate", x), z),
    )
    pairs = [sql.tuple_([sql.over(*u[number]), sql.over(*w[number])]) for number in range(6)]
    return sql.call("arrayElement", sql.array(pairs), sql.plus(face, 1))


def _from_face(face: Sql, u: Sql, v: Sql) -> Sql:
    """The vector (of any length) of a place on a face."""
    one, minus_one = real(1), real(-1)
    minus_u, minus_v = sql.call("negate", u), sql.call("negate", v)
    vectors = (
        (one, u, v),
        (minus_u, one, v),
        (minus_u, minus_v, one),
        (minus_one, minus_v, minus_u),
        (v, minus_one, minus_u),
        (v, u, minus_one),
    )
    return sql.call("arrayElement", sql.array([sql.tuple_(list(v)) for v in vectors]), sql.plus(face, 1))


def _evened(u: Sql) -> Sql:
    """The quadratic projection that makes cells nearly equal: from -1..1 to 0..1."""
    root = sql.call("sqrt", sql.plus(sql.times(sql.call("abs", u), 3), 1))
    half = sql.over(root, 2)
    return sql.if_(sql.at_least(u, 0), half, sql.minus(1, half))


def _projected(s: Sql) -> Sql:
    """Its inverse."""
    upper = sql.over(sql.minus(sql.times(4, sql.times(s, s)), 1), 3)
    rest = sql.minus(1, s)
    lower = sql.over(sql.minus(1, sql.times(4, sql.times(rest, rest))), 3)
    return sql.if_(sql.at_least(s, real("0.5")), upper, lower)


def _index(s: Sql) -> Sql:
    """A place from 0 to 1 among the 2^30 leaves of a side."""
    place = sql.call("floor", sql.times(s, 2**_FINEST))
    return sql.call("toUInt64", sql.call("least", sql.call("greatest", place, 0), 2**_FINEST - 1))


def cell_number(v: Sql, level: Sql) -> Sql:
    """The cell of a level that a vector meets, as a number."""

    def with_face(face: Sql) -> Sql:
        return sql.with_value(_on_face(v, face), "uv", lambda uv: with_place(face, uv))

    def with_place(face: Sql, uv: Sql) -> Sql:
        leaf = sql.tuple_([_index(_evened(part(uv, axis))) for axis in (1, 2)])
        return sql.with_value(leaf, "leaf", lambda ij: _along_curve(face, ij, level))

    return sql.with_value(_face(v), "face", with_face)


def _along_curve(face: Sql, leaf: Sql, level: Sql) -> Sql:
    state, step = sql.variable("state"), sql.variable("step")
    shift = sql.minus(_FINEST - 1, step)
    bits = [sql.call("bitAnd", sql.call("bitShiftRight", part(leaf, axis), shift), 1) for axis in (1, 2)]
    quarter = sql.plus(sql.times(bits[0], 2), bits[1])
    orientation = part(state, 2)
    place = _looked_up(_CURVE_PLACES, sql.plus(sql.times(orientation, 4), quarter))
    moved = sql.tuple_(
        [
            sql.call("toUInt64", sql.plus(sql.times(part(state, 1), 4), place)),
            sql.call("toUInt64", sql.call("bitXor", orientation, _looked_up(_TURNS, place))),
        ]
    )
    start = sql.tuple_([face, sql.call("toUInt64", sql.call("bitAnd", face, 1))])
    steps = sql.call("range", sql.call("toUInt64", level))
    path = part(sql.call("arrayFold", sql.lambda_pair("state", "step", moved), steps, start), 1)
    marked = sql.plus(sql.times(path, 2), 1)
    return sql.call("bitShiftLeft", sql.call("toUInt64", marked), _free_bits(level))


def _free_bits(level: Sql) -> Sql:
    return sql.minus(2 * _FINEST, sql.times(level, 2))


def token_of(number: Sql) -> Sql:
    """The name of a cell."""
    digits = sql.call("lower", sql.call("leftPad", sql.call("hex", number), 16, "0"))
    return sql.call("trimRight", digits, "0")


def _point_to_cell(longitude: Sql, latitude: Sql, level: Sql | None = None) -> Sql:
    level = sql.literal(_DEFAULT) if level is None else level
    valid = sql.all_of(
        [valid_position(longitude, latitude), sql.at_least(level, 0), sql.at_most(level, _FINEST)]
    )
    place = position(sql.if_null(longitude, 0), sql.if_null(latitude, 0))
    safe = sql.call("least", sql.call("greatest", sql.if_null(level, 0), 0), _FINEST)
    number = sql.with_value(vector(place), "v", lambda v: cell_number(v, safe))
    return sql.if_(valid, token_of(number), "")


def _of_cell(token: Sql, build: Callable[[Sql], Sql]) -> Sql:
    """`build` of (face, level, i, j) of a cell, i and j counted in cells; NULL when the text names none."""
    shaped = sql.call("match", token, "^[0-9a-fA-F]{1,16}$")
    padded = sql.call("rightPad", sql.if_(shaped, token, _SOME_CELL), 16, "0")
    number = sql.call("reinterpretAsUInt64", sql.call("reverse", sql.call("unhex", padded)))

    def parsed(cell: Sql) -> Sql:
        lowest = sql.call("bitAnd", cell, sql.call("bitNot", sql.minus(cell, 1)))
        zeros = sql.call("toInt64", sql.call("bitCount", sql.minus(lowest, 1)))
        face = sql.call("bitShiftRight", cell, 61)
        valid = sql.all_of(
            [shaped, sql.less(face, 6), sql.eq(sql.call("modulo", zeros, 2), 0), sql.at_most(zeros, 60)]
        )
        level = sql.minus(_FINEST, sql.call("intDiv", zeros, 2))
        found = sql.with_value(_unwound(cell, face, level), "cell", build)
        return sql.if_(valid, found, sql.null())

    return sql.with_value(number, "number", parsed)


def _unwound(cell: Sql, face: Sql, level: Sql) -> Sql:
    """(face, level, i, j) from the places along the curve."""
    state, step = sql.variable("state"), sql.variable("step")
    place = sql.call("bitAnd", sql.call("bitShiftRight", cell, sql.minus(59, sql.times(step, 2))), 3)
    quarter = _looked_up(_QUARTERS, sql.plus(sql.times(part(state, 3), 4), place))
    moved = sql.tuple_(
        [
            sql.call("toUInt64", sql.plus(sql.times(part(state, 1), 2), sql.call("intDiv", quarter, 2))),
            sql.call("toUInt64", sql.plus(sql.times(part(state, 2), 2), sql.call("modulo", quarter, 2))),
            sql.call("toUInt64", sql.call("bitXor", part(state, 3), _looked_up(_TURNS, place))),
        ]
    )
    zero = sql.call("toUInt64", 0)
    start = sql.tuple_([zero, zero, sql.call("toUInt64", sql.call("bitAnd", face, 1))])
    steps = sql.call("range", sql.call("toUInt64", sql.call("greatest", level, 0)))
    folded = sql.call("arrayFold", sql.lambda_pair("state", "step", moved), steps, start)
    return sql.with_value(folded, "folded", lambda ij: sql.tuple_([face, level, part(ij, 1), part(ij, 2)]))


def corner(cell: Sql, di: Argument, dj: Argument) -> Sql:
    """The vector of the place `di`, `dj` (in cells) from the first corner of a cell."""
    sides = sql.call("exp2", part(cell, 2))
    u, v = (
        _projected(sql.over(sql.plus(part(cell, axis), real(offset)), sides))
        for axis, offset in ((3, di), (4, dj))
    )
    uv = sql.tuple_([u, v])
    return sql.with_value(uv, "uv", lambda found: _from_face(part(cell, 1), part(found, 1), part(found, 2)))


def _central_point(token: Sql) -> Sql:
    return _of_cell(token, lambda cell: geojson.point(position_of(corner(cell, "0.5", "0.5"))))


def _polygon(token: Sql) -> Sql:
    def ring(cell: Sql) -> Sql:
        corners = [("0", "0"), ("1", "0"), ("1", "1"), ("0", "1"), ("0", "0")]
        return geojson.polygon(sql.array([position_of(corner(cell, *place)) for place in corners]))

    return _of_cell(token, ring)


def _neighbours(token: Sql) -> Sql:
    """The cells around, beyond the edge of a face too; at a corner of the cube there is one less."""

    def around(cell: Sql) -> Sql:
        centres = [corner(cell, str(di + 0.5), str(dj + 0.5)) for di, dj in _NEIGHBOURS]
        names = over(
            sql.array(centres),
            "centre",
            lambda v: json_values.quoted(token_of(cell_number(v, part(cell, 2)))),
        )
        own = json_values.quoted(sql.call("lower", token))
        others = over(sql.call("arrayDistinct", names), "name", lambda name: sql.ne(name, own), "arrayFilter")
        return json_values.array_text(others)

    return _of_cell(token, around)


S2_CELLS: tuple[Function, ...] = (
    simple("geo_point_to_s2cell", [REAL, REAL, LONG], STRING, _point_to_cell, optional=1),
    simple("geo_s2cell_to_central_point", [STRING], DYNAMIC, _central_point, may_fail=True),
    simple("geo_s2cell_to_polygon", [STRING], DYNAMIC, _polygon, may_fail=True),
    simple("geo_s2cell_neighbors", [STRING], DYNAMIC, _neighbours, may_fail=True),
)
"""The rows of this table."""
