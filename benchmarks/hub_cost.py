"""What the hub costs: at rest, and for each call that it seals and stores while nobody asks anything.

    rest ──► load ──► every call stored
    cores     CPU of hub and gateway per call, memory

python benchmarks/hub_cost.py [--seconds 30] [--rates 50,500]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from gatelog.testing.load import Load
from gatelog.testing.stack import Stack
from processes import cpu_seconds, resident_bytes
from rates import Plan, Say, measure
from report import table

SETTLE_S = 5.0  # the store has opened and merged what it found
STORED_TIMEOUT_S = 300.0


def collect(plan: Plan, say: Say) -> dict[str, Any]:
    """Raw figures of one rate."""
    with (
        tempfile.TemporaryDirectory(prefix="gatelog-hub-") as directory,
        Stack(Path(directory)) as stack,
    ):
        hub, gateway = stack.wing("hub"), stack.wing("gateway")
        time.sleep(SETTLE_S)
        say(f"at rest, then {plan.rate:,.0f} calls/s, {plan.seconds:g} s each …")
        rest = _Meter(hub, gateway)
        time.sleep(plan.seconds)
        rested = rest.read()
        rss_rest = resident_bytes(hub) / 2**20
        busy = _Meter(hub, gateway)
        with Load(
            stack.gateway_port, list(stack.keys.values()), rate=plan.rate, stream_share=plan.stream_share
        ) as load:
            time.sleep(plan.seconds)
        stack.wait_recorded(len(load.obligations), STORED_TIMEOUT_S)
        spent = busy.read()
        calls = len(load.obligations)
        return {
            "plan": plan._asdict(),
            "calls": calls,
            "hub_rest_cores": rested.hub_s / rested.wall_s,
            "gateway_rest_cores": rested.gateway_s / rested.wall_s,
            "hub_us": (spent.hub_s - rested.hub_s / rested.wall_s * spent.wall_s) / calls * 1e6,
            "gateway_us": spent.gateway_s / calls * 1e6,
            "hub_rest_mib": rss_rest,
            "hub_busy_mib": resident_bytes(hub) / 2**20,
        }


class _Spent(NamedTuple):
    wall_s: float
    hub_s: float
    gateway_s: float


class _Meter:
    """CPU and time since it was made."""

    def __init__(self, hub: int, gateway: int) -> None:
        self._pids = hub, gateway
        self._began = self._now()

    def _now(self) -> _Spent:
        hub, gateway = self._pids
        return _Spent(time.monotonic(), cpu_seconds(hub), cpu_seconds(gateway))

    def read(self) -> _Spent:
        return _Spent(*(now - then for now, then in zip(self._now(), self._began, strict=True)))


def render(runs: list[dict[str, Any]]) -> str:
    """One table, a row a rate."""
    headings = ["the hub, nobody asking", "calls", "hub's CPU µs/call, beyond rest", "at rest, cores"]
    headings += ["gateway's CPU µs/call", "hub's RSS MiB at rest → busy"]
    return table(headings, [_row(run) for run in runs])


def _row(run: dict[str, Any]) -> list[str]:
    plan = Plan(**run["plan"])
    return [
        f"{plan.rate:,.0f} calls/s, {plan.stream_share:.0%} streams",
        f"{run['calls']:,}",
        f"{run['hub_us']:,.0f}",
        f"{run['hub_rest_cores']:.3f}",
        f"{run['gateway_us']:,.0f}",
        f"{run['hub_rest_mib']:.0f} → {run['hub_busy_mib']:.0f}",
    ]


if __name__ == "__main__":
    sys.exit(measure(__doc__, collect, render, seconds=30))
