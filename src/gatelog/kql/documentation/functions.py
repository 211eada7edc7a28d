"""All functions by name."""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.documentation.aggregates import AGGREGATES, TABLE_FUNCTIONS
from gatelog.kql.documentation.collections import ARRAYS, BAGS, SERIES
from gatelog.kql.documentation.entry import Entry
from gatelog.kql.documentation.places import EARTH, NETWORKS
from gatelog.kql.documentation.scalars import CONVERSIONS, NUMBERS, ROWS, TEXTS, TIMES

FUNCTIONS: Mapping[str, Entry] = {
    **CONVERSIONS,
    **TEXTS,
    **NUMBERS,
    **TIMES,
    **ROWS,
    **ARRAYS,
    **BAGS,
    **SERIES,
    **NETWORKS,
    **EARTH,
    **AGGREGATES,
    **TABLE_FUNCTIONS,
}
