"""SIGKILL at random instants, and whether the account of the calls holds at every moment in between.

wait ─► kill gateway or hub, in turn ─► until the gateway accepts again, timed ─► wait …
  └─ /completeness, whenever the hub answers: nothing missing, nothing twice, the sums agree
"""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

from gatelog.testing.stack import Stack, accepts, wait_until

WINGS = ("gateway", "hub")
ACCEPTING_TIMEOUT_S = 60.0
_LOOK_INTERVAL_S = 0.2


class Kills:
    """Kills one wing after the other. Figures: how often, and how long until calls were accepted again."""

    def __init__(self, stack: Stack, *, seed: int) -> None:
        self.count = 0
        self.accepting_after_s: list[float] = []
        self.accounts_seen = 0
        self._stack = stack
        self._random = random.Random(seed)  # noqa: S311 - repeatable kills, no secret

    def cycle(self, least_s: float, most_s: float) -> None:
        """Let it run for a random time, with an eye on the account; then kill a wing and wait for its return.

        AssertionError if the account is not true, or the gateway does not come back.
        """
        until_s = time.monotonic() + self._random.uniform(least_s, most_s)
        while time.monotonic() < until_s:
            self.look_at_account()
            time.sleep(_LOOK_INTERVAL_S)
        wing = WINGS[self.count % len(WINGS)]
        self.count += 1
        with contextlib.suppress(ProcessLookupError):  # it has not been restarted yet
            self._stack.kill_wing(wing)
        if wing == "gateway":
            killed_s = time.monotonic()
            port = self._stack.gateway_port
            wait_until(lambda: not accepts(port), "the killed gateway is gone", ACCEPTING_TIMEOUT_S)
            wait_until(lambda: accepts(port), "the gateway accepts again", ACCEPTING_TIMEOUT_S)
            self.accepting_after_s.append(time.monotonic() - killed_s)

    def look_at_account(self) -> bool:
        """Judge the account as the hub gives it now; False if it is not there."""
        try:
            account = self._stack.get("/completeness")
        except OSError:
            return False  # the hub is starting again, or opens its store
        self.accounts_seen += 1
        check_account(account)
        return True


def check_account(account: dict[str, Any]) -> None:
    """accepted = recorded + unlogged + open, in sum and for each boot; nothing missing, nothing twice."""
    assert account["missing"] == 0, account
    assert account["duplicates"] == 0, account
    for boot in account["boots"]:
        assert boot["accepted"] == boot["recorded"] + sum(boot["unlogged"].values()) + boot["open"], boot
