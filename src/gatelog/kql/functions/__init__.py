"""The scalar functions of KQL, one row each: how arguments are taken, what type comes back, which SQL it
becomes."""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.functions.arrays import ARRAYS
from gatelog.kql.functions.bags import BAGS, bag_from_pairs, bag_of, parse_json
from gatelog.kql.functions.bins import BINS
from gatelog.kql.functions.casts import CASTS
from gatelog.kql.functions.conditions import CONDITIONS
from gatelog.kql.functions.network import NETWORK
from gatelog.kql.functions.numbers import NUMBERS_TABLE
from gatelog.kql.functions.patterns import PATTERNS
from gatelog.kql.functions.row import Function, Naming
from gatelog.kql.functions.sets import SETS
from gatelog.kql.functions.strings import STRINGS
from gatelog.kql.functions.time_formats import TIME_FORMATS
from gatelog.kql.functions.times import TIMES
from gatelog.kql.functions.urls import URLS

FUNCTIONS: Mapping[str, Function] = {
    row.name: row
    for table in (
        CASTS,
        CONDITIONS,
        STRINGS,
        PATTERNS,
        NUMBERS_TABLE,
        TIMES,
        BINS,
        TIME_FORMATS,
        ARRAYS,
        SETS,
        BAGS,
        NETWORK,
        URLS,
    )
    for row in table
}
"""All rows by name."""

__all__ = ["FUNCTIONS", "Function", "Naming", "bag_from_pairs", "bag_of", "parse_json"]
