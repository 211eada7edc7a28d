"""What compiling costs: KQL text to SQL, CPU time, over queries that people published.

    documented and recorded queries ──────────────────► compile ──► median, p99, the slowest
    published queries ──► tables under which each compiles ──┘

python benchmarks/compile_time.py [--corpus ../shared/reference/kql] [--rounds 3] [--every 1] [--json]

Each query is compiled once in every round, the rounds one after the other; its figure is the least of them,
since everything else on the machine only adds. The first round is told apart. Tables of the published queries
are inferred before anything is measured, which takes a few minutes. The garbage collector is set as in a hub.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gatelog import kql
from gatelog.app.service import spare_collector
from gatelog.errors import KqlError
from gatelog.testing.inferred_schema import NOW, inferred_catalog
from report import table

CORPUS = Path(__file__).parents[2] / "shared" / "reference" / "kql"
SELF_CONTAINED = ("docs_examples", "kusto_emulator", "kusto_loco", "clickhouse_kql")
SLOWEST = 10


class Query(NamedTuple):
    """A query that compiles, and the tables it is about."""

    name: str
    text: str
    catalog: kql.Catalog


class Figure(NamedTuple):
    """A query's CPU time in the first round and in its best, and how long its texts are, in characters."""

    name: str
    first_ms: float
    best_ms: float
    kql_size: int
    sql_size: int


def queries(corpus: Path, every: int) -> Iterator[Query]:
    """Every `every`th query of the corpus that compiles."""
    for file in SELF_CONTAINED:
        for record in _records(corpus / "dev" / f"{file}.jsonl")[::every]:
            if record["needs"] == "none" and _compiles(record["query"]):
                yield Query(record["id"], record["query"], kql.Catalog())
    for record in _records(corpus / "parse_only.jsonl")[::every]:
        catalog = inferred_catalog(record["query"])
        if catalog is not None:
            yield Query(record["id"], record["query"], catalog)


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _compiles(text: str) -> bool:
    try:
        kql.compile(text, kql.Catalog(), now=NOW, ask=lambda _: [])
    except KqlError:
        return False
    return True


def measure(chosen: Sequence[Query], rounds: int) -> list[Figure]:
    """The figures of all queries, the slowest first."""
    taken = [[_compiled(query) for query in chosen] for _ in range(rounds)]
    found = [
        Figure(query.name, times[0][0], min(ms for ms, _ in times), len(query.text), times[0][1])
        for query, times in zip(chosen, zip(*taken, strict=True), strict=True)
    ]
    return sorted(found, key=lambda figure: figure.best_ms, reverse=True)


def _compiled(query: Query) -> tuple[float, int]:
    """CPU milliseconds, and characters of SQL."""
    began = time.process_time_ns()
    compiled = kql.compile(query.text, query.catalog, now=NOW, ask=lambda _: [])
    return (time.process_time_ns() - began) / 1e6, len(compiled.sql)


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, p95, p99 and the longest."""
    parts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"median": parts[49], "p95": parts[94], "p99": parts[98], "longest": max(milliseconds)}


def report(figures: Sequence[Figure]) -> str:
    """The figures as Markdown."""
    rounds = {
        "first": summary([one.first_ms for one in figures]),
        "best": summary([one.best_ms for one in figures]),
    }
    rows = [[name, *(f"{value:,.2f}" for value in row.values())] for name, row in rounds.items()]
    slowest = [
        [one.name, f"{one.best_ms:,.2f}", f"{one.kql_size:,}", f"{one.sql_size:,}"]
        for one in figures[:SLOWEST]
    ]
    return "\n\n".join(
        (
            table([f"{len(figures):,} queries, CPU ms", "median", "p95", "p99", "longest"], rows),
            table(["the slowest", "ms", "characters of KQL", "of SQL"], slowest),
        )
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of the reference queries")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="take only every nth query")
    parser.add_argument("--json", action="store_true", help="raw figures instead of Markdown")
    options = parser.parse_args()
    if not options.corpus.is_dir():
        sys.exit(f"the corpus is not at {options.corpus}: name its folder with --corpus")
    print("inferring tables …", file=sys.stderr)
    chosen = list(queries(options.corpus, options.every))
    spare_collector()
    figures = measure(chosen, options.rounds)
    print(json.dumps([one._asdict() for one in figures], indent=2) if options.json else report(figures))


if __name__ == "__main__":
    main()
