"""The table of the hot path: the same load through each proxy, one after the other, in one run.

    python benchmarks/run.py [--seconds 8] [--rounds 3] [--json FILE]

CPU is user plus system time of the proxy's processes, divided by the calls that wrk finished; latencies are
those that wrk saw at the given number of connections. Rounds are interleaved (nginx, Envoy, …, nginx, …) and
the median is shown, so that a slow minute of the machine does not fall on one proxy alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gatelog.testing.stack import free_port
from load import cpu_seconds, resident_bytes, run_wrk
from proxies import PROXIES, running

SCENARIOS = {
    "1 KB JSON, 64 connections": {"stream": False, "connections": 64},
    "1 KB JSON, 1 connection": {"stream": False, "connections": 1},
    "200-chunk SSE, 32 connections": {"stream": True, "connections": 32},
}


@contextlib.contextmanager
def stack(name: str, upstream: int, directory: Path) -> Iterator[tuple[int, int] | None]:
    """One proxy in front of the upstream: (port, pid), or None where the machine lacks it."""
    port = free_port()
    command = PROXIES[name](port, upstream, directory)
    if command is None:
        yield None
        return
    with running(command, port, directory / "proxies.log") as pid:
        yield port, pid


def measure(port: int, pid: int, seconds: float, directory: Path, **load: Any) -> dict[str, float]:
    """One load against one proxy."""
    run_wrk(port, seconds=1, directory=directory, **load)
    before = cpu_seconds(pid)
    result = run_wrk(port, seconds=seconds, directory=directory, **load)
    spent = cpu_seconds(pid) - before
    return {
        "cpu_us": spent / max(1, result.requests) * 1e6,
        "per_second": result.per_second,
        "p50_us": result.p50_us,
        "p99_us": result.p99_us,
        "bad": result.bad_status + result.broken,
        "rss_mb": resident_bytes(pid) / 2**20,
    }


def collect(
    seconds: float, rounds: int, directory: Path, console: Console
) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Raw figures: scenario → proxy → one entry a round. The proxy "direct" is no proxy."""
    raw: dict[str, dict[str, list[dict[str, float]]]] = {scenario: {} for scenario in SCENARIOS}
    upstream = free_port()
    script = str(Path(__file__).with_name("upstream.py"))
    with running(
        [sys.executable, script, str(upstream)], upstream, directory / "upstream.log"
    ) as upstream_pid:
        for number in range(1, rounds + 1):
            for scenario, load in SCENARIOS.items():
                direct = measure(upstream, upstream_pid, seconds, directory, **load)
                raw[scenario].setdefault("direct", []).append(direct)
            for name in PROXIES:
                with stack(name, upstream, directory) as started:
                    if started is None:
                        console.print(f"{name}: not on this machine, left out")
                        continue
                    for scenario, load in SCENARIOS.items():
                        figures = measure(*started, seconds, directory, **load)
                        raw[scenario].setdefault(name, []).append(figures)
                        console.print(
                            f"round {number}, {scenario}, {name}: {figures['cpu_us']:.0f} µs CPU, "
                            f"{figures['per_second']:.0f}/s, {figures['bad']:.0f} bad"
                        )
    return raw


def median_of(entries: list[dict[str, float]], figure: str) -> float:
    return statistics.median(entry[figure] for entry in entries)


def show(raw: dict[str, dict[str, list[dict[str, float]]]], console: Console) -> None:
    """One table a scenario."""
    for scenario, proxies in raw.items():
        table = Table(title=scenario)
        for heading in (
            "",
            "CPU µs/call",
            "× nginx",
            "calls/s",
            "p50 ms",
            "added p50 ms",
            "p99 ms",
            "RSS MB",
            "bad",
        ):
            table.add_column(heading, justify="right" if heading else "left")
        base = median_of(proxies["nginx"], "cpu_us") if "nginx" in proxies else None
        direct_p50 = median_of(proxies["direct"], "p50_us")
        for name, entries in proxies.items():
            cpu = median_of(entries, "cpu_us")
            p50 = median_of(entries, "p50_us")
            proxied = name != "direct"
            table.add_row(
                name,
                f"{cpu:.0f}" if proxied else "–",
                f"{cpu / base:.1f}" if proxied and base else "–",
                f"{median_of(entries, 'per_second'):.0f}",
                f"{p50 / 1000:.2f}",
                f"{(p50 - direct_p50) / 1000:.2f}" if proxied else "–",
                f"{median_of(entries, 'p99_us') / 1000:.2f}",
                f"{median_of(entries, 'rss_mb'):.0f}" if proxied else "–",
                f"{sum(entry['bad'] for entry in entries):.0f}",
            )
        console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8, help="length of one load")
    parser.add_argument("--rounds", type=int, default=3, help="how often each proxy is measured")
    parser.add_argument("--json", type=Path, help="write the raw figures here")
    arguments = parser.parse_args()
    console = Console()
    if shutil.which("wrk") is None:
        console.print("wrk is missing: apt-get install wrk")
        return 2
    with tempfile.TemporaryDirectory(prefix="gatelog-bench-") as directory:
        raw = collect(arguments.seconds, arguments.rounds, Path(directory), console)
    if arguments.json:
        machine = {"python": platform.python_version(), "system": platform.platform()}
        arguments.json.write_text(json.dumps({"machine": machine, "raw": raw}, indent=1))
    show(raw, console)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
