"""How soon a finished call is visible: from the last byte its client saw to the first query that shows it.

    call ──► last byte ─────────────── freshness ───────────────┐
    query ──► answer, query ──► answer, query ──► answer that holds the call
                     └─ resolution ─┘

Queries go to the hub's API one after the other, as a dashboard would ask; their own duration is part of the
figure. python benchmarks/freshness.py [--seconds 60] [--rates 50,500]
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatelog.testing.load import Load, Obligation, percentile
from gatelog.testing.stack import Stack
from processes import cpu_seconds
from rates import Plan, Say, measure
from report import table

SETTLE_S = 5.0  # connections open, caches fill, the store has its first parts
PAUSE_S = 0.02  # between an answer and the next query
WINDOW_MARGIN_S = 1.0  # a query looks back so much further than the oldest call that is still unseen
UNSEEN_AFTER_S = 30.0  # a call that no query shows within this after the load has ended counts as unseen


class Watch:
    """Which calls have ended, and when a query first showed each. Times of the monotonic clock."""

    def __init__(self, stack: Stack, load: Load) -> None:
        self.took_s: list[float] = []
        self.answers_s: list[float] = []
        self._stack = stack
        self._load = load
        self._taken = 0
        self._shown_s: dict[str, float] = {}
        self._unseen: dict[str, Obligation] = {}
        self._wall_s = time.time() - time.monotonic()
        self._oldest_s = time.monotonic()

    @property
    def unseen(self) -> int:
        """Calls that ended and that no query has shown."""
        return len(self._unseen)

    def look(self) -> None:
        """Ask once, and settle what the answer shows."""
        since = datetime.fromtimestamp(self._oldest_s - WINDOW_MARGIN_S + self._wall_s, UTC).isoformat()
        _, rows = self._stack.kql(f"Calls | where TimeGenerated > datetime({since}) | project RequestId")
        now_s = time.monotonic()
        self.answers_s.append(now_s)
        for (request_id,) in rows:
            self._shown_s.setdefault(request_id, now_s)
        self._settle()

    def _settle(self) -> None:
        ended = self._load.obligations[self._taken :]
        self._taken += len(ended)
        self._unseen |= {call.request_id: call for call in ended}
        for request_id in self._unseen.keys() & self._shown_s.keys():
            call = self._unseen.pop(request_id)
            # a required call is on disk before its last byte leaves: it may be shown first
            self.took_s.append(max(0.0, self._shown_s[request_id] - call.asked_at_s - call.took_s))
        asked_s = (call.asked_at_s for call in self._unseen.values())
        self._oldest_s = min(asked_s, default=time.monotonic())


def collect(plan: Plan, say: Say) -> dict[str, Any]:
    """Raw figures of one rate."""
    with (
        tempfile.TemporaryDirectory(prefix="gatelog-freshness-") as directory,
        Stack(Path(directory)) as stack,
    ):
        say(f"{plan.rate:,.0f} calls/s for {plan.seconds:g} s …")
        hub = stack.wing("hub")
        keys = list(stack.keys.values())
        with Load(stack.gateway_port, keys, rate=plan.rate, stream_share=plan.stream_share) as load:
            time.sleep(SETTLE_S)
            load.obligations.clear()
            watch, began_s, cpu_s = Watch(stack, load), time.monotonic(), cpu_seconds(hub)
            while time.monotonic() - began_s < plan.seconds:
                watch.look()
                time.sleep(PAUSE_S)
            hub_cores = (cpu_seconds(hub) - cpu_s) / (time.monotonic() - began_s)
        _wait_for_the_rest(watch)
        return {"plan": plan._asdict(), "hub_cores": hub_cores, **_figures(watch), "skipped": load.skipped}


def _wait_for_the_rest(watch: Watch) -> None:
    deadline_s = time.monotonic() + UNSEEN_AFTER_S
    watch.look()
    while watch.unseen and time.monotonic() < deadline_s:
        time.sleep(PAUSE_S)
        watch.look()


def _figures(watch: Watch) -> dict[str, float]:
    gaps_s = [after - before for before, after in zip(watch.answers_s, watch.answers_s[1:], strict=False)]
    return {
        "calls": len(watch.took_s),
        "unseen": watch.unseen,
        "p50_ms": percentile(watch.took_s, 0.5) * 1e3,
        "p99_ms": percentile(watch.took_s, 0.99) * 1e3,
        "max_ms": max(watch.took_s, default=0.0) * 1e3,
        "resolution_p50_ms": percentile(gaps_s, 0.5) * 1e3,
        "resolution_p99_ms": percentile(gaps_s, 0.99) * 1e3,
    }


def render(runs: list[dict[str, Any]]) -> str:
    """One table, a row a rate."""
    headings = ["last byte → visible in KQL", "calls", "p50 ms", "p99 ms", "longest ms", "unseen"]
    headings += ["resolution p50 / p99 ms", "hub's cores"]
    return table(headings, [_row(run) for run in runs])


def _row(run: dict[str, Any]) -> list[str]:
    return [
        f"{run['plan']['rate']:,.0f} calls/s",
        f"{run['calls']:,}",
        *(f"{run[name]:,.0f}" for name in ("p50_ms", "p99_ms", "max_ms", "unseen")),
        f"{run['resolution_p50_ms']:,.0f} / {run['resolution_p99_ms']:,.0f}",
        f"{run['hub_cores']:.2f}",
    ]


if __name__ == "__main__":
    sys.exit(measure(__doc__, collect, render, seconds=60))
