"""Inserts and questions at once, in one store of millions of calls: does either make the other wait?

python benchmarks/volume_together.py --data /var/tmp/volume

Three rounds of the same length: inserts alone, questions alone, both, each from a thread of its own as in
the hub. Inserts are of a thousand calls and go into the day after the last, which is dropped at the end.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import clickhouse_connect
from msgspec.structs import replace

from gatelog.model import Exchange
from gatelog.store import Store
from volume_calls import DAYS, START_NS, World
from volume_measure import DAY, LISTED, NOW, USAGE, compiled

BATCH = 1_000
"""Calls of an insert."""

DAY_NS = 86_400 * 10**9

QUESTIONS = {
    "usage of a day": USAGE.format(day=f" and {DAY}"),
    "prompts `has` a word, all": "Calls | where RequestBody has 'Rechnung' | count",
    "last 100, as listed": f"Calls | top 100 by TimeGenerated desc | project {LISTED}",
}


class Round(NamedTuple):
    """Seconds of each insert, and of each question by its name; `seconds` all of it took."""

    inserts: Sequence[float]
    asked: Mapping[str, Sequence[float]]
    seconds: float


class Inserts:
    """Batches that the store has not seen, of the day after the last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boots = count(1)
        self._run = time.time_ns()
        self._batch = [_moved(each) for each in World(10_000_000, "together").chunk(0)[:BATCH]]

    def insert(self) -> None:
        """One of them."""
        boot = f"together-{self._run}-{next(self._boots)}"
        self._store.insert([replace(each, id=replace(each.id, boot=boot)) for each in self._batch])


def _moved(exchange: Exchange) -> Exchange:
    within_day = exchange.timing.received_at_ns % DAY_NS
    at = START_NS - START_NS % DAY_NS + DAYS * DAY_NS + within_day
    return replace(exchange, timing=replace(exchange.timing, received_at_ns=at))


def repeated(works: Sequence[Callable[[], object]], until: float) -> list[list[float]]:
    """Seconds of each run of each work, in turns."""
    times: list[list[float]] = [[] for _ in works]
    while time.perf_counter() < until:
        for work, own in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            own.append(time.perf_counter() - start)
    return times


def measured(store: Store, seconds: float, *, inserting: bool, asking: bool) -> Round:
    """One round."""
    insert = Inserts(store).insert
    statements = [compiled(query) for query in QUESTIONS.values()]
    asks: list[Callable[[], object]] = [lambda sql=sql: store.run(sql) for sql in statements]  # type: ignore[misc]
    start = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        inserted = threads.submit(repeated, [insert] if inserting else [], start + seconds * inserting)
        asked = threads.submit(repeated, asks if asking else [], start + seconds * asking)
        inserts = inserted.result()
        times = asked.result()
    by_name = dict(zip(QUESTIONS, times, strict=True)) if asking else {}
    return Round(inserts[0] if inserting else [], by_name, time.perf_counter() - start)


def _percentiles(times: Sequence[float]) -> str:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{ordered[len(ordered) // 2] * 1000:,.0f} / {p99 * 1000:,.0f} ({len(ordered)})"


def _lines(inserts: Round, questions: Round, both: Round) -> Iterator[str]:
    yield "| | alone | beside the other |\n|---|---:|---:|"
    rates = (f"{BATCH * len(each.inserts) / sum(each.inserts):,.0f}" for each in (inserts, both))
    yield f"| inserts, rows/s | {' | '.join(rates)} |"
    rounds = (_percentiles(each.inserts) for each in (inserts, both))
    yield f"| an insert of {BATCH:,}, median / p99 ms (times) | {' | '.join(rounds)} |"
    for name in QUESTIONS:
        asked = (_percentiles(each.asked[name]) for each in (questions, both))
        yield f"| {name}, median / p99 ms (times) | {' | '.join(asked)} |"


def drop_day_after(dsn: str) -> None:
    """Remove what was inserted."""
    day: datetime = NOW + timedelta(seconds=1)
    client = clickhouse_connect.get_client(dsn=dsn, database="gatelog")
    client.command(f"ALTER TABLE calls DROP PARTITION '{day.date().isoformat()}'")
    client.close()


def main() -> int:
    """Measure the three rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=30, help="of each round")
    arguments = parser.parse_args()
    dsn = f"chdb:///{arguments.data.resolve()}"
    store = Store.open(dsn)
    try:
        measured(store, 3, inserting=True, asking=True)  # caches warm
        inserts = measured(store, arguments.seconds, inserting=True, asking=False)
        questions = measured(store, arguments.seconds, inserting=False, asking=True)
        both = measured(store, arguments.seconds, inserting=True, asking=True)
        print("\n".join(_lines(inserts, questions, both)))
    finally:
        drop_day_after(dsn)
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
