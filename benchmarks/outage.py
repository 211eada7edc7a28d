"""The store (or the whole hub) is dead for minutes under load, then back: what callers notice, and the drain.

    before ──► outage ──► back: drain, load going on ──► after ──► everything judged
    p50, p99   memory      rows/s against calls/s                  lost, altered, doubled, ghosts

python benchmarks/outage.py --minutes 10 [--dead hub]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.kills import check_account
from gatelog.testing.load import Load, percentile
from gatelog.testing.oracle import judge_stack
from gatelog.testing.stack import CONFIGURATION, Stack, wait_until
from processes import resident_bytes
from report import NONE, table

SETTLE_S = 3.0  # connections open, caches fill
LAG_CALLS_MAX = 200  # rows behind the clients: nothing worth mentioning
DRAIN_TIMEOUT_S = 600.0
DRAIN_GOAL = 3.0  # times the input
BEFORE, DURING, AFTER = PHASES = ("before", "during", "after")

Say = Callable[[str], None]


class Plan(NamedTuple):
    """What dies, how long, under how many calls a second; `calm_s`: time measured before and after."""

    dead: str
    minutes: float
    rate: float
    calm_s: float


class Place(NamedTuple):
    """A stack, and how to take its store (or hub) away and give it back."""

    stack: Stack
    die: Callable[[], object]
    live: Callable[[], object]


@contextmanager
def _place(dead: str, directory: Path) -> Iterator[Place]:
    with ExitStack() as exits:
        if dead == "store":
            server = exits.enter_context(ClickHouseServer(directory / "store"))
            configuration = f'{CONFIGURATION}store: {{{{dsn: "{server.dsn}"}}}}\n'
            stack = exits.enter_context(Stack(directory, configuration=configuration))
            yield Place(stack, server.kill, server.__enter__)
        else:
            stack = exits.enter_context(Stack(directory))
            hub = stack.wing("hub")
            yield Place(stack, lambda: os.kill(hub, signal.SIGSTOP), lambda: os.kill(hub, signal.SIGCONT))


def collect(plan: Plan, say: Say) -> dict[str, Any]:
    """Raw figures of one outage. AssertionError if the account is not true."""
    with (
        tempfile.TemporaryDirectory(prefix="gatelog-outage-") as directory,
        _place(plan.dead, Path(directory)) as place,
    ):
        keys = list(place.stack.keys.values())
        with Load(place.stack.gateway_port, keys, rate=plan.rate) as load:
            phases, drain = _phases(place, load, plan, say)
        return {"plan": plan._asdict(), "phases": phases, "drain": drain, **_judged(place.stack, load)}


def _phases(place: Place, load: Load, plan: Plan, say: Say) -> tuple[dict[str, Any], dict[str, float]]:
    time.sleep(SETTLE_S)
    phases = {BEFORE: _phase(place.stack, load, plan.calm_s)}
    say(f"the {plan.dead} dies, for {plan.minutes:g} min …")
    place.die()
    phases[DURING] = _phase(place.stack, load, plan.minutes * 60)
    say(f"the {plan.dead} is back …")
    place.live()
    drain = _drain(place.stack, load)
    say(f"drained at {drain['per_second']:,.0f} calls/s while {plan.rate:,.0f}/s came in …")
    phases[AFTER] = _phase(place.stack, load, plan.calm_s)
    return phases, drain


def _phase(stack: Stack, load: Load, seconds: float) -> dict[str, float]:
    """What callers of JSON calls saw for so long, and the gateway's resident memory at its end."""
    since_s = time.monotonic()
    time.sleep(seconds)
    took_ms = [seen.took_s * 1e3 for seen in load.answered(since_s) if not seen.stream]
    return {
        "p50_ms": percentile(took_ms, 0.5),
        "p99_ms": percentile(took_ms, 0.99),
        "gateway_mib": resident_bytes(stack.wing("gateway")) / 2**20,
        "hub_mib": resident_bytes(stack.wing("hub")) / 2**20,
    }


def _drain(stack: Stack, load: Load) -> dict[str, float]:
    """Rows a second from the first row after the outage until the store has caught up."""
    first: list[tuple[float, int]] = []

    def caught_up() -> bool:
        rows = _count(stack)
        if rows and not first:
            first.append((time.monotonic(), rows))
        return rows >= len(load.obligations) - LAG_CALLS_MAX

    wait_until(caught_up, "the store has caught up", DRAIN_TIMEOUT_S)
    started_s, rows = first[0]
    took_s = max(0.001, time.monotonic() - started_s)
    return {"seconds": took_s, "per_second": (_count(stack) - rows) / took_s}


def _count(stack: Stack) -> int:
    try:
        return int(stack.scalar("Calls | count"))
    except (OSError, AssertionError):
        return 0  # the store is still away


def _judged(stack: Stack, load: Load) -> dict[str, Any]:
    ended = len(load.obligations)
    wait_until(lambda: _count(stack) >= ended, "every call in the store", 60)
    verdict = judge_stack(stack, load.obligations, load.asked)
    check_account(stack.get("/completeness"))
    refused = sum(1 for seen in load.obligations if seen.status != 200) + load.broken + load.unreachable
    kept = verdict.passed and refused == 0
    return {"calls": ended, "refused": refused, "verdict": str(verdict), "kept": kept}


def render(outages: list[dict[str, Any]]) -> str:
    """One table, a row an outage."""
    headings = ["away", "calls/s", *(f"p50 / p99 ms {phase}" for phase in PHASES), "gateway MiB", "drain"]
    headings += ["calls", "refused or broken", "judged"]
    return table(headings, [_row(outage) for outage in outages])


def _row(outage: dict[str, Any]) -> list[str]:
    plan, phases = Plan(**outage["plan"]), outage["phases"]
    latencies = [f"{phases[phase]['p50_ms']:.2f} / {phases[phase]['p99_ms']:.2f}" for phase in PHASES]
    memory = " → ".join(f"{phases[phase]['gateway_mib']:.0f}" for phase in PHASES)
    drain = outage["drain"]["per_second"]
    return [
        f"{plan.dead}, {plan.minutes:g} min",
        f"{plan.rate:,.0f}",
        *latencies,
        memory,
        f"{drain:,.0f}/s = {drain / plan.rate:.1f} × input",
        f"{outage['calls']:,}",
        f"{outage['refused']:,}",
        outage["verdict"] or NONE,
    ]


def main() -> int:
    """Run; 0 if nothing was lost and the drain was fast enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the outage")
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    parser.add_argument("--dead", choices=["store", "hub"], default="store")
    parser.add_argument("--json", type=Path, help="write the raw figures here")
    arguments = parser.parse_args()
    plan = Plan(arguments.dead, arguments.minutes, arguments.rate, calm_s=20.0)
    outage = collect(plan, lambda line: print(line, file=sys.stderr, flush=True))
    if arguments.json:
        arguments.json.write_text(json.dumps(outage, indent=1))
    passed = outage["kept"] and outage["drain"]["per_second"] >= DRAIN_GOAL * plan.rate
    print(f"{render([outage])}\n\noutage: {'PASS' if passed else 'FAIL'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
