"""The geo_* functions."""

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
