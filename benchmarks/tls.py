"""The same with TLS 1.3 on both sides, the upstream's certificate verified: nginx, Envoy, gatelog."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from certificates import make_certificates
from hot_path import added
from proxies import PROXIES
from report import NONE, failures, left_out, table
from side_by_side import DIRECT, Options, Say, Scenario, compare, present

MANY, ONE, STREAMS, NEW = "64 connections", "1 connection", "200-chunk SSE", "a new connection each call"
SCENARIOS = {
    MANY: Scenario(64),
    ONE: Scenario(1),
    STREAMS: Scenario(32, stream=True),
    NEW: Scenario(16, close=True),
}
NAMES = ("nginx", "Envoy 1.40", "gatelog best_effort", "gatelog required")


def collect(options: Options, say: Say) -> dict[str, Any]:
    """Raw figures."""
    proxies, missing = present({name: PROXIES[name] for name in NAMES}, say)
    with tempfile.TemporaryDirectory(prefix="gatelog-tls-") as directory:
        loads = compare(SCENARIOS, proxies, options, say, make_certificates(Path(directory)))
    return {"options": options._asdict(), "missing": missing, "loads": loads}


def render(raw: dict[str, Any]) -> str:
    """One table."""
    loads = raw["loads"]
    headings = [
        "TLS on both sides; times in ms, p50 / p99",
        "CPU µs/call",
        "CPU µs/stream",
        "CPU µs/call, new connection each",
        "calls/s",
        "added, 1 connection",
        "added, 64 connections",
    ]
    rows = [
        [
            name,
            *(_cpu(name, loads[scenario]) for scenario in (MANY, STREAMS, NEW)),
            f"{loads[MANY][name]['per_second']:,.0f}",
            added(name, loads[ONE]),
            added(name, loads[MANY]),
        ]
        for name in loads[MANY]
    ]
    failed = {name: int(sum(measured[name]["failed"] for measured in loads.values())) for name in loads[MANY]}
    return table(headings, rows) + "\n\n" + failures(failed) + left_out(raw["missing"])


def _cpu(name: str, measured: dict[str, dict[str, float]]) -> str:
    return NONE if name == DIRECT else f"{measured[name]['cpu_us']:,.0f}"
