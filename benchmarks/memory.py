"""Resident memory over minutes of steady calls: all proxies at the same time, each with a load of its own.

Side by side and not in turns: memory, unlike time, does not depend on who else runs, and ten minutes for all
replace an hour. Each gets the rate it can keep beside the others on two cores (`Proxy.steady_rate`).
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gatelog.testing.stack import free_port
from processes import resident_bytes
from proxies import PROXIES, Place, Proxy, serving, upstream
from report import left_out, table
from side_by_side import Figures, Say, present
from steady import Steady, run_steady
from target import Target

SAMPLE_S = 5.0
EARLY_S = 60.0  # caches and pools are full by then: growth after it would be a leak


def collect(minutes: float, say: Say) -> dict[str, Any]:
    """Raw figures: proxy → MiB at the start, early, at the end and at most, with the calls answered."""
    proxies, missing = present(PROXIES, say)
    say(f"steady calls to all of them for {minutes:g} min …")
    return {"minutes": minutes, "missing": missing, "memory": _hold_all(proxies, minutes * 60)}


def _hold_all(proxies: dict[str, Proxy], seconds: float) -> dict[str, Figures]:
    with ExitStack() as exits:
        directory = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="gatelog-memory-")))
        direct = exits.enter_context(upstream(directory))
        running: dict[str, _Watched] = {}
        for name, proxy in proxies.items():
            own = directory / str(len(running))
            own.mkdir()
            place = Place(free_port(), direct.port, own)
            running[name] = _Watched(proxy.steady_rate, seconds, *exits.enter_context(serving(proxy, place)))
        for watched in running.values():
            watched.start()
        return {name: watched.figures() for name, watched in running.items()}


class _Watched:
    """One proxy under its load; a thread waits for the generator's process and looks at the memory."""

    def __init__(self, rate: float, seconds: float, target: Target, pid: int) -> None:
        self._load = threading.Thread(target=self._run, args=(target, rate, seconds), daemon=True)
        self._watch = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._rate = rate
        self._samples = [resident_bytes(pid) / 2**20]
        self._steady: Steady | None = None

    def start(self) -> None:
        """Begin the load."""
        self._load.start()
        self._watch.start()

    def figures(self) -> Figures:
        """Wait for the end. ChildProcessError if the generator failed."""
        self._load.join()
        self._watch.join()
        if self._steady is None:
            raise ChildProcessError("the load generator failed")
        early = self._samples[min(len(self._samples) - 1, int(EARLY_S / SAMPLE_S))]
        return {
            "rate": self._rate,
            "answered": self._steady.answered,
            "failed": self._steady.failed,
            "start_mib": self._samples[0],
            "early_mib": early,
            "end_mib": self._samples[-1],
            "most_mib": max(self._samples),
        }

    def _run(self, target: Target, rate: float, seconds: float) -> None:
        self._steady = run_steady(target, rate=rate, seconds=seconds)

    def _look(self, pid: int) -> None:
        began_s = time.monotonic()
        while self._load.is_alive():
            due_s = began_s + len(self._samples) * SAMPLE_S
            self._load.join(max(0.0, due_s - time.monotonic()))
            self._samples.append(resident_bytes(pid) / 2**20)


def render(raw: dict[str, Any]) -> str:
    """One table."""
    headings = ["resident memory, MiB", "calls/s", "at start", "after 1 min"]
    headings += [f"after {raw['minutes']:g} min", "at most", "calls", "failed"]
    rows = [
        [
            name,
            f"{figures['rate']:,.0f}",
            *(f"{figures[when]:.1f}" for when in ("start_mib", "early_mib", "end_mib", "most_mib")),
            f"{figures['answered']:,.0f}",
            f"{figures['failed']:,.0f}",
        ]
        for name, figures in raw["memory"].items()
    ]
    return table(headings, rows) + left_out(raw["missing"])
