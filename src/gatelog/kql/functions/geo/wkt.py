"""geo_from_wkt: a text in the well-known form of geometries as GeoJSON.

The text is checked against the whole grammar first; what is left is to write brackets for parentheses. A
collection holds plain geometries, not collections.
"""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?"
_PLACE = rf"{_NUMBER}\s+{_NUMBER}"


def _list(item: str, least: int = 1) -> str:
    return rf"\(\s*{item}(?:\s*,\s*{item}){{{least - 1},}}\s*\)"


_POINT = rf"\(\s*{_PLACE}\s*\)"
_LINE = _list(_PLACE, 2)
_LINES = _list(_LINE)
_SHAPES = {
    "MultiPolygon": _list(_LINES),
    "MultiLineString": _LINES,
    "MultiPoint": f"(?:{_list(_PLACE)}|{_list(_POINT)})",
    "Polygon": _LINES,
    "LineString": _LINE,
    "Point": _POINT,
}
_GEOMETRY = "(?:" + "|".join(rf"{kind.upper()}\s*{shape}" for kind, shape in _SHAPES.items()) + ")"
_WHOLE = rf"^\s*(?:{_GEOMETRY}|GEOMETRYCOLLECTION\s*{_list(_GEOMETRY)})\s*$"
_NESTED = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
"""A pair of parentheses with up to two more inside."""
_STEPS = (
    (r"^\s+|\s+$", ""),
    (r"([\s(,])\+", r"\1"),
    (r"([\s(,-])0+(\d)", r"\1\2"),
    (r"([\s(,-])\.", r"\10."),
    (r"\.([\s),E])", r"\1"),
    (r"\s*([(),])\s*", r"\1"),
    (rf"({_NUMBER})\s+({_NUMBER})", r"[\1,\2]"),
    (r"MULTIPOINT\((\[[^\]]*\])\)", r"MULTIPOINT((\1))"),
    (r"\((\[[^\]]*\])\)", r"\1"),
    (r"\bPOINT(\[[^\]]*\])", r'{"type":"Point","coordinates":\1}'),
    *(
        (rf"\b{kind.upper()}({_NESTED})", rf'{{"type":"{kind}","coordinates":\1}}')
        for kind in _SHAPES
        if kind != "Point"
    ),
    (r"^GEOMETRYCOLLECTION(.*)$", r'{"type":"GeometryCollection","geometries":\1}'),
)
"""What is replaced by what: first blanks, numbers as JSON writes them and coordinates, then the types around
them, from the inside out."""


def _from_wkt(text: Sql) -> Sql:
    return sql.with_value(
        sql.call("upper", text),
        "text",
        lambda upper: sql.if_(sql.call("match", upper, _WHOLE), _written(upper), sql.null()),
    )


def _written(text: Sql) -> Sql:
    """GeoJSON of a text that is known to be right."""
    for pattern, replacement in _STEPS:
        text = sql.call("replaceRegexpAll", text, pattern, replacement)
    return sql.call("translate", text, "()", "[]")


WKT: tuple[Function, ...] = (
    simple("geo_from_wkt", [KqlType.STRING], KqlType.DYNAMIC, _from_wkt, may_fail=True),
)
"""The rows of this table."""
