"""What the program says about itself: log lines on stderr, metrics in Prometheus' text format."""

from gatelog.telemetry.counters import CONTENT_TYPE, Counter, Counters, Histogram, LabelledCounter
from gatelog.telemetry.logs import configure_logging

__all__ = [
    "CONTENT_TYPE",
    "Counter",
    "Counters",
    "Histogram",
    "LabelledCounter",
    "configure_logging",
]
