"""Nothing is lost: hours of load and SIGKILLs, judged by what the clients saw. `make soak`.

    load (200 calls/s, 30 % streams) ──► gateway ──► hub     killed in turn, at random instants
       └ obligations ──── each window ───► rows of that time: lost? altered? doubled? never asked?

All calls are of a product with `capture: required`: only those promise that an answer seen is an answer
recorded. Prints a line a window and, last, one verdict. Exit 1 if a promise was broken. With `--no-kills`
it watches memory and descriptors instead. Longer: `make soak ARGS="--minutes 60"`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from gatelog.testing.kills import Kills, check_account
from gatelog.testing.load import Load, Obligation, percentile
from gatelog.testing.oracle import ROWS, Verdict, judge
from gatelog.testing.stack import Stack, wait_until
from processes import resident_bytes

WINDOW_S = 60.0
SETTLED_AFTER_S = 20.0  # a call asked before that has ended, and its row is visible, kills or not
MARGIN_S = 120.0  # longest time from a call's asking to its acceptance by the gateway, with room
ARRIVAL_S = 600.0  # beside other work a hub that was just killed drains slowly; late is not lost
ACCEPTING_AFTER_S = 3.0
KILL_AFTER_S = (3.0, 12.0)


def main() -> int:
    """Run; 0 if every promise was kept."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="gatelog-soak-") as directory, Stack(Path(directory)) as stack:
        return _soak(stack, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=200.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-kills", action="store_true")
    return parser.parse_args()


class Judge:
    """Settles obligations window by window and forgets them, so that hours fit into memory."""

    def __init__(self, stack: Stack, load: Load) -> None:
        self.calls = self.broken_promises = 0
        self.took_s: list[float] = []
        self._stack = stack
        self._load = load
        self._clock_offset_s = time.time() - time.monotonic()
        self._judged_until_s = time.monotonic()

    def window(self, *, until_s: float) -> None:
        """Judge all calls asked before `until_s` (monotonic) that no window has judged."""
        since_s, self._judged_until_s = self._judged_until_s, until_s
        due = [seen for seen in self._load.obligations if seen.asked_at_s < until_s]
        rows = self._rows(since_s - MARGIN_S, until_s + MARGIN_S, due)
        verdict = judge(due, self._load.asked, rows)
        self.calls += len(due)
        self.broken_promises += sum(
            map(len, (verdict.lost, verdict.altered, verdict.doubled, verdict.ghosts))
        )
        self.took_s = [seen.took_s for seen in due if not seen.stream]
        self._report(verdict, due)
        judged = {seen.nonce for seen in due}
        self._load.obligations[:] = [seen for seen in self._load.obligations if seen.nonce not in judged]

    def _rows(self, since_s: float, until_s: float, due: list[Obligation]) -> list[list[str]]:
        since, until = (
            f"unixtime_seconds_todatetime({s + self._clock_offset_s})" for s in (since_s, until_s)
        )
        query = ROWS.replace("Calls", f"Calls | where TimeGenerated between ({since} .. {until})", 1)
        found: list[list[str]] = []

        def all_there() -> bool:
            try:
                found[:] = self._stack.kql(query)[1]
            except OSError:
                return False  # the hub is starting again
            return {seen.request_id for seen in due} <= {row[1] for row in found}

        try:
            wait_until(all_there, "every ended call of the window in the store", ARRIVAL_S)
        except AssertionError:
            print("some calls did not arrive", file=sys.stderr)  # the verdict says which
        return found

    def _report(self, verdict: Verdict, due: list[Obligation]) -> None:
        p99_ms = percentile(self.took_s, 0.99) * 1e3
        print(f"{self.calls:>9} calls judged, {len(due)} now: {verdict}; p99 {p99_ms:.1f} ms", flush=True)
        for nonce in [*verdict.lost, *verdict.altered, *verdict.doubled, *verdict.ghosts][:10]:
            print(f"  broken promise: {nonce}", flush=True)


def _soak(stack: Stack, arguments: argparse.Namespace) -> int:
    kills = Kills(stack, seed=arguments.seed)
    end_s = time.monotonic() + arguments.minutes * 60
    before = _resources(stack)
    with Load(stack.gateway_port, [stack.keys["team-a"]], rate=arguments.rate, seed=arguments.seed) as load:
        oracle = Judge(stack, load)
        window_end_s = time.monotonic() + WINDOW_S
        while time.monotonic() < end_s:
            if arguments.no_kills:
                kills.look_at_account()
                time.sleep(1)
            else:
                kills.cycle(*KILL_AFTER_S)
            if time.monotonic() > window_end_s:
                window_end_s += WINDOW_S
                oracle.window(until_s=time.monotonic() - SETTLED_AFTER_S)
        after = _resources(stack) if arguments.no_kills else before
    oracle.window(until_s=time.monotonic())
    check_account(stack.get("/completeness"))
    return _verdict(oracle, load, kills, arguments, before, after)


def _resources(stack: Stack) -> dict[str, tuple[int, int]]:
    """Resident bytes and open descriptors of each wing."""
    wings = {name: stack.wing(name) for name in ("gateway", "hub")}
    return {
        name: (resident_bytes(pid), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))
        for name, pid in wings.items()
    }


def _verdict(
    oracle: Judge,
    load: Load,
    kills: Kills,
    arguments: argparse.Namespace,
    before: dict[str, tuple[int, int]],
    after: dict[str, tuple[int, int]],
) -> int:
    for name in before if arguments.no_kills else ():
        (rss, files), (rss_after, files_after) = before[name], after[name]
        print(f"{name}: resident {rss >> 20} → {rss_after >> 20} MiB, descriptors {files} → {files_after}")
    slowest_s = max(kills.accepting_after_s, default=0.0)
    passed = oracle.broken_promises == 0 and oracle.calls > 0 and slowest_s <= ACCEPTING_AFTER_S
    print(
        f"soak: {'PASS' if passed else 'FAIL'}: {oracle.calls} ended calls, {oracle.broken_promises} broken "
        f"promises, {kills.count} kills ({load.broken} calls cut, {load.unreachable} unreachable), accepting "
        f"again after {slowest_s:.2f} s at most, account true {kills.accounts_seen} times of "
        f"{kills.accounts_seen}, {arguments.minutes:g} min at {arguments.rate:g}/s, seed {arguments.seed}"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
