"""The aggregate functions of summarize."""

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
