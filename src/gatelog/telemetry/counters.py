"""Metrics of the gateway process: plain numbers that the hot path bumps, made text when asked for.

Prometheus text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). Everything
runs on one event loop, so there are no locks; a bump is one addition.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SERIES_MAX = 1_000
"""Label combinations of one metric; further ones are counted together as `other`: memory stays bounded."""

SECONDS_BUCKETS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0)
"""From the gateway's own overhead (0.1 ms) to a long reasoning answer (a minute)."""

Sample = tuple[str, tuple[tuple[str, str], ...], float]


class Counter:
    """A total that only grows: `counter.value += 1`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class LabelledCounter:
    """One total for each combination of label values."""

    __slots__ = ("labels", "values")

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.values: dict[tuple[str, ...], int] = {}

    def add(self, *values: str, count: int = 1) -> None:
        """Count one more (or `count`) for these label values, in the order of `labels`."""
        if values not in self.values and len(self.values) >= SERIES_MAX:
            values = ("other",) * len(self.labels)
        self.values[values] = self.values.get(values, 0) + count


class Histogram:
    """How often a value fell below each bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS_BUCKETS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Note one value, in the unit of the bounds."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Counters:
    """The metrics of one process, in the order they were made."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str, Callable[[], Iterator[Sample]]]] = {}

    def counter(self, name: str, meaning: str) -> Counter:
        """A new total; `name` ends in `_total`."""
        counter = Counter()
        self._add(name, "counter", meaning, lambda: iter([(name, (), counter.value)]))
        return counter

    def labelled_counter(self, name: str, meaning: str, labels: Sequence[str]) -> LabelledCounter:
        """A new total for each combination of `labels`; `name` ends in `_total`."""
        counter = LabelledCounter(labels)

        def samples() -> Iterator[Sample]:
            for values, count in counter.values.items():
                yield name, tuple(zip(counter.labels, values, strict=True)), count

        self._add(name, "counter", meaning, samples)
        return counter

    def counter_of(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A total that somebody else keeps; `name` ends in `_total`."""
        self._add(name, "counter", meaning, lambda: iter([(name, (), read())]))

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A number that `read` gives when asked; a total where the name says so (`…_total`)."""
        kind = "counter" if name.endswith("_total") else "gauge"
        self._add(name, kind, meaning, lambda: iter([(name, (), read())]))

    def histogram(self, name: str, meaning: str, bounds: Sequence[float] = SECONDS_BUCKETS) -> Histogram:
        """A new distribution; `name` ends in its unit."""
        histogram = Histogram(bounds)

        def samples() -> Iterator[Sample]:
            running = 0
            for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
                running += count
                yield f"{name}_bucket", (("le", _number(bound)),), running
            yield f"{name}_sum", (), histogram.total
            yield f"{name}_count", (), running

        self._add(name, "histogram", meaning, samples)
        return histogram

    def render(self) -> bytes:
        """All metrics as text, UTF-8."""
        lines: list[str] = []
        for name, (kind, meaning, samples) in self._families.items():
            lines += [f"# HELP {name} {_escape(meaning, quotes=False)}", f"# TYPE {name} {kind}"]
            lines += [f"{series}{_labels(labels)} {_number(value)}" for series, labels, value in samples()]
        return ("\n".join(lines) + "\n").encode()

    def _add(self, name: str, kind: str, meaning: str, samples: Callable[[], Iterator[Sample]]) -> None:
        if name in self._families:
            raise ValueError(f"metric {name} exists")
        self._families[name] = (kind, meaning, samples)


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    pairs = ",".join(f'{name}="{_escape(value, quotes=True)}"' for name, value in labels)
    return f"{{{pairs}}}" if pairs else ""


def _escape(text: str, *, quotes: bool) -> str:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    return escaped.replace('"', r"\"") if quotes else escaped


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
