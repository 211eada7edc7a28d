"""Clients that leave at random bytes of bodies and streams. `benchmarks/aborts.py` does it 10,000 times."""

from __future__ import annotations

import asyncio

import pytest

from gatelog.testing.aborts import ROWS, judge, leave_at_random_bytes
from gatelog.testing.stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

COUNT = 300


def test_every_abort_leaves_a_record_with_its_text_and_tokens(stack: Stack) -> None:
    aborts = asyncio.run(
        leave_at_random_bytes(stack.gateway_port, stack.keys["team-a"], count=COUNT, seed=2026)
    )
    stack.wait_recorded(COUNT)
    wait_until(lambda: len(stack.ledger()) >= 3 * COUNT // 4, "the simulators' ledgers", 10)
    verdict = judge(aborts, stack.kql(ROWS)[1], stack.ledger())
    assert verdict.passed, verdict
    assert verdict.cut > COUNT / 5
    _, rows = stack.kql("Calls | summarize count() by EndReason")
    assert set(dict(rows)) <= {"client_abort", "complete"}
    assert stack.get("/completeness")["complete"] is True
