"""T1: SIGKILL of gateway and hub at random instants, under load, 20 times. `make soak` runs it for hours."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatelog.testing.kills import Kills
from gatelog.testing.load import Load
from gatelog.testing.oracle import judge_stack
from gatelog.testing.stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CYCLES = 20
RATE = 100  # calls a second: half of the soak's, for machines that test other things meanwhile
END_REASONS = {"complete", "gateway_crash", "client_abort", "upstream_reset"}


def test_no_ended_call_is_lost_altered_or_doubled_by_twenty_kills(tmp_path: Path) -> None:
    with Stack(tmp_path) as stack:
        kills = Kills(stack, seed=20261121)
        with Load(stack.gateway_port, [stack.keys["team-a"]], rate=RATE) as load:
            for _ in range(CYCLES):
                kills.cycle(0.5, 2.5)
            before = len(load.obligations)
            wait_until(lambda: len(load.obligations) > before + RATE, "calls after the last kill", 30)
            # A busy machine takes longer to start a hub than the kills leave it: they may have seen none.
            wait_until(kills.look_at_account, "an account while calls come in", 60)
        ended = {seen.request_id for seen in load.obligations}
        wait_until(lambda: ended <= _stored(stack), "every ended call in the store", 60)

        verdict = judge_stack(stack, load.obligations, load.asked)
        assert verdict.passed, verdict
        assert verdict.rows >= len(load.obligations) > CYCLES * RATE / 2
        assert load.broken > 0, "no kill struck a call: this proves nothing"
        assert {row[0] for row in stack.kql("Calls | distinct EndReason")[1]} <= END_REASONS
        _assert_as_many_answers_as_the_simulators_gave(stack)
        wait_until(lambda: bool(stack.get("/completeness")["complete"]), "a complete account", 30)


def _stored(stack: Stack) -> set[str]:
    try:
        return {row[0] for row in stack.kql("Calls | project RequestId")[1]}
    except OSError:
        return set()  # the hub is starting again


def _assert_as_many_answers_as_the_simulators_gave(stack: Stack) -> None:
    stored = stack.scalar("Calls | where isnotempty(ResponseBody) and ResponseCode == 200 | count")
    assert 0 < stored <= len(stack.ledger())
