"""The reference page of all metrics, written from the table that answers are computed from."""

from __future__ import annotations

from collections.abc import Iterator

from gatelog.api.metrics.definitions import NAMESPACES, Namespace
from gatelog.api.metrics.metric import Metric
from gatelog.api.metrics.sources import ATTEMPTS, CALLS, VERDICTS, Source

INTRODUCTION = """\
# Metrics

What the [metrics APIs](azure-monitor.md) give: Azure's platform metrics by their names, computed from the
record when they are asked for. A metric has a sample for each row of its source, unless the sample is null;
total, count, minimum and maximum are those of the samples, the average is total / count. All five can be
asked of every metric; a request that names none gets the primary one. Old and new names of the same thing
give the same numbers.
"""

_SOURCES: tuple[tuple[str, str, Source], ...] = (
    (
        "Attempts",
        "A row for each request that was sent to a backend. A call that was tried again counts where it was"
        " tried; what is known of the answer belongs to its last attempt.",
        ATTEMPTS,
    ),
    ("Verdicts", "A row for each category of a content filter, of a call's prompt or completion.", VERDICTS),
    ("Calls", "A row for each call that the gateway took, refused ones included.", CALLS),
)


def render() -> str:
    """The page, Markdown."""
    parts = [INTRODUCTION, *map(_namespace, NAMESPACES), "## Sources\n"]
    parts += [_source(name, meaning, source) for name, meaning, source in _SOURCES]
    return "\n".join(parts)


def _namespace(namespace: Namespace) -> str:
    head = "| metric | | unit | primary | source | dimensions |\n|---|---|---|---|---|---|"
    return "\n".join([f"## {namespace.name}\n", head, *map(_row, namespace.metrics), ""])


def _row(metric: Metric) -> str:
    dimensions = ", ".join(metric.dimensions)
    source = next(name for name, _, source in _SOURCES if source is metric.source)
    cells = (f"`{metric.name}`", metric.description, metric.unit, metric.primary, source, dimensions)
    return f"| {' | '.join(cells)} |"


def _source(name: str, meaning: str, source: Source) -> str:
    return "\n".join([f"### {name}\n", meaning, "\n```kusto", source.rows, "```\n", *_dimensions(source), ""])


def _dimensions(source: Source) -> Iterator[str]:
    yield "| dimension | its value |\n|---|---|"
    for name, expression in source.dimensions.items():
        escaped = expression.replace("|", r"\|")
        yield f"| {name} | `{escaped}` |"
