"""The command line of what is measured at several rates of calls."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Say = Callable[[str], None]
Run = dict[str, Any]


class Plan(NamedTuple):
    """So many calls a second for so long; `stream_share` of them are streams."""

    rate: float
    seconds: float
    stream_share: float


def measure(
    about: str | None,
    collect: Callable[[Plan, Say], Run],
    render: Callable[[list[Run]], str],
    *,
    seconds: float,
) -> int:
    """Measure each rate that the command line names, and print the table. `seconds`: where it says none."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each rate")
    parser.add_argument("--rates", default="50,500", help="calls a second, separated by commas")
    parser.add_argument("--streams", type=float, default=0.1, help="share of streams, 0 to 1")
    parser.add_argument("--json", type=Path, help="write the raw figures here")
    arguments = parser.parse_args()
    plans = [Plan(float(rate), arguments.seconds, arguments.streams) for rate in arguments.rates.split(",")]
    runs = [collect(plan, lambda line: print(line, file=sys.stderr, flush=True)) for plan in plans]
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=1))
    print(render(runs))
    return 0
