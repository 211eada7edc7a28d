"""Clients leave at 10,000 random bytes of bodies and streams: a record each, with text and tokens.

Of a stream that is cut at most one token, the one on its way, may be billed and not recorded.

python benchmarks/aborts.py --count 10000
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from gatelog.testing.aborts import ROWS, judge, leave_at_random_bytes
from gatelog.testing.kills import check_account
from gatelog.testing.stack import Stack, wait_until

LEDGER_WAIT_S = 30


def main() -> int:
    """Run; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatelog-aborts-") as directory, Stack(Path(directory)) as stack:
        calls = leave_at_random_bytes(
            stack.gateway_port, stack.keys["team-a"], count=arguments.count, seed=arguments.seed
        )
        aborts = asyncio.run(calls)
        stack.wait_recorded(arguments.count)
        asked = sum(abort.kind != "upload" for abort in aborts)
        wait_until(lambda: len(stack.ledger()) >= asked, "the simulators' ledgers", LEDGER_WAIT_S)
        verdict = judge(aborts, stack.kql(ROWS)[1], stack.ledger())
        check_account(stack.get("/completeness"))
    print(f"aborts: {'PASS' if verdict.passed else 'FAIL'}: {arguments.count} calls left: {verdict}")
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
