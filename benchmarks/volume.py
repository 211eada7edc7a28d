"""Fill a store with realistic calls through the hub's own insert: ten million in half an hour of one core.

python benchmarks/volume.py --calls 10000000 --data /var/tmp/volume

Deterministic by seed and resumable: it goes on after the last whole chunk in the store.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

from gatelog.store import Store
from volume_calls import CHUNK, World

BOOT = ("gateway-0", "volume")


def stored(store: Store) -> int:
    """Calls that a former run has stored: whole chunks."""
    highest = store.run("SELECT max(sequence) FROM calls").rows[0][0]
    return int(highest)


def fill(store: Store, world: World, first: int, last: int) -> None:
    """Insert the chunks first..last - 1, with a line of progress for every hundredth."""
    making = inserting = raw = 0.0
    started = time.perf_counter()
    for number in range(first, last):
        begin = time.perf_counter()
        chunk = world.chunk(number)
        made = time.perf_counter()
        store.insert(chunk)
        making += made - begin
        inserting += time.perf_counter() - made
        raw += sum(len(each.content.request.text) + len(each.content.response.text) for each in chunk)
        if number % 25 == 24 or number + 1 == last:
            done = (number + 1 - first) * CHUNK
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"{(number + 1) * CHUNK:>12,} calls  {time.perf_counter() - started:6.0f} s  "
                f"insert {done / inserting:8,.0f} rows/s {raw / inserting / 1e6:6.1f} MB/s  "
                f"(made in {making:.0f} s)  peak RSS {rss} MB",
                flush=True,
            )


def main() -> int:
    """Fill what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", default="gatelog")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    store = Store.open(f"chdb:///{arguments.data.resolve()}")
    world = World(arguments.calls, arguments.seed)
    fill(store, world, stored(store) // CHUNK, -(-arguments.calls // CHUNK))
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
