"""T12, T13, T15: a stop under load, many slow readers, two gateways on one directory."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatelog.testing.client import Answer, BrokenCallError, Connection, chat_request
from gatelog.testing.kills import check_account
from gatelog.testing.stack import CONFIGURATION, Stack, accepts, free_port, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

GRACE_S = 3
SHORT, ENDLESS = 100, 100
SLOW_READERS = 1_000
RESIDENT_BYTES_MAX = 512 * 2**20  # the memory that T13 grants

STACK = CONFIGURATION.replace("gateway: {{", f"gateway: {{{{grace_s: {GRACE_S}, ")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path, configuration=STACK) as running:
        yield running


def stream_request(stack: Stack, nonce: str, *, tokens: int, pace_ms: float) -> bytes:
    body = {
        "model": "gpt-4o",
        "user": nonce,
        "stream": True,
        "messages": [{"role": "user", "content": nonce}],
    }
    simulate = {"tokens_min": tokens, "tokens_max": tokens, "pace_ms": pace_ms}
    return chat_request(stack.keys["team-a"], body, simulate=simulate)


class Streams:
    """Streams on an event loop of their own."""

    def __init__(self, stack: Stack, requests: list[bytes], *, read: bool = True) -> None:
        self.connections: list[Connection] = []
        self.answers: list[Answer] = []
        self._port = stack.gateway_port
        self._requests = requests
        self._read = read
        self._leave = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Streams:
        self._thread.start()
        wait_until(lambda: len(self.begun) == len(self._requests), "every stream has begun", 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()

    @property
    def begun(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.answer.status]

    def wait(self) -> list[Answer]:
        """Until each has ended or was broken off."""
        self._thread.join()
        return self.answers

    async def _run(self) -> None:
        calls = []
        for request in self._requests:
            connection = await Connection.connect(self._port)
            self.connections.append(connection)
            calls.append(asyncio.create_task(connection.call(request)))
        if not self._read:
            await self._hold_still(calls)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BrokenCallError):
                self.answers.append(outcome.answer)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                self.answers.append(outcome)

    async def _hold_still(self, calls: list[asyncio.Task[Answer]]) -> None:
        """Read a head each, and then nothing, until told to leave."""
        still: set[Connection] = set()
        while not self._leave.is_set():
            for connection in set(self.begun) - still:
                connection.pause()
                still.add(connection)
            await asyncio.sleep(0.01)
        for connection in self.connections:
            connection.close()


def test_a_stop_lets_streams_finish_or_records_how_far_they_came(stack: Stack) -> None:
    """T12: half of 200 streams end within the grace time, the others are closed; exit 0, none is lost."""
    requests = [stream_request(stack, f"short-{n}", tokens=40, pace_ms=20) for n in range(SHORT)]
    requests += [stream_request(stack, f"endless-{n}", tokens=2_000, pace_ms=100) for n in range(ENDLESS)]
    with Streams(stack, requests) as streams:
        assert stack.stop() == 0
        assert not accepts(stack.gateway_port)
        answers = streams.wait()
    assert [answer.ended for answer in answers] == [True] * SHORT + [False] * ENDLESS
    assert all(b"data: [DONE]" in answer.body for answer in answers[:SHORT])
    assert not any(b"[DONE]" in answer.body for answer in answers[SHORT:])

    stack.start()
    _, rows = stack.kql(
        "Calls | project RequestId, EndReason,"
        " Text = tostring(parse_json(ResponseBody).choices[0].message.content)"
    )
    recorded = {row[0]: (row[1], row[2]) for row in rows}
    for answer in answers[:SHORT]:
        assert recorded[answer.request_id] == ("complete", answer.text)
    for answer in answers[SHORT:]:
        reason, text = recorded[answer.request_id]
        assert reason == "shutdown"
        assert text.startswith(answer.text)
        assert answer.text
    account = stack.get("/completeness")
    check_account(account)
    assert account["recorded"] == len(requests)


def test_a_thousand_slow_readers_are_bounded_in_memory_and_harm_nobody(stack: Stack) -> None:
    """T13: each holds a stream open and reads nothing; 512 MB are enough, other calls are served."""
    requests = [stream_request(stack, f"slow-{n}", tokens=150, pace_ms=20) for n in range(SLOW_READERS // 2)]
    # The other half goes to the other simulator: one gateway keeps 512 connections to a backend at most.
    key = stack.keys["team-b"].encode()
    requests += [request.replace(stack.keys["team-a"].encode(), key) for request in requests]
    gateway = stack.wing("gateway")
    with Streams(stack, requests, read=False):
        probe = chat_request(
            stack.keys["team-a"], {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
        )
        statuses = asyncio.run(_calls(stack.gateway_port, probe, 50))
        assert set(statuses) <= {200, 503}
        assert statuses.count(200) > 0
        assert resident_bytes(gateway) < RESIDENT_BYTES_MAX
    assert stack.wing("gateway") == gateway, "the gateway died"
    stack.wait_recorded(len(requests) + len(statuses))
    wait_until(lambda: stack.get("/completeness")["open"] == 0, "every call is settled", 30)
    check_account(stack.get("/completeness"))


async def _calls(port: int, request: bytes, count: int) -> list[int]:
    connection = await Connection.connect(port)
    statuses = [(await connection.call(request)).status for _ in range(count)]
    connection.close()
    return statuses


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_second_gateway_on_the_same_directory_is_refused_and_harms_nothing(stack: Stack) -> None:
    """T15: it ends with a message that names the directory; the first goes on."""
    second = stack.directory / "second.yaml"
    text = stack.config.read_text().replace(f":{stack.gateway_port}", f":{free_port()}")
    second.write_text(text)
    result = subprocess.run(
        [sys.executable, "-m", "gatelog", "gateway", "--config", str(second)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TEAM_A_KEY": stack.keys["team-a"], "TEAM_B_KEY": stack.keys["team-b"]},
    )
    assert result.returncode in (1, 2)
    assert "is written by another process" in result.stderr
    assert "spool/gateway-0" in result.stderr
    request = chat_request(
        stack.keys["team-a"], {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
    )
    assert asyncio.run(_calls(stack.gateway_port, request, 3)) == [200] * 3
    stack.wait_recorded(3)
