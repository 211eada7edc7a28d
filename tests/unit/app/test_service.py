"""What stops a wing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from gatelog.app.service import stop_on_signals


@pytest.fixture(params=[signal.SIG_DFL, signal.SIG_IGN], ids=["from a terminal", "under nohup"])
def on_hangup(request: pytest.FixtureRequest) -> Iterator[signal.Handlers]:
    before = signal.signal(signal.SIGHUP, request.param)
    yield request.param
    signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_stops_what_was_not_started_to_outlive_it(on_hangup: signal.Handlers) -> None:
    async def hang_up_then_terminate() -> int:
        calls = 0
        terminated = asyncio.Event()

        def stop() -> None:
            nonlocal calls
            calls += 1

        stop_on_signals(stop)
        os.kill(os.getpid(), signal.SIGHUP)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(terminated.wait(), 10)
        return calls

    assert asyncio.run(hang_up_then_terminate()) == (0 if on_hangup is signal.SIG_IGN else 1)
