"""What a filling spool changes: first bodies that nobody requires go, then calls that must be recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gatelog.gateway.journal import Journal
from gatelog.simulator import SimulatorThread
from gatelog.spool import Level

from .conftest import RunningGateway
from .raw_client import CHAT, HTTP, LOOSE, STRICT

CALLS: dict[Level, tuple[tuple[int, str], tuple[int, str]]] = {
    Level.OK: ((200, "required"), (200, "best_effort")),
    Level.WARN: ((200, "required"), (200, "best_effort")),
    Level.DEGRADE: ((200, "required"), (200, "metadata")),
    Level.REJECT: ((503, "required"), (200, "metadata")),
    Level.FAILED: ((503, "required"), (200, "metadata")),
}
"""(status, what is recorded) of a `required` call, and of a `best_effort` one."""


@pytest.mark.parametrize("level", Level)
def test_each_level_sheds_what_it_says(
    gateway: RunningGateway,
    simulator: SimulatorThread,
    chat: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    level: Level,
) -> None:
    monkeypatch.setattr(Journal, "level", property(lambda journal: level))
    answers = [HTTP.post(gateway.url + CHAT, json=chat, headers=key) for key in (STRICT, LOOSE)]
    gateway.stop()
    calls = gateway.calls()
    seen = [(answer.status_code, call.start.capture) for answer, call in zip(answers, calls, strict=True)]
    assert tuple(seen) == CALLS[level]
    for call in calls:
        has_body = call.start.capture != "metadata" and call.end is not None and call.end.status == 200
        assert bool(call.request and call.response) is has_body
    assert len(simulator.requests) == [status for status, _ in seen].count(200)
