"""The store (or the whole hub) is dead for minutes under load, then back: what callers notice, and the drain.

    before ──► outage ──► back: drain, load going on ──► everything judged
    p99        p99, RSS    rows/s against calls/s         lost, altered, doubled, ghosts

python benchmarks/outage.py --minutes 10 [--dead hub]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from gatelog.testing.clickhouse_server import ClickHouseServer
from gatelog.testing.kills import check_account
from gatelog.testing.load import Load, percentile
from gatelog.testing.oracle import judge_stack
from gatelog.testing.stack import CONFIGURATION, Stack, wait_until
from load import resident_bytes

BEFORE_S = 20.0
SETTLE_S = 3.0  # connections open, caches fill
LAG_CALLS_MAX = 200  # rows behind the clients: nothing worth mentioning
DRAIN_TIMEOUT_S = 600.0


class Figures(NamedTuple):
    """What callers of JSON calls saw in one phase, and the gateway's resident memory at its end."""

    p50_ms: float
    p99_ms: float
    resident_mib: float

    def __str__(self) -> str:
        return f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, gateway {self.resident_mib:.0f} MiB"


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


def main() -> int:
    """Run; 0 if nothing was lost and the drain was fast enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the outage")
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    parser.add_argument("--dead", choices=["store", "hub"], default="store")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="gatelog-outage-") as directory,
        _place(arguments.dead, Path(directory)) as place,
    ):
        return _run(place, arguments)


def _run(place: Place, arguments: argparse.Namespace) -> int:
    stack = place.stack
    keys = list(stack.keys.values())
    with Load(stack.gateway_port, keys, rate=arguments.rate) as load:
        time.sleep(SETTLE_S)
        before = _phase(stack, load, BEFORE_S)
        print(f"before:  {before}", flush=True)
        place.die()
        during = _phase(stack, load, arguments.minutes * 60)
        print(f"outage:  {during}", flush=True)
        place.live()
        drain = _drain(stack, load)
        print(f"drain:   {drain:.0f} calls/s stored while {arguments.rate:.0f}/s come in", flush=True)
        after = _phase(stack, load, BEFORE_S)
        print(f"after:   {after}", flush=True)
    ended = len(load.obligations)
    wait_until(lambda: _count(stack) >= ended, "every call in the store", 60)
    verdict = judge_stack(stack, load.obligations, load.asked)
    check_account(stack.get("/completeness"))
    refused = sum(1 for seen in load.obligations if seen.status != 200) + load.broken + load.unreachable
    passed = verdict.passed and refused == 0 and drain >= 3 * arguments.rate
    slower, more_mib = during.p99_ms / before.p99_ms - 1, during.resident_mib - before.resident_mib
    print(
        f"outage: {'PASS' if passed else 'FAIL'}: {arguments.dead} dead for {arguments.minutes:g} min at "
        f"{arguments.rate:g}/s: {ended} calls, {refused} refused or broken, {verdict}; p99 "
        f"{slower:+.0%}, memory {more_mib:+.0f} MiB, "
        f"drain {drain / arguments.rate:.1f} times the input"
    )
    return 0 if passed else 1


def _phase(stack: Stack, load: Load, seconds: float) -> Figures:
    since_s = time.monotonic()
    time.sleep(seconds)
    took_ms = [seen.took_s * 1e3 for seen in load.answered(since_s) if not seen.stream]
    resident = resident_bytes(stack.wing("gateway")) / 2**20
    return Figures(percentile(took_ms, 0.5), percentile(took_ms, 0.99), resident)


def _drain(stack: Stack, load: Load) -> float:
    """Rows a second from the first row after the outage until the store has caught up."""
    first: list[tuple[float, int]] = []

    def caught_up() -> bool:
        rows = _count(stack)
        if rows and not first:
            first.append((time.monotonic(), rows))
        return rows >= len(load.obligations) - LAG_CALLS_MAX

    wait_until(caught_up, "the store has caught up", DRAIN_TIMEOUT_S)
    started_s, rows = first[0]
    return (_count(stack) - rows) / max(0.001, time.monotonic() - started_s)


def _count(stack: Stack) -> int:
    try:
        return int(stack.scalar("Calls | count"))
    except (OSError, AssertionError):
        return 0  # the store is still away


if __name__ == "__main__":
    sys.exit(main())
