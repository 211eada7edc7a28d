"""T2, T3, T5, T6, T7, T11: power loss, torn writes, disk errors, a hanging disk, a jumping clock.

The disk is in memory and forgets what was not synced. The oracle is what clients were shown.
"""

from __future__ import annotations

import errno
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from gatelog.gateway import Gateway
from gatelog.model import Boot, EndRecord, RecordKind, Start
from gatelog.simulator import SimulatorThread
from gatelog.spool import SpoolReader, verify
from gatelog.testing.filesystem import MemoryFileSystem
from gatelog.testing.load import Load
from gatelog.testing.stack import wait_until

from .conftest import CONFIGURATION, RunningGateway
from .raw_client import HTTP

SMALL_SEGMENTS = "spool: {segment_bytes: 1MiB, capacity_bytes: 256MiB}\n"
CHAT = {"messages": [{"role": "user", "content": "What is the sea?"}]}


@pytest.fixture
def start(tmp_path: Path, simulator: SimulatorThread) -> Iterator[Callable[..., RunningGateway]]:
    """Starts a gateway with small segments on a disk; it ends with the test."""
    running: list[RunningGateway] = []

    def go(disk: MemoryFileSystem) -> RunningGateway:
        backends = f'  b0: {{kind: azure-openai, url: "{simulator.url}", api_key: "backend-key-1"}}'
        text = CONFIGURATION.format(data=tmp_path / "data", backends=backends, names="b0", timeouts="{}")
        gateway = RunningGateway(text + SMALL_SEGMENTS, tmp_path, disk)
        running.append(gateway.__enter__())
        return gateway

    yield go
    for gateway in running:
        gateway.stop()


def directory_of(disk: MemoryFileSystem) -> Path:
    [directory] = {path.parent for path in disk.paths() if path.suffix == ".seg"}
    return directory


def whole_calls(directory: Path, disk: MemoryFileSystem) -> set[str]:
    """Request ids of the calls with a Start and an End on a disk."""
    reader = SpoolReader(directory, filesystem=disk)
    starts: dict[int, str] = {}
    whole: set[str] = set()
    while batch := reader.read():
        for entry in batch:
            if entry.kind == RecordKind.START:
                record = msgspec.msgpack.decode(entry.payload, type=Start)
                starts[record.sequence] = record.request_id
            elif entry.kind == RecordKind.END:
                end = msgspec.msgpack.decode(entry.payload, type=EndRecord)
                if end.sequence in starts:
                    whole.add(starts[end.sequence])
    return whole


def post(gateway: RunningGateway, key: str) -> httpx2.Response:
    return HTTP.post(
        f"{gateway.url}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        json=CHAT,
        headers={"api-key": key},
        timeout=30,
    )


@pytest.mark.slow
def test_a_power_loss_at_any_instant_takes_no_call_whose_end_was_seen(start) -> None:
    """The power goes before a random operation of the disk, 60 times; sectors not synced survive or not."""
    disk = MemoryFileSystem()
    gateway = start(disk)
    chance = random.Random(2026)
    losses: list[tuple[set[str], MemoryFileSystem]] = []
    with Load(gateway.port, ["strict-key-1"], rate=150, pace_ms=1) as load:

        def before(operation: str, path: Path) -> None:
            if chance.random() < 0.1 and load.obligations:
                seen = {obligation.request_id for obligation in load.obligations}
                losses.append((seen, disk.crashed_copy(lambda: chance.random() < 0.5)))

        disk.before = before
        wait_until(lambda: len(losses) >= 60, "60 power losses", 60)
        disk.before = None
    directory = directory_of(disk)
    for seen, left in losses:
        assert seen <= whole_calls(directory, left)
    assert len(losses[-1][0]) > 100


def test_a_torn_write_costs_the_torn_record_only_and_is_noticed(start) -> None:
    """The last write of a gateway is cut at every byte."""
    disk = MemoryFileSystem()
    gateway = start(disk)
    first = {post(gateway, "strict-key-1").headers["x-gatelog-request-id"] for _ in range(2)}
    directory = directory_of(disk)
    [segment] = [path for path in map(directory.joinpath, disk.names(directory)) if path.suffix == ".seg"]
    before = bytes(disk.content(segment))
    last = post(gateway, "strict-key-1").headers["x-gatelog-request-id"]
    after = bytes(disk.content(segment))
    changed = [at for at in range(len(before)) if before[at] != after[at]]
    low, high = changed[0], changed[-1] + 1
    for cut in range(low, high):
        left = MemoryFileSystem()
        left.put(segment, after[:cut] + bytes(high + 64 - cut))
        found = whole_calls(directory, left)
        assert first <= found <= first | {last}
    assert last not in found, "the last byte of the last record is part of its proof"


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_one_disk_error_at_any_call_is_seen_by_nobody(start, operation: str) -> None:
    """T6: the n-th write or fdatasync fails, n = 1 to 50; the group is written anew, to another file."""
    disk = MemoryFileSystem()
    gateway = start(disk)
    ids: set[str] = set()
    for nth in range(1, 51):
        disk.fail(operation, errno.EIO, at=1 + nth % 4)
        answers = [post(gateway, "strict-key-1") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200], nth
        ids |= {answer.headers["x-gatelog-request-id"] for answer in answers}
    assert ids <= whole_calls(directory_of(disk), disk.durable_copy())
    assert disk.misuse == [], "a descriptor was used after its error"
    assert not verify(directory_of(disk), disk).damaged


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_while_the_disk_fails_just_the_unlogged_are_refused_and_it_heals(start, code: int) -> None:
    """T5, T6: `required` gets 503, `best_effort` is served and counted exactly; ≤ 5 s later all work."""
    disk = MemoryFileSystem()
    gateway = start(disk)
    assert post(gateway, "strict-key-1").status_code == 200
    for operation in ("write", "sync", "create", "allocate"):
        disk.fail(operation, code, times=1_000_000, name=".seg")
    strict = [post(gateway, "strict-key-1") for _ in range(20)]
    loose = [post(gateway, "loose-key-1") for _ in range(20)]
    assert {answer.status_code for answer in strict} == {503}
    assert all("capture_unavailable" in answer.text for answer in strict)
    assert {answer.status_code for answer in loose} == {200}

    disk.mend()
    mended_s = time.monotonic()
    wait_until(lambda: post(gateway, "strict-key-1").status_code == 200, "recording again", 5)
    assert time.monotonic() - mended_s < 5
    gateway.stop()
    account = gateway.account()
    recorded = whole_calls(directory_of(disk), disk)
    assert account.accepted == account.recorded + account.unlogged_total
    assert account.recorded == len(recorded)
    assert not {answer.headers["x-gatelog-request-id"] for answer in loose} & recorded
    assert account.unlogged_total >= len(strict) + len(loose)


def test_a_gateway_that_starts_on_a_failing_disk_names_itself_before_its_first_call(start) -> None:
    """Without its Boot record nobody could say whose calls these are, and no account would count them."""
    disk = MemoryFileSystem()
    disk.fail("write", errno.EIO, times=1_000_000, name=".seg")
    gateway = start(disk)
    assert post(gateway, "strict-key-1").status_code == 503
    disk.mend()
    wait_until(lambda: post(gateway, "strict-key-1").status_code == 200, "recording again", 5)
    gateway.stop()
    records = gateway.records()
    assert [type(record) for record in records].count(Boot) == 1
    assert isinstance(records[0], Boot)


def test_a_disk_that_hangs_stops_neither_best_effort_calls_nor_the_event_loop(start) -> None:
    """T7: nothing in the gateway waits for the disk but the calls that must."""
    disk = MemoryFileSystem()
    gateway = start(disk)
    post(gateway, "strict-key-1")
    hangs, goes_on = threading.Event(), threading.Event()

    def before(operation: str, path: Path) -> None:
        if operation == "sync":
            hangs.set()
            goes_on.wait(30)

    disk.before = before
    answer: list[httpx2.Response] = []
    strict = threading.Thread(target=lambda: answer.append(post(gateway, "strict-key-1")))
    strict.start()
    assert hangs.wait(10)
    assert [post(gateway, "loose-key-1").status_code for _ in range(20)] == [200] * 20
    assert HTTP.get(f"{gateway.url}/healthz").status_code == 200
    assert not answer, "a required call was answered before its record was durable"
    disk.before = None
    goes_on.set()
    strict.join(30)
    assert answer[0].status_code == 200


class JumpingClock:
    """The wall clock is set an hour forth or back at every look; the monotonic clock is not."""

    def __init__(self) -> None:
        self._chance = random.Random(7)

    def now_ns(self) -> int:
        return time.time_ns() + self._chance.randint(-3600, 3600) * 1_000_000_000

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


def test_a_clock_that_jumps_by_hours_leaves_order_and_durations_alone(start, monkeypatch) -> None:
    """T11: sequences are the order; every duration comes from the monotonic clock."""
    build = Gateway.__init__
    monkeypatch.setattr(
        Gateway,
        "__init__",
        lambda self, *args, **options: build(self, *args, clock=JumpingClock(), **options),
    )
    gateway = start(MemoryFileSystem())
    ids = [post(gateway, "strict-key-1").headers["x-gatelog-request-id"] for _ in range(30)]
    gateway.stop()
    calls = gateway.calls()
    assert [call.start.request_id for call in calls] == ids
    received = [call.start.received_at_ns for call in calls]
    assert received != sorted(received), "the clock did jump"
    for call in calls:
        assert call.end is not None
        steps = [
            call.end.request_complete_ns,
            call.end.sent_ns,
            call.end.first_byte_ns,
            call.end.last_byte_ns,
            call.end.done_ns,
        ]
        assert 0 < steps[0] <= steps[-1] < 30e9
        assert steps == sorted(steps)
    assert gateway.account().recorded == 30
