"""The same loads through each proxy, one after the other, in front of one upstream.

Rounds are interleaved (direct, nginx, Envoy, …, direct, nginx, …) and the median is taken, so that a slow
minute of the machine does not fall on one proxy alone. CPU is user plus system time of the proxy's processes
per finished call.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from certificates import Certificates
from environments import MissingError
from gatelog.testing.stack import free_port
from load import run_wrk
from processes import NotServingError, cpu_seconds
from proxies import Place, Proxy, serving, upstream
from steady import run_steady
from target import Target

DIRECT = "direct"
WARM_UP_S = 1.0
STREAM_S_MIN = 3.0  # streams that the end of the load cuts off cost CPU and do not count: more must end

Figures = dict[str, float]
Say = Callable[[str], None]


class Scenario(NamedTuple):
    """A load of wrk. With `close` each call comes on a connection of its own."""

    connections: int
    stream: bool = False
    close: bool = False


class Options(NamedTuple):
    """How long to measure."""

    seconds: float
    rounds: int
    rate: float
    steady_s: float


def present(proxies: Mapping[str, Proxy], say: Say) -> tuple[dict[str, Proxy], dict[str, str]]:
    """Those that this machine has or can install, and that start; and why not the others."""
    found, missing = {}, {}
    for name, proxy in proxies.items():
        say(f"{name}: is it there, and does it start?")
        try:
            _rehearse(proxy)
        except (MissingError, NotServingError) as error:
            missing[name] = str(error)
            say(f"{name} is left out: {error}")
        else:
            found[name] = proxy
    return found, missing


def _rehearse(proxy: Proxy) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Place(free_port(), free_port(), Path(name))  # nothing is sent: no upstream is needed
        with serving(proxy, place):
            pass


def compare(
    scenarios: Mapping[str, Scenario],
    proxies: Mapping[str, Proxy],
    options: Options,
    say: Say,
    certificates: Certificates | None = None,
) -> dict[str, dict[str, Figures]]:
    """Medians over the rounds: scenario → proxy (and "direct") → figures of `_measure`."""
    rounds: dict[str, dict[str, list[Figures]]] = {name: {} for name in scenarios}

    def measure_all(name: str, target: Target, pid: int | None, patience: int, directory: Path) -> None:
        for scenario, load in scenarios.items():
            figures = _measure(load, target, pid, options.seconds * patience, directory)
            rounds[scenario].setdefault(name, []).append(figures)
            say(
                f"round {len(rounds[scenario][name])} of {options.rounds}, {scenario}, {name}: "
                f"{figures['cpu_us']:,.0f} µs CPU, {figures['per_second']:,.0f}/s, "
                f"{figures['failed']:.0f} failed"
            )

    with (
        tempfile.TemporaryDirectory(prefix="gatelog-bench-") as name,
        upstream(Path(name), certificates) as direct,
    ):
        for _ in range(options.rounds):
            measure_all(DIRECT, direct, None, 1, Path(name))
            for title, proxy in proxies.items():
                with (
                    tempfile.TemporaryDirectory(dir=name) as own,
                    serving(proxy, Place(free_port(), direct.port, Path(own), certificates)) as (target, pid),
                ):
                    measure_all(title, target, pid, proxy.patience, Path(own))
    return {
        scenario: {name: _medians(entries) for name, entries in measured.items()}
        for scenario, measured in rounds.items()
    }


def hold(proxies: Mapping[str, Proxy], options: Options, say: Say) -> dict[str, Figures]:
    """Proxy (and "direct") → figures of a steady rate."""
    held: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="gatelog-bench-") as name, upstream(Path(name)) as direct:
        held[DIRECT] = _hold(direct, None, options.rate, options.steady_s)
        for title, proxy in proxies.items():
            with (
                tempfile.TemporaryDirectory(dir=name) as own,
                serving(proxy, Place(free_port(), direct.port, Path(own))) as (target, pid),
            ):
                say(f"{options.rate:,.0f} calls/s for {options.steady_s:g} s, {title} …")
                held[title] = _hold(target, pid, options.rate, options.steady_s)
    return held


def _hold(target: Target, pid: int | None, rate: float, seconds: float) -> Figures:
    with tempfile.TemporaryDirectory() as name:
        run_wrk(target, connections=1, seconds=WARM_UP_S, directory=Path(name))
    before = cpu_seconds(pid) if pid else 0.0
    steady = run_steady(target, rate=rate, seconds=seconds)
    spent = cpu_seconds(pid) - before if pid else 0.0
    return {
        **{name: float(value) for name, value in steady._asdict().items()},
        "cpu_us": spent / max(1, steady.answered) * 1e6,
    }


def _measure(scenario: Scenario, target: Target, pid: int | None, seconds: float, directory: Path) -> Figures:
    load = scenario._asdict()
    seconds = max(seconds, STREAM_S_MIN) if scenario.stream else seconds
    run_wrk(target, seconds=WARM_UP_S, directory=directory, **load)
    before = cpu_seconds(pid) if pid else 0.0
    result = run_wrk(target, seconds=seconds, directory=directory, **load)
    spent = cpu_seconds(pid) - before if pid else 0.0
    return {
        "cpu_us": spent / max(1, result.requests) * 1e6,
        "per_second": result.per_second,
        "p50_us": result.p50_us,
        "p99_us": result.p99_us,
        "calls": result.requests,
        "failed": result.bad_status + result.broken,
    }


def _medians(entries: list[Figures]) -> Figures:
    medians = {name: statistics.median(entry[name] for entry in entries) for name in entries[0]}
    return medians | {name: sum(entry[name] for entry in entries) for name in ("calls", "failed")}
