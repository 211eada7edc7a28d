"""The aggregate functions of summarize."""

from gatelog.kql.aggregates.choices import any_value, check_ordered, percentile
from gatelog.kql.aggregates.function import AggregateFunction
from gatelog.kql.aggregates.table import AGGREGATES, INSIDE_EXPRESSIONS

__all__ = [
    "AGGREGATES",
    "INSIDE_EXPRESSIONS",
    "AggregateFunction",
    "any_value",
    "check_ordered",
    "percentile",
]
