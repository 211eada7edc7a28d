"""geo_* functions that build new shapes, whose vertices depend on the library behind Kusto: refused, but for
constant arguments that are invalid, which give null."""

from __future__ import annotations

from collections.abc import Sequence

from gatelog.kql.functions.row import Function
from gatelog.kql.misfit import Unsupported
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import KqlType

_DEPTHS = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Arrays around the positions of a geometry."""


def _refused(name: str, least: int, most: int, tolerance: tuple[float, float] | None = None) -> Function:
    """`tolerance` is the valid range of the argument behind the geometry."""

    def build(arguments: Sequence[Term]) -> Term:
        geometries = [argument for argument in arguments if argument.type is KqlType.DYNAMIC]
        if any(_is_invalid(geometry) for geometry in geometries) or _is_outside(arguments, tolerance):
            return null_of(KqlType.DYNAMIC)
        raise Unsupported(f"{name}() is not supported", "its result depends on Kusto's geometry library")

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
    _refused("geo_intersection_2polygons", 2, 2),
    _refused("geo_intersection_line_with_polygon", 2, 2),
    _refused("geo_line_buffer", 2, 3, (1e-12, 1e9)),
    _refused("geo_polygon_buffer", 2, 3, (1e-12, 1e9)),
    _refused("geo_line_densify", 1, 3, (0.1, 10_000)),
    _refused("geo_polygon_densify", 1, 3, (0.1, 10_000)),
    _refused("geo_line_simplify", 1, 2, (0, 1e9)),
    _refused("geo_polygon_simplify", 1, 2, (0, 1e9)),
    _refused("geo_line_to_s2cells", 1, 3, (0, 30)),
    _refused("geo_polygon_to_s2cells", 1, 3, (0, 30)),
    _refused("geo_polygon_to_h3cells", 1, 3, (0, 15)),
)
"""The rows of this table."""
