"""What a filled store costs and how fast it answers: a table of sizes, one of queries, one of metrics.

python benchmarks/volume_measure.py --data /var/tmp/volume

Queries run as the hub runs them: KQL to SQL, the default budget; the first run of each, the best of the
others, and their processor time. Rows read are the engine's estimate after pruning (EXPLAIN ESTIMATE; 0
where the index alone answers). Questions beside inserts: volume_together.py.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gatelog import kql
from gatelog.api.metrics import NAMESPACES
from gatelog.api.metrics.query import Accounts, compute
from gatelog.api.metrics.requests import read_metrics_request
from gatelog.api.principal import LOCAL
from gatelog.api.questions import Questions
from gatelog.model import SystemClock
from gatelog.store import CATALOG, Store
from volume_calls import DAYS, START_NS

REPEATS = 5
ENOUGH_S = 10
"""What takes longer is run twice."""
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
PHRASES = ("error code", "customer invoice", "für die", "müşteri sipariş", "of the")
PROMPTS = {
    "prompts": ("Calls", "RequestBody"),
    "messages": ("ApiManagementGatewayLlmLog", "RequestMessages"),
}


def _asked(names: str, timespan: str, interval: str, split: str = "") -> dict[str, str]:
    """The parameters of a metrics request."""
    return {"metricnames": names, "timespan": timespan, "interval": interval, "$filter": split}


LISTED = "TimeGenerated, RequestId, SubscriptionName, ModelName, ResponseCode, TotalTokens, DurationMs"

_DAY = "2026-07-03T00:00:00Z/2026-07-04T00:00:00Z"
_MONTH = "2026-07-01T00:00:00Z/2026-08-01T00:00:00Z"
_TWENTY = ",".join(metric.name for metric in NAMESPACES[0].metrics[:20])
_BY_DEPLOYMENT = "ModelDeploymentName eq '*'"
_SEVERAL = "AzureOpenAIRequests,TokenTransaction,AzureOpenAITimeToResponse"
METRICS = {
    "requests of a day by the minute": _asked("AzureOpenAIRequests", _DAY, "PT1M"),
    "three of a day by 5 minutes and deployment": _asked(_SEVERAL, _DAY, "PT5M", _BY_DEPLOYMENT),
    "requests of a month by the minute": _asked("AzureOpenAIRequests", _MONTH, "PT1M"),
    "three of a month by the hour and deployment": _asked(_SEVERAL, _MONTH, "PT1H", _BY_DEPLOYMENT),
    "twenty of a month by the hour": _asked(_TWENTY, _MONTH, "PT1H"),
}

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
        if len(times) > 1 and sum(times) > ENOUGH_S * 1000:
            break
    read = store.run(f"EXPLAIN ESTIMATE {statement}").rows
    rows, parts = sum(row[3] for row in read), sum(row[2] for row in read)
    return Timing(times[0], min(times[1:]), min(processor), answer, rows, parts)


def queries() -> Iterator[tuple[str, str]]:
    """The questions of the table: name and KQL."""
    yield "usage by address and model, all", USAGE.format(day="")
    yield "usage by address and model, a day", USAGE.format(day=f" and {DAY}")
    yield "count of a day", f"Calls | where {DAY} | count"
    yield "last 100, as listed", f"Calls | top 100 by TimeGenerated desc | project {LISTED}"
    yield "last 100, every column", "Calls | top 100 by TimeGenerated desc"
    yield (
        "one call by id",
        "let id = toscalar(Calls | take 1 | project RequestId); Calls | where RequestId == id",
    )
    for scope, where in (("a day", f"{DAY} and "), ("all", "")):
        for name, (table, column) in PROMPTS.items():
            for operator, needles in (("has", WORDS + PHRASES), ("contains", PIECES + PHRASES)):
                for needle in needles:
                    query = f"{table} | where {where}{column} {operator} '{needle}' | count"
                    yield f"{name} {operator} {needle}, {scope}", query
        yield (
            f"prompts has Rechnung by team, {scope}",
            f"Calls | where {where}RequestBody has 'Rechnung'"
            " | summarize count(), sum(TotalTokens) by SubscriptionName",
        )
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


def print_metrics(store: Store) -> None:
    """What the metrics API answers, from the request to the points of its answer."""
    questions = Questions(lambda: store, SystemClock())
    print("| metrics | first ms | best ms | CPU ms | series |\n|---|---:|---:|---:|---:|")
    for name, parameters in METRICS.items():
        request = read_metrics_request(parameters, NAMESPACES[0], NOW)
        times, processor, series = [], [], 0
        for _ in range(3):
            start, start_cpu = time.perf_counter(), time.process_time()
            found = compute(questions, LOCAL, request, Accounts(None, apart=False))
            times.append((time.perf_counter() - start) * 1000)
            processor.append((time.process_time() - start_cpu) * 1000)
            series = sum(len(each) for accounts in found.values() for each in accounts.values())
        one = f"{times[0]:.0f} | {min(times[1:]):.0f} | {min(processor):.0f}"
        print(f"| {name} | {one} | {series} |", flush=True)


def main() -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    store = Store.open(f"chdb:///{arguments.data.resolve()}")
    print_sizes(store)
    print_queries(store)
    print_metrics(store)
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
