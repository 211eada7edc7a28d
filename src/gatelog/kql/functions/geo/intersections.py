"""What two lines have in common: the points where they cross."""

from __future__ import annotations

from gatelog.kql import sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.lines import meeting_point, of_edges
from gatelog.kql.functions.geo.sphere import crossing, over, part
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.sql import Sql
from gatelog.kql.types import KqlType

DYNAMIC = KqlType.DYNAMIC

_NOTHING = '{"type":"GeometryCollection","geometries":[]}'
_SHARED = "geo_intersection_2lines() of lines that share an edge is not supported"
"""Which edges are common is known only when the query runs."""


def _intersection(one: Sql, other: Sql) -> Sql:
    return of_edges(one, "ones", lambda a: of_edges(other, "others", lambda b: _crossings(a, b)))


def _crossings(ones: Sql, others: Sql) -> Sql:
    def met(edge: Sql) -> Sql:
        met_by = over(others, "other", lambda other: crossing(edge, other), "arrayFilter")
        return over(met_by, "other", lambda other: meeting_point(edge, other))

    places = sql.call("arrayDistinct", sql.call("arrayFlatten", over(ones, "edge", met)))
    known = sql.with_value(places, "places", _points)
    apart = sql.eq(sql.call("throwIf", _share_a_stretch(ones, others), _SHARED), 0)
    return sql.if_(apart, known, sql.null())


def _share_a_stretch(ones: Sql, others: Sql) -> Sql:
    """Whether an edge is an edge of the other line too, in either direction."""
    same = sql.any_of(
        [
            sql.eq(sql.variable("edge"), sql.variable("other")),
            sql.eq(
                sql.variable("edge"),
                sql.tuple_([part(sql.variable("other"), 2), part(sql.variable("other"), 1)]),
            ),
        ]
    )
    return over(ones, "edge", lambda _: over(others, "other", lambda __: same, "arrayExists"), "arrayExists")


def _points(places: Sql) -> Sql:
    single = geojson.point(sql.call("arrayElement", places, 1))
    several = geojson.geometry("MultiPoint", geojson.written_positions(places))
    count = sql.call("length", places)
    return sql.call("multiIf", sql.eq(count, 0), _NOTHING, sql.eq(count, 1), single, several)


INTERSECTIONS: tuple[Function, ...] = (
    simple("geo_intersection_2lines", [DYNAMIC, DYNAMIC], DYNAMIC, _intersection, may_fail=True),
)
"""The rows of this table."""
