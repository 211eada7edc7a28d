"""The geo_* functions.

points · lines · polygons           lengths, sizes, distances, places, what lies inside
geohash · h3 · s2                   cells: which one a point lies in, and what shape one has
coverings                           the cells that cover a shape
unions · clippings · intersections  what shapes cover together, and what they have in common
buffers · densify · simplified      what lies within a distance; more points, fewer points
wkt                                 shapes in the well-known form of geometries
geojson                             the coordinates of shapes in SQL, and whether they are valid
sphere · spheroid                   geometry on the sphere, and distances on WGS 84
chains · loops                      lines as edges; polygons in the order in which S2 writes them
"""

from __future__ import annotations

from gatelog.kql.functions.geo.buffers import BUFFERS
from gatelog.kql.functions.geo.clippings import CLIPPINGS
from gatelog.kql.functions.geo.coverings import COVERINGS
from gatelog.kql.functions.geo.densify import DENSIFY
from gatelog.kql.functions.geo.geohash import GEOHASHES
from gatelog.kql.functions.geo.h3 import H3_CELLS
from gatelog.kql.functions.geo.intersections import INTERSECTIONS
from gatelog.kql.functions.geo.lines import LINES
from gatelog.kql.functions.geo.points import POINTS
from gatelog.kql.functions.geo.polygons import POLYGONS
from gatelog.kql.functions.geo.s2 import S2_CELLS
from gatelog.kql.functions.geo.simplified import SIMPLIFIED
from gatelog.kql.functions.geo.unions import UNIONS
from gatelog.kql.functions.geo.wkt import WKT
from gatelog.kql.functions.row import Function

GEO: tuple[Function, ...] = (
    *POINTS,
    *DENSIFY,
    *LINES,
    *POLYGONS,
    *GEOHASHES,
    *H3_CELLS,
    *S2_CELLS,
    *WKT,
    *UNIONS,
    *CLIPPINGS,
    *COVERINGS,
    *INTERSECTIONS,
    *BUFFERS,
    *SIMPLIFIED,
)
"""The rows of all geo tables."""

__all__ = ["GEO"]
