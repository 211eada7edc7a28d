"""The scalar functions of KQL, one row each: how arguments are taken, what type comes back, which SQL it
becomes."""

from __future__ import annotations

from collections.abc import Mapping

from gatelog.kql.functions.array_places import ARRAY_PLACES
from gatelog.kql.functions.array_sorts import ARRAY_SORTS
from gatelog.kql.functions.arrays import ARRAYS
from gatelog.kql.functions.bags import BAGS, bag_from_pairs, bag_of, parse_json, read_as
from gatelog.kql.functions.bins import BINS, bin_at, bin_of
from gatelog.kql.functions.byte_sizes import BYTE_SIZES
from gatelog.kql.functions.canonical_json import CANONICAL_JSON
from gatelog.kql.functions.casts import CASTS
from gatelog.kql.functions.compression import COMPRESSION
from gatelog.kql.functions.conditions import CONDITIONS
from gatelog.kql.functions.digests import DIGESTS
from gatelog.kql.functions.encodings import ENCODINGS
from gatelog.kql.functions.geo import GEO
from gatelog.kql.functions.ipv4_formats import IPV4_FORMATS
from gatelog.kql.functions.ipv6 import IPV6
from gatelog.kql.functions.network import NETWORK
from gatelog.kql.functions.numbers import NUMBERS_TABLE
from gatelog.kql.functions.parsed_texts import PARSED_TEXTS
from gatelog.kql.functions.patterns import PATTERNS
from gatelog.kql.functions.probabilities import PROBABILITIES
from gatelog.kql.functions.punycode import PUNYCODE
from gatelog.kql.functions.replacements import REPLACEMENTS
from gatelog.kql.functions.row import Function, Naming
from gatelog.kql.functions.series_decompositions import SERIES_DECOMPOSITIONS, SERIES_FORECASTS
from gatelog.kql.functions.series_elements import SERIES_ELEMENTS
from gatelog.kql.functions.series_fills import SERIES_FILLS
from gatelog.kql.functions.series_filters import SERIES_FILTERS
from gatelog.kql.functions.series_fits import SERIES_FIT_BAGS, SERIES_FITS
from gatelog.kql.functions.series_fourier import SERIES_TRANSFORMS
from gatelog.kql.functions.series_measures import SERIES_MEASURES
from gatelog.kql.functions.series_outliers import SERIES_OUTLIERS
from gatelog.kql.functions.series_periods import SERIES_PERIODS, SERIES_SEASONS
from gatelog.kql.functions.set_measures import SET_MEASURES
from gatelog.kql.functions.sets import SETS
from gatelog.kql.functions.several import SeveralColumns
from gatelog.kql.functions.strings import STRINGS
from gatelog.kql.functions.time_formats import TIME_FORMATS
from gatelog.kql.functions.time_zones import TIME_ZONES
from gatelog.kql.functions.times import TIMES
from gatelog.kql.functions.tree_paths import TREE_PATHS
from gatelog.kql.functions.unicode import UNICODE
from gatelog.kql.functions.units import UNITS
from gatelog.kql.functions.urls import URLS
from gatelog.kql.functions.user_agents import USER_AGENTS
from gatelog.kql.functions.xml import XML

FUNCTIONS: Mapping[str, Function] = {
    row.name: row
    for table in (
        CANONICAL_JSON,
        CASTS,
        COMPRESSION,
        CONDITIONS,
        DIGESTS,
        STRINGS,
        PATTERNS,
        NUMBERS_TABLE,
        TIMES,
        BINS,
        BYTE_SIZES,
        TIME_FORMATS,
        TIME_ZONES,
        ARRAYS,
        ARRAY_PLACES,
        SETS,
        SERIES_ELEMENTS,
        SERIES_FILLS,
        SERIES_FILTERS,
        SERIES_FIT_BAGS,
        SERIES_MEASURES,
        SERIES_FORECASTS,
        SERIES_OUTLIERS,
        SERIES_SEASONS,
        BAGS,
        NETWORK,
        URLS,
        USER_AGENTS,
        XML,
        GEO,
        ENCODINGS,
        IPV4_FORMATS,
        IPV6,
        PARSED_TEXTS,
        PROBABILITIES,
        PUNYCODE,
        REPLACEMENTS,
        SET_MEASURES,
        TREE_PATHS,
        UNICODE,
        UNITS,
    )
    for row in table
}
"""All rows by name."""

SEVERAL_COLUMNS: Mapping[str, SeveralColumns] = {
    row.name: row
    for table in (ARRAY_SORTS, SERIES_DECOMPOSITIONS, SERIES_FITS, SERIES_PERIODS, SERIES_TRANSFORMS)
    for row in table
}
"""The functions that make several columns, by name."""

__all__ = [
    "FUNCTIONS",
    "SEVERAL_COLUMNS",
    "Function",
    "Naming",
    "SeveralColumns",
    "bag_from_pairs",
    "bag_of",
    "bin_at",
    "bin_of",
    "parse_json",
    "read_as",
]
