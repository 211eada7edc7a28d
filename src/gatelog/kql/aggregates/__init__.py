"""The aggregate functions of summarize.

table        all of them by name
function     what one takes, and how it is built
numbers      counts, sums, averages, deviations, bits
percentiles  the value at a share of all, with and without weights
choices      one of the values: the least, the largest, any
collections  lists, sets and bags of the values
sketches     hll and tdigest, and the merging of such
schema       buildschema
"""

from gatelog.kql.aggregates.choices import any_value, check_ordered
from gatelog.kql.aggregates.function import AggregateFunction
from gatelog.kql.aggregates.percentiles import percentages, percentile
from gatelog.kql.aggregates.table import AGGREGATES, INSIDE_EXPRESSIONS

__all__ = [
    "AGGREGATES",
    "INSIDE_EXPRESSIONS",
    "AggregateFunction",
    "any_value",
    "check_ordered",
    "percentages",
    "percentile",
]
