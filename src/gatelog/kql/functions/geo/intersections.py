"""What two lines have in common: the edges that both have, and the points where they cross."""

from __future__ import annotations

from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.formula import formula
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.functions.geo import geojson
from gatelog.kql.functions.geo.chains import chained, joints, pairs, shared, with_vectors
from gatelog.kql.functions.geo.sphere import over
from gatelog.kql.functions.row import Function, simple
from gatelog.kql.types import KqlType

DYNAMIC = KqlType.DYNAMIC

_BESIDE = "arrayFilter(place -> NOT has(arrayFlatten(lines), place), arrayDistinct(arrayFlatten(places)))"


def _intersection(one: Sql, other: Sql) -> Sql:
    return geojson.with_lines(
        one, "ones", lambda a: geojson.with_lines(other, "others", lambda b: _common(pairs(a), pairs(b)))
    )


def _common(ones: Sql, others: Sql) -> Sql:
    def crossings(lines: Sql, opposite: Sql) -> Sql:
        places = over(with_vectors(ones), "edge", lambda edge: joints(edge, opposite))
        return formula(_BESIDE, places=places, lines=lines)

    def with_opposite(lines: Sql) -> Sql:
        places = sql.with_value(with_vectors(others), "opposite", lambda found: crossings(lines, found))
        return sql.with_value(
            places, "places", lambda points: geojson.common(points, lines, geojson.no_polygons())
        )

    return sql.with_value(chained(shared(ones, others)), "lines", with_opposite)


INTERSECTIONS: tuple[Function, ...] = (
    simple("geo_intersection_2lines", [DYNAMIC, DYNAMIC], DYNAMIC, _intersection, may_fail=True),
)
"""The rows of this table."""
