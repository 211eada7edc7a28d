"""All that `make bench` measures, as Markdown: proxies side by side, memory, TLS, outages, freshness, hub.

    python benchmarks/run.py [--quick] [--only hot,tls] [--rss-minutes 10] [--json FILE]

Progress goes to standard error, the report to standard output. The machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import freshness
import hot_path
import hub_cost
import memory
import outage
import tls
from environments import MissingError, system_program
from machine import describe, headline
from processes import NotServingError
from side_by_side import Options

RATE = 500.0
OUTAGE_RATE = 200.0
HUB_RATES = (50.0, 500.0)
STREAM_SHARE = 0.1

FAILURES = (AssertionError, OSError, NotServingError, subprocess.CalledProcessError)

Say = Callable[[str], None]


class Lengths(NamedTuple):
    """How long everything lasts: for figures to publish, or to see that it works."""

    seconds: float
    rounds: int
    steady_s: float
    rss_minutes: float
    outage_minutes: float
    calm_s: float
    hub_s: float


FULL = Lengths(seconds=8, rounds=3, steady_s=30, rss_minutes=10, outage_minutes=10, calm_s=30, hub_s=60)
QUICK = Lengths(seconds=1, rounds=1, steady_s=3, rss_minutes=0.1, outage_minutes=0.1, calm_s=5, hub_s=5)


class Section(NamedTuple):
    """One part of the report."""

    title: str
    collect: Callable[[Lengths, Say], Any]
    render: Callable[[Any], str]


def _options(lengths: Lengths) -> Options:
    return Options(lengths.seconds, lengths.rounds, RATE, lengths.steady_s)


def _outages(lengths: Lengths, say: Say) -> list[dict[str, Any]]:
    plans = [
        outage.Plan(dead, lengths.outage_minutes, OUTAGE_RATE, lengths.calm_s) for dead in ("store", "hub")
    ]
    return [outage.collect(plan, say) for plan in plans]


def _freshness(lengths: Lengths, say: Say) -> list[dict[str, Any]]:
    plans = [freshness.Plan(rate, lengths.hub_s, STREAM_SHARE) for rate in HUB_RATES]
    return [freshness.collect(plan, say) for plan in plans]


def _hub_cost(lengths: Lengths, say: Say) -> list[dict[str, Any]]:
    plans = [hub_cost.Plan(rate, lengths.hub_s, STREAM_SHARE) for rate in HUB_RATES]
    return [hub_cost.collect(plan, say) for plan in plans]


SECTIONS: Mapping[str, Section] = {
    "hot": Section(
        "The hot path", lambda lengths, say: hot_path.collect(_options(lengths), say), hot_path.render
    ),
    "memory": Section(
        "Memory over time", lambda lengths, say: memory.collect(lengths.rss_minutes, say), memory.render
    ),
    "tls": Section("TLS on both sides", lambda lengths, say: tls.collect(_options(lengths), say), tls.render),
    "outage": Section("The store, or the hub, away under load", _outages, outage.render),
    "freshness": Section("Freshness", _freshness, freshness.render),
    "hub": Section("The hub", _hub_cost, hub_cost.render),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds each, to see that it works")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--seconds", type=float, help="length of one load")
    parser.add_argument("--rounds", type=int, help="how often each proxy is measured")
    parser.add_argument("--rss-minutes", type=float, help="how long memory is watched")
    parser.add_argument("--steady-s", type=float, help=f"length of the open loop of {RATE:.0f} calls/s")
    parser.add_argument("--outage-minutes", type=float, help="length of one outage")
    parser.add_argument("--json", type=Path, help="write the raw figures here")
    return parser.parse_args()


def _lengths(arguments: argparse.Namespace) -> Lengths:
    chosen = {name: value for name, value in vars(arguments).items() if name in Lengths._fields}
    given = {name: value for name, value in chosen.items() if value is not None}
    return (QUICK if arguments.quick else FULL)._replace(**given)


def main() -> int:
    """Measure, write, print; 1 if a section could not be measured, 2 if nothing was tried."""
    arguments = _arguments()
    unknown = set(arguments.only.split(",")) - set(SECTIONS)
    if unknown:
        print(f"no section {', '.join(unknown)}: --only takes {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    try:
        system_program("wrk")
    except MissingError as missing:
        print(missing, file=sys.stderr)
        return 2
    return _run(arguments.only.split(","), _lengths(arguments), arguments.json)


def _run(names: Sequence[str], lengths: Lengths, path: Path | None) -> int:
    raw: dict[str, Any] = {"machine": describe(), "lengths": lengths._asdict()}
    print(f"{headline(raw['machine'])}\n", flush=True)
    for name in names:
        section = SECTIONS[name]
        print(f"## {section.title}\n", flush=True)
        try:
            raw[name] = section.collect(lengths, _progress)
        except FAILURES as error:  # the others may still be measured
            print(f"not measured: {type(error).__name__}: {error}\n", flush=True)
            continue
        print(f"{section.render(raw[name])}\n", flush=True)
        if path:  # after each section: hours of measuring are not lost to the last one
            path.write_text(json.dumps(raw, indent=1))
    return 0 if set(names) <= raw.keys() else 1


def _progress(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
