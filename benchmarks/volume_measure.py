"""What a filled store costs and how fast it answers: a table of sizes, one of queries, one of both at once.

python benchmarks/volume_measure.py --data /var/tmp/volume

Queries run as the hub runs them: KQL to SQL, the default budget; the first run of each, the best of the
others, and their processor time. Rows read are the engine's estimate after pruning (EXPLAIN ESTIMATE; 0 where
the index alone answers). Ingest beside queries goes into a second database of the same engine, which is
removed again.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import clickhouse_connect
from msgspec.structs import replace

from gatelog import kql
from gatelog.store import CATALOG, Store
from volume_calls import DAYS, START_NS, World

REPEATS = 5
SCRATCH = "volume_scratch"
BATCH = 1_000
"""Calls of an insert beside queries."""
NOW = datetime.fromtimestamp(START_NS / 1e9 + DAYS * 86_400, UTC)

USAGE = """ApiManagementGatewayLogs
| where tolower(OperationId) in ('completions_create','chatcompletions_create'){day}
| extend modelkey = substring(parse_json(BackendResponseBody)['model'], 0, indexof(parse_json(BackendResponseBody)['model'], '-', 0, -1, 2))
| extend model = tostring(parse_json(BackendResponseBody)['model'])
| extend prompttokens = parse_json(parse_json(BackendResponseBody)['usage'])['prompt_tokens']
| extend completiontokens = parse_json(parse_json(BackendResponseBody)['usage'])['completion_tokens']
| extend totaltokens = parse_json(parse_json(BackendResponseBody)['usage'])['total_tokens']
| extend ip = CallerIpAddress
| summarize sum(todecimal(prompttokens)), sum(todecimal(completiontokens)), sum(todecimal(totaltokens)),
    avg(todecimal(totaltokens)) by ip, model"""  # noqa: E501  # as published
DAY = "TimeGenerated between (datetime(2026-07-03) .. datetime(2026-07-03T23:59:59.9999999Z))"
WORDS = ("invoice", "Rechnung", "Größe", "müşteri", "客户", "56620")
PIECES = ("nvoic", "echnun", "röße", "şteri", "客户", "5662")

SIZES = """
SELECT part, sum(bytes) FROM
(
    SELECT multiIf(name IN ('request_body', 'response_body'), name,
                   name LIKE '%sha256', 'SHA-256 of both bodies',
                   name IN ('evidence', 'response_headers', 'request_headers', 'request_id', 'attempts',
                            'conversation_id', 'target', 'backend_url'), 'ids, headers, attempts, URLs',
                   name LIKE '%_ns' OR name = 'received', 'times', 'all other columns') AS part,
           data_compressed_bytes AS bytes
    FROM system.columns WHERE database = 'gatelog' AND table = 'calls'
    UNION ALL
    SELECT concat('index ', name), data_compressed_bytes
    FROM system.data_skipping_indices WHERE database = 'gatelog' AND table = 'calls'
)
GROUP BY part ORDER BY 2 DESC"""


class Timing(NamedTuple):
    """One query: ms of the first run, the best, the processors; rows of the answer, rows and parts read."""

    first_ms: float
    best_ms: float
    cpu_ms: float
    answer: int
    rows_read: int
    parts: int


def compiled(query: str) -> str:
    """The SQL of a query, as the hub would run it."""
    return kql.compile(query, CATALOG, now=NOW).sql


def timed(store: Store, query: str) -> Timing:
    """Run a query some times."""
    statement = compiled(query)
    times, processor, answer = [], [], 0
    for _ in range(REPEATS):
        start, start_cpu = time.perf_counter(), time.process_time()
        answer = len(store.run(statement).rows)
        times.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - start_cpu) * 1000)
    read = store.run(f"EXPLAIN ESTIMATE {statement}").rows
    rows, parts = sum(row[3] for row in read), sum(row[2] for row in read)
    return Timing(times[0], min(times[1:]), min(processor), answer, rows, parts)


def queries() -> Iterator[tuple[str, str]]:
    """The questions of the table: name and KQL."""
    yield "usage by address and model, all", USAGE.format(day="")
    yield "usage by address and model, a day", USAGE.format(day=f" and {DAY}")
    yield "count of a day", f"Calls | where {DAY} | count"
    columns = "TimeGenerated, RequestId, SubscriptionName, ModelName, ResponseCode, TotalTokens, DurationMs"
    yield "last 100, as listed", f"Calls | top 100 by TimeGenerated desc | project {columns}"
    yield "last 100, every column", "Calls | top 100 by TimeGenerated desc"
    yield (
        "one call by id",
        "let id = toscalar(Calls | take 1 | project RequestId); Calls | where RequestId == id",
    )
    for operator, needles in (("has", WORDS), ("contains", PIECES)):
        for needle in needles:
            for scope, where in (("a day", f"{DAY} and "), ("all", "")):
                yield (
                    f"prompts {operator} {needle}, {scope}",
                    f"Calls | where {where}RequestBody {operator} '{needle}' | count",
                )
    for scope, where in (("a day", f"{DAY} and "), ("all", "")):
        yield (
            f"prompts has Rechnung by team, {scope}",
            f"Calls | where {where}RequestBody has 'Rechnung'"
            " | summarize count(), sum(TotalTokens) by SubscriptionName",
        )
        yield f"prompts has two words, {scope}", f"Calls | where {where}RequestBody has 'error code' | count"
        yield f"answers has 56620, {scope}", f"Calls | where {where}ResponseBody has '56620' | count"
        yield f"answers has invoice, {scope}", f"Calls | where {where}ResponseBody has 'invoice' | count"


def print_sizes(store: Store) -> None:
    """Bytes on disk of a call, by part, beside its bodies."""
    calls, texts, wire = store.run(
        "SELECT count(), sum(length(request_body) + length(response_body)), sum(request_size + response_size)"
        " FROM calls"
    ).rows[0]
    disk, parts = store.run(
        "SELECT sum(bytes_on_disk), count() FROM system.parts"
        " WHERE active AND database = 'gatelog' AND table = 'calls'"
    ).rows[0]
    print(f"{calls:,} calls in {parts} parts")
    print(
        f"bytes a call: bodies as kept {texts / calls:,.0f}, as they came over the wire {wire / calls:,.0f}"
    )
    print("| part | bytes a call | % of the text |\n|---|---:|---:|")
    for part, size in store.run(SIZES).rows:
        print(f"| {part} | {size / calls:.1f} | {100 * size / texts:.1f} |")
    print(f"| **all, as on disk** | **{disk / calls:.0f}** | **{100 * disk / texts:.1f}** |")
    print(f"{100 * disk / wire:.1f} % of the bytes on the wire")


def print_queries(store: Store) -> None:
    """Each question: first and best time, what was read."""
    print("| question | first ms | best ms | CPU ms | rows of the answer | rows read | parts |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, query in queries():
        one = timed(store, query)
        times = f"{one.first_ms:.0f} | {one.best_ms:.0f} | {one.cpu_ms:.0f}"
        print(f"| {name} | {times} | {one.answer:,} | {one.rows_read:,} | {one.parts} |", flush=True)
    print(f"peak RSS {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def repeated(work: Callable[[], object], seconds: float) -> list[float]:
    """Seconds of each repetition within `seconds`."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def print_together(store: Store, dsn: str, seconds: float) -> None:
    """Ingest alone, a query alone, and both."""
    scratch = Store.open(dsn, database=SCRATCH)
    batch = World(10_000_000, "together").chunk(0)[:BATCH]
    boots = count(1)
    usage = compiled(USAGE.format(day=f" and {DAY}"))

    def insert() -> None:
        boot = f"boot-{next(boots)}"  # the store drops a batch that it has already
        scratch.insert([replace(each, id=replace(each.id, boot=boot)) for each in batch])

    ask = partial(store.run, usage)
    with ThreadPoolExecutor(2) as threads:
        alone = repeated(insert, seconds), repeated(ask, seconds)
        running = [threads.submit(repeated, work, seconds) for work in (insert, ask)]
        together = [each.result() for each in running]
    print("| | inserts, rows/s | usage of a day, median ms | slowest ms |\n|---|---:|---:|---:|")
    for name, (inserts, asked) in (("each alone", alone), ("both at once", together)):
        rate = BATCH * len(inserts) / sum(inserts)
        median, worst = statistics.median(asked) * 1000, max(asked) * 1000
        print(f"| {name} | {rate:,.0f} | {median:.0f} | {worst:.0f} |")
    scratch.close()
    client = clickhouse_connect.get_client(dsn=dsn, database="default")
    client.command(f"DROP DATABASE {SCRATCH} SYNC")
    client.close()


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10, help="of each row of the last table")
    arguments = parser.parse_args()
    dsn = f"chdb:///{arguments.data.resolve()}"
    store = Store.open(dsn)
    print_sizes(store)
    print_queries(store)
    print_together(store, dsn, arguments.seconds)
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
