"""What a metric is.

A sample is a KQL expression over a row of the metric's source; null is no sample. Total, count, minimum and
maximum are those of the samples, the average is total / count.
"""

from __future__ import annotations

from typing import NamedTuple

from gatelog.api.metrics.sources import ATTEMPTS, Source

AGGREGATIONS = ("Total", "Average", "Minimum", "Maximum", "Count")


class Metric(NamedTuple):
    """A metric by its REST name. `primary` is the aggregation of a request that names none."""

    name: str
    display_name: str
    description: str
    unit: str
    primary: str
    category: str
    sample: str
    dimensions: tuple[str, ...] = ()
    source: Source = ATTEMPTS


def one_if(condition: str) -> str:
    """A sample that counts the rows of a condition: a minute without any says 0."""
    return f"iff({condition}, 1, 0)"
