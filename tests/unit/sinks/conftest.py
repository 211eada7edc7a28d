"""A spool, a sink in memory that can fail in every way, and a clock of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatelog.errors import StoreUnavailableError
from gatelog.model import Account, Boot, Exchange, RangeSet, Record
from gatelog.provider import Tokenizers
from gatelog.sinks import Forwarder
from gatelog.spool import SpoolWriter
from gatelog.store import BootKey, BootRow, SpoolBoot


class TestClock:
    """Time that passes when told to."""

    __test__ = False

    def __init__(self) -> None:
        self.ns = 1_790_000_100_000_000_000

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


class MemorySink:
    """Keeps rows in a list. `faults` are taken one an operation: called before and after what is stored."""

    name = "memory"

    def __init__(self) -> None:
        self.rows: list[Exchange] = []
        self.known_boots: dict[BootKey, BootRow] = {}
        self.accounts: list[tuple[BootKey, Account, int]] = []
        self.unlogged: dict[tuple[BootKey, str], RangeSet] = {}
        self.refuses: Callable[[Sequence[Exchange]], None] = lambda exchanges: None
        self.faults: Iterator[str] = iter(())

    def _operation(self) -> str:
        fault = next(self.faults, "none")
        if fault == "before":
            raise StoreUnavailableError("away")
        return fault

    def insert(self, exchanges: Sequence[Exchange]) -> None:
        fault = self._operation()
        self.refuses(exchanges)
        stored = len(exchanges) // 2 if fault == "half" else len(exchanges)
        self.rows.extend(exchanges[:stored])
        if fault in ("after", "half"):
            raise StoreUnavailableError("the answer was lost")

    def present(self, instance: str, boot: str, low: int, high: int) -> set[int]:
        self._operation()
        ids = [row.id for row in self.rows]
        return {
            i.sequence for i in ids if (i.instance, i.boot) == (instance, boot) and low <= i.sequence <= high
        }

    def boots(self) -> list[BootRow]:
        return list(self.known_boots.values())

    def begin_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        key = BootKey(boot.instance, boot.boot)
        self.known_boots.setdefault(
            key, BootRow(key, origin, boot.started_at_ns, boot.version, boot.pid, False)
        )

    def end_boot(self, boot: Boot, origin: SpoolBoot) -> None:
        key = BootKey(boot.instance, boot.boot)
        self.known_boots[key] = BootRow(key, origin, boot.started_at_ns, boot.version, boot.pid, True)

    def write_account(self, key: BootKey, account: Account) -> None:
        self._operation()
        self.accounts.append((key, account, len(self.rows)))

    def write_unlogged(self, key: BootKey, reason: str, sequences: RangeSet) -> None:
        known = self.unlogged.get((key, reason), RangeSet())
        self.unlogged[key, reason] = known | sequences

    def sequences(self) -> list[int]:
        return [row.id.sequence for row in self.rows]


class Gateway:
    """Writes the records of one boot into a spool, durably."""

    def __init__(self, directory: Path, number: int = 1, **options: Any) -> None:
        self.id = bytes([number]) * 16
        self.boot = Boot("here", f"boot-{number}", 1_790_000_000_000_000_000, "0.1", number)
        self._writer = SpoolWriter.open(
            directory, boot=self.id, notify=lambda callback: callback(), **options
        )
        self.write(self.boot)

    def write(self, *records: Record) -> None:
        """Returns when they are durable."""
        for record in records[:-1]:
            self._writer.append(record.kind, msgspec.msgpack.encode(record))
        for record in records[-1:]:
            self.write_payload(record.kind, msgspec.msgpack.encode(record))

    def write_payload(self, kind: int, payload: bytes) -> None:
        durable = threading.Event()
        self._writer.append(kind, payload, lambda error: durable.set())
        assert durable.wait(30)

    def account(self, accepted: int, **members) -> None:
        values = {"at_ns": 1, "recorded": 0, "unlogged_total": 0, "unlogged": {}, "open": [], **members}
        self.write(Account(accepted=accepted, **values))

    def leave(self) -> None:
        """Everything durable, the lock released: as after a crash, if no final Account was written."""
        self._writer.close(10)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "gateway-0"


@pytest.fixture
def gateway(spool: Path) -> Callable[[int], Gateway]:
    """Starts a gateway on the spool: `gateway(2)` is its second boot."""
    return lambda number=1: Gateway(spool, number)


@pytest.fixture
def forwarder(spool: Path, sink: MemorySink, clock: TestClock) -> Callable[..., Forwarder]:
    """A new forwarder, as after a restart of the hub."""
    return lambda **options: Forwarder(spool, sink, Tokenizers(), clock=clock, **options)


@pytest.fixture
def settle(clock: TestClock) -> Callable[[Forwarder], None]:
    """Lets a forwarder work until it has nothing left to do, and nothing more can come."""

    def run(forwarder: Forwarder, steps: int = 60, step_s: float = 0.2) -> None:
        for _ in range(steps):
            forwarder.step()
            clock.pass_s(step_s)

    return run
