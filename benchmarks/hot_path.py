"""The table of the hot path: direct, nginx, Envoy, gatelog, Portkey, LiteLLM, plain HTTP."""

from __future__ import annotations

from typing import Any

from proxies import PROXIES
from report import NONE, failures, left_out, ms, pair, table
from side_by_side import DIRECT, Figures, Options, Say, Scenario, compare, hold, present

MANY, ONE, STREAMS = "JSON, 64 connections", "JSON, 1 connection", "200-chunk SSE, 32 connections"
SCENARIOS = {MANY: Scenario(64), ONE: Scenario(1), STREAMS: Scenario(32, stream=True)}
BASE = "nginx"


def collect(options: Options, say: Say) -> dict[str, Any]:
    """Raw figures."""
    proxies, missing = present(PROXIES, say)
    loads = compare(SCENARIOS, proxies, options, say)
    held = hold(proxies, options, say)
    return {"options": options._asdict(), "missing": missing, "loads": loads, "steady": held}


def render(raw: dict[str, Any]) -> str:
    """Two tables: calls and streams."""
    loads, held, options = raw["loads"], raw["steady"], Options(**raw["options"])
    headings = [
        "1 KB JSON; times in ms, p50 / p99",
        "CPU µs/call",
        f"× {BASE}",
        "calls/s",
        "added, 1 connection",
        "added, 64 connections",
        f"added, {options.rate:,.0f} calls/s",
    ]
    rows = [_calls_row(name, loads, held) for name in loads[MANY]]
    failed = {name: _failed(name, loads, held) for name in loads[MANY]}
    notes = [failures(failed), *_overloaded(held, options.rate)]
    return "\n\n".join(
        [table(headings, rows), streams(loads[STREAMS]), " ".join(notes) + left_out(raw["missing"])]
    )


def streams(measured: dict[str, Figures]) -> str:
    """The table of streams."""
    headings = [STREAMS, "CPU µs/stream", f"× {BASE}", "streams/s", "p50 / p99 ms"]
    rows = [
        [
            name,
            *_cpu(name, measured),
            f"{figures['per_second']:,.1f}",
            pair(figures["p50_us"], figures["p99_us"]),
        ]
        for name, figures in measured.items()
    ]
    return table(headings, rows)


def _calls_row(name: str, loads: dict[str, dict[str, Figures]], held: dict[str, Figures]) -> list[str]:
    many, one, steady = loads[MANY], loads[ONE], held[name]
    return [
        name,
        *_cpu(name, many),
        f"{many[name]['per_second']:,.0f}",
        added(name, one),
        added(name, many),
        added(name, held) if steady["kept"] else f"{steady['per_second']:,.0f}/s at most",
    ]


def added(name: str, measured: dict[str, Figures]) -> str:
    """Latency beyond that of no proxy; of no proxy, its own."""
    own, direct = measured[name], measured[DIRECT]
    if name == DIRECT:
        return f"({pair(own['p50_us'], own['p99_us'])})"
    return f"{ms(own['p50_us'] - direct['p50_us'])} / {ms(own['p99_us'] - direct['p99_us'])}"


def _cpu(name: str, measured: dict[str, Figures]) -> tuple[str, str]:
    if name == DIRECT:
        return NONE, NONE
    base = measured.get(BASE)
    cpu = measured[name]["cpu_us"]
    return f"{cpu:,.0f}", f"{cpu / base['cpu_us']:,.1f}" if base else NONE


def _failed(name: str, loads: dict[str, dict[str, Figures]], held: dict[str, Figures]) -> int:
    return int(sum(measured[name]["failed"] for measured in loads.values()) + held[name]["failed"])


def _overloaded(held: dict[str, Figures], rate: float) -> list[str]:
    return [
        f"{name} cannot keep {rate:,.0f} calls/s: it was stopped when it was 5 s behind."
        for name, figures in held.items()
        if not figures["kept"]
    ]
