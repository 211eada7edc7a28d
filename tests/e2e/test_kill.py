"""SIGKILL of gateway and hub under load: every call whose end a client saw is in the store exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from gatelog.testing.stack import Stack, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CYCLES = 10
CLIENTS = 12
CALLS_BETWEEN_KILLS = 60


class Load:
    """Clients that call until told to stop; remembers every call whose end was seen."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.ended: list[str] = []
        self.asked = self.broken = 0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    async def _run(self) -> None:
        client = openai.AsyncOpenAI(
            base_url=f"{self._stack.gateway_url}/v1/",
            api_key=self._stack.keys["team-a"],
            max_retries=0,
            timeout=20,
        )
        async with client:
            await asyncio.gather(*(self._one_client(client, number) for number in range(CLIENTS)))

    async def _one_client(self, client: openai.AsyncOpenAI, number: int) -> None:
        while not self._stopping.is_set():
            self.asked += 1
            try:
                await self._call(client, stream=self.asked % 3 == 0, number=number)
            except openai.APIConnectionError:
                await asyncio.sleep(0.05)  # the gateway is starting again
            except (openai.APIError, httpx2.TransportError):
                self.broken += 1  # a stream cut by the kill: its end was not seen

    async def _call(self, client: openai.AsyncOpenAI, *, stream: bool, number: int) -> None:
        messages: Any = [{"role": "user", "content": f"call {self.asked} of {number}"}]
        if not stream:
            answer = await client.chat.completions.with_raw_response.create(model="gpt-4o", messages=messages)
            self.ended.append(answer.headers["x-gatelog-request-id"])
            return
        chunks = await client.chat.completions.create(
            model="gpt-4o",
            messages=messages,
            stream=True,
            extra_headers={"x-simulate": json.dumps({"pace_ms": 1})},
        )
        finished = False
        async for chunk in chunks:
            finished = finished or bool(chunk.choices and chunk.choices[0].finish_reason)
        if finished:
            self.ended.append(chunks.response.headers["x-gatelog-request-id"])


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    with Stack(tmp_path) as running:
        yield running


def test_no_ended_call_is_lost_or_doubled_by_ten_kills(stack: Stack) -> None:
    random.seed(20261121)
    with Load(stack) as load:
        for cycle in range(CYCLES):
            seen = len(load.ended)
            more = seen + random.randint(10, CALLS_BETWEEN_KILLS)
            wait_until(lambda more=more: len(load.ended) >= more, "calls between two kills", 60)  # type: ignore[misc]
            with contextlib.suppress(ProcessLookupError):  # not restarted yet
                stack.kill_wing("gateway" if cycle % 2 == 0 else "hub")
        after = len(load.ended) + CALLS_BETWEEN_KILLS
        wait_until(lambda: len(load.ended) >= after, "calls after the last kill", 60)
    wait_until(lambda: _all_stored(stack, load.ended), "every ended call in the store", 60)

    _, rows = stack.kql("Calls | summarize rows = count() by RequestId | where rows != 1")
    assert rows == [], "a call is in the store more than once"
    _, rows = stack.kql("Calls | summarize count() by EndReason")
    assert set(dict(rows)) <= {"complete", "gateway_crash", "client_abort", "upstream_reset"}
    _assert_no_ghosts(stack)
    wait_until(lambda: bool(stack.get("/completeness")["complete"]), "a complete account", 30)


def _all_stored(stack: Stack, ended: list[str]) -> bool:
    try:
        _, rows = stack.kql("Calls | project RequestId")
    except OSError:
        return False  # the hub is starting again
    return set(ended) <= {row[0] for row in rows}


def _assert_no_ghosts(stack: Stack) -> None:
    """Every stored answer of a backend is one that a simulator gave."""
    _, rows = stack.kql("Calls | where isnotempty(ResponseBody) and ResponseCode == 200 | count")
    assert 0 < rows[0][0] <= len(stack.ledger())
