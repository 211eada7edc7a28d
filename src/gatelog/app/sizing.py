"""What so many calls a month need: processors, memory, disk. Computed from measured costs; no I/O.

calls a month ──► calls/s, mean ──── × peak factor ──► calls/s, peak ──► cores
      └─ × bytes × days kept ──► store on disk         └ gateway + hub
"""

from __future__ import annotations

import math
from typing import NamedTuple

# Measured, each by the script named, as benchmarks/README.md has them: 2 cores (AMD EPYC), Python 3.11.

GATEWAY_S_PER_CALL = 120e-6
"""CPU seconds of the gateway for a JSON call of 1 KB, `required` (benchmarks/run.py --only hot)."""

GATEWAY_S_PER_STREAM = 3.6e-3
"""CPU seconds of the gateway for a stream of 200 chunks, `required` (benchmarks/run.py --only hot)."""

GATEWAY_BYTES = 60 * 2**20
"""Resident memory of a gateway process under load (benchmarks/run.py --only hot)."""

HUB_REST_CORES = 0.02
"""What the hub uses while there is nothing to do (benchmarks/hub_cost.py)."""

HUB_S_PER_INSERT = 18e-3
"""CPU seconds of one insert, its syncs and later merges, whatever its rows (benchmarks/hub_cost.py)."""

HUB_INSERTS_PER_S_MAX = 10.0
"""A batch waits at most a tenth of a second for company (`sinks.batch.AGE_S_MAX`)."""

HUB_S_PER_CALL = 0.45e-3
"""CPU seconds of the hub to read, seal and store a small call in a batch (benchmarks/hub_cost.py)."""

HUB_S_PER_BYTE = 46e-9
"""CPU seconds of the hub for a byte of a body: compression, text index (benchmarks/volume.py)."""

HUB_BYTES = 600 * 2**20
"""Resident memory of the hub while it stores and nobody asks (benchmarks/hub_cost.py)."""

QUESTION_BYTES_MAX = 2_048 * 2**20
"""Memory that one question may use (`store.Budget.memory_bytes`)."""

STORED_PER_RAW_BYTE = 0.32
"""Bytes on disk for a byte of a body's text, indexes of words included (benchmarks/volume_measure.py)."""

ROW_BYTES = 225.0
"""Bytes on disk of a call apart from its bodies (benchmarks/volume_measure.py)."""

SPOOL_BYTES_PER_CALL = 1_500.0
"""Bytes in the spool of a call apart from its bodies: the heads, addresses and times in its records."""

# Chosen.

SPOOL_HOURS = 24.0
"""The spool should hold what comes while the hub is away for a day."""

BUSY_SHARE_MAX = 0.7
"""Of the processors at the peak, of a disk when full: merges, restarts and bad days need the rest."""

QUESTIONS_AT_ONCE = 1
"""Questions that use their whole memory at the same time."""

MONTH_S = 30.4375 * 86_400
DAY_S = 86_400.0
CORES_MIN = 2
"""One for each wing."""


class Workload(NamedTuple):
    """What comes. `bytes_per_call`: its request and response body together; `stream_share`: 0 to 1."""

    calls_per_month: float
    bytes_per_call: float = 4_000.0
    stream_share: float = 0.5
    peak_factor: float = 10.0
    retention_days: int = 365
    body_retention_days: int = 90


class Size(NamedTuple):
    """What it needs. `gateway_cores`, `hub_cores`: busy at the peak. `cores`, `memory_bytes`, `disk_bytes`:
    what to provide. `hub_keeps_up`: one hub, which seals on one processor, stores as fast as calls come.
    """

    calls_per_second_mean: float
    calls_per_second_peak: float
    gateway_cores: float
    hub_cores: float
    cores: int
    gateway_processes: int
    memory_bytes: int
    rows_bytes: int
    bodies_bytes: int
    spool_bytes: int
    disk_bytes: int
    hub_keeps_up: bool


def size_of(work: Workload) -> Size:
    """The model."""
    mean = work.calls_per_month / MONTH_S
    peak = mean * work.peak_factor
    gateway, hub = _gateway_cores(work, peak), _hub_cores(work, peak)
    processes = max(1, math.ceil(gateway / BUSY_SHARE_MAX))
    rows, bodies, spool = _rows_bytes(work), _bodies_bytes(work), _spool_bytes(work)
    memory = processes * GATEWAY_BYTES + HUB_BYTES + QUESTIONS_AT_ONCE * QUESTION_BYTES_MAX
    return Size(
        calls_per_second_mean=mean,
        calls_per_second_peak=peak,
        gateway_cores=gateway,
        hub_cores=hub,
        cores=max(CORES_MIN, math.ceil((gateway + hub) / BUSY_SHARE_MAX)),
        gateway_processes=processes,
        memory_bytes=memory,
        rows_bytes=math.ceil(rows),
        bodies_bytes=math.ceil(bodies),
        spool_bytes=math.ceil(spool),
        disk_bytes=math.ceil((rows + bodies + spool) / BUSY_SHARE_MAX),
        hub_keeps_up=hub <= 1,
    )


def _gateway_cores(work: Workload, rate: float) -> float:
    streams = work.stream_share
    return rate * (streams * GATEWAY_S_PER_STREAM + (1 - streams) * GATEWAY_S_PER_CALL)


def _hub_cores(work: Workload, rate: float) -> float:
    inserts = min(rate, HUB_INSERTS_PER_S_MAX) * HUB_S_PER_INSERT
    return HUB_REST_CORES + inserts + rate * (HUB_S_PER_CALL + work.bytes_per_call * HUB_S_PER_BYTE)


def _calls_in(work: Workload, days: float) -> float:
    return work.calls_per_month / MONTH_S * DAY_S * days


def _rows_bytes(work: Workload) -> float:
    return _calls_in(work, work.retention_days) * ROW_BYTES


def _bodies_bytes(work: Workload) -> float:
    days = min(work.body_retention_days, work.retention_days)
    return _calls_in(work, days) * work.bytes_per_call * STORED_PER_RAW_BYTE


def _spool_bytes(work: Workload) -> float:
    return _calls_in(work, SPOOL_HOURS / 24) * (work.bytes_per_call + SPOOL_BYTES_PER_CALL)
