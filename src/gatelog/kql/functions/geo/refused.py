"""geo_* functions that build new shapes, whose vertices depend on the library behind Kusto: refused, but for
arguments that are invalid, which give null. Shapes of the data are refused when the query meets one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatelog.kql import sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.row import Function, accept
from gatelog.kql.misfit import Unsupported
from gatelog.kql.sql import Sql
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import KqlType

_DEPTHS = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Arrays around the positions of a geometry."""


def _refused(
    name: str, least: int, most: int, tolerance: tuple[float, float] | None, valid: Callable[[Sql], Sql]
) -> Function:
    """`tolerance` is the range of the argument behind the geometry; `valid` gives its shapes, none if
    invalid."""

    def build(arguments: Sequence[Term]) -> Term:
        geometry = accept(arguments[0], KqlType.DYNAMIC)
        if _is_invalid(geometry) or _is_outside(arguments, tolerance):
            return null_of(KqlType.DYNAMIC)
        message = f"{name}() is not supported"
        if geometry.constant is not None:
            raise Unsupported(message, "its result depends on Kusto's geometry library")
        raised = sql.call("throwIf", sql.call("notEmpty", valid(geometry.sql)), message)
        nothing = null_of(KqlType.DYNAMIC)
        return Term(KqlType.DYNAMIC, sql.if_(sql.eq(raised, 0), nothing.sql, nothing.sql))

    return Function(name, least, most, build)


def _is_outside(arguments: Sequence[Term], valid: tuple[float, float] | None) -> bool:
    if valid is None or len(arguments) < 2 or arguments[1].constant is None:
        return False
    value = arguments[1].constant.value
    return not isinstance(value, int | float) or not valid[0] <= value <= valid[1]


def _is_invalid(geometry: Term) -> bool:
    """Whether a constant is known to be no line and no polygon."""
    if geometry.constant is None:
        return False
    value = geometry.constant.value
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return not isinstance(value, list)
    kind = str(value["type"])
    return kind not in _DEPTHS or not _valid(value.get("coordinates"), _DEPTHS[kind], "Polygon" in kind)


def _valid(coordinates: object, depth: int, polygon: bool) -> bool:
    if not isinstance(coordinates, list) or not coordinates:
        return False
    if depth > 1:
        return all(_valid(part, depth - 1, polygon) for part in coordinates)
    closed = not polygon or (len(coordinates) >= 4 and coordinates[0] == coordinates[-1])
    return len(coordinates) >= 2 and closed and all(_is_position(place) for place in coordinates)


def _is_position(place: object) -> bool:
    match place:
        case [int() | float() as longitude, int() | float() as latitude, *_]:
            return -180 <= longitude <= 180 and -90 <= latitude <= 90
        case _:
            return False


REFUSED: tuple[Function, ...] = (
    _refused("geo_line_buffer", 2, 3, (1e-12, 1e9), geojson.valid_lines),
    _refused("geo_polygon_buffer", 2, 3, (1e-12, 1e9), geojson.valid_polygons),
)
"""The rows of this table."""
