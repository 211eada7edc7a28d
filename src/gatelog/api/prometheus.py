"""The hub's metrics for Prometheus, read from the forwarders when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gatelog.sinks import ForwarderStatistics

COUNTERS: Mapping[str, tuple[str, str]] = {
    "records": ("gatelog_forwarder_records", "spool records read"),
    "calls": ("gatelog_forwarder_calls", "calls delivered to the store"),
    "batches": ("gatelog_forwarder_batches", "batches delivered to the store"),
    "retries": ("gatelog_forwarder_retries", "attempts that failed and were or will be repeated"),
    "dead_letters": ("gatelog_forwarder_dead_letters", "records put aside because they cannot become rows"),
    "already_stored": ("gatelog_forwarder_already_stored", "calls replayed that the store already had"),
    "orphans": ("gatelog_forwarder_orphans", "parts and ends of calls whose start is lost"),
    "crashed_calls": ("gatelog_forwarder_crashed_calls", "calls ended here because their gateway crashed"),
}
"""Field of ForwarderStatistics → metric name and meaning."""

GAUGES: Mapping[str, tuple[str, str]] = {
    "damaged_places": ("gatelog_forwarder_damaged_places", "damaged places stepped over in the spool"),
    "open_calls": ("gatelog_forwarder_open_calls", "calls whose end has not been read yet"),
    "open_bytes": ("gatelog_forwarder_open_bytes", "bytes of open calls held in memory"),
    "lag_bytes": ("gatelog_forwarder_lag_bytes", "spool bytes not read yet"),
    "lag_seconds": ("gatelog_forwarder_lag_seconds", "time since the store last had everything"),
    "freshness_seconds": (
        "gatelog_forwarder_freshness_seconds",
        "call finished to visible in the store, the slowest of the last batch",
    ),
    "flush_seconds": ("gatelog_forwarder_flush_seconds", "duration of the last delivery"),
}


def hub_registry(*collectors: Collector) -> CollectorRegistry:
    """A registry of its own (the global one would be shared by everything in the process)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return registry


class ForwarderCollector(Collector):
    """Turns the statistics of all forwarders into metrics with a `spool` label."""

    def __init__(self, statistics: Callable[[], Mapping[str, ForwarderStatistics]]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """One family a field."""
        statistics = self._statistics()
        for field, (name, meaning) in COUNTERS.items():
            counter = CounterMetricFamily(name, meaning, labels=["spool"])
            for spool, values in statistics.items():
                counter.add_metric([spool], getattr(values, field))
            yield counter
        for field, (name, meaning) in GAUGES.items():
            gauge = GaugeMetricFamily(name, meaning, labels=["spool"])
            for spool, values in statistics.items():
                gauge.add_metric([spool], getattr(values, field))
            yield gauge
