"""Two faults at once: the hub is killed, or the power goes, while the disk is full and an answer is lost."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from gatelog.model import Boot, EndReason, Record
from gatelog.provider import Tokenizers
from gatelog.sinks import Forwarder
from gatelog.spool import AckLog, SpoolSettings
from gatelog.spool.journal import Journal
from gatelog.testing.filesystem import MemoryFileSystem
from gatelog.testing.records import end_record, start_record

from .conftest import MemorySink, TestClock

KIB = 1024
SPOOL = Path("/data/spool/gateway-0")
SETTINGS = SpoolSettings(segment_bytes=16 * KIB, ballast_bytes=4 * KIB)
CALLS = 5


class KilledError(BaseException):
    """The hub is gone; nothing of it may catch this."""


class World:
    """A gateway's journal and a hub, on one disk, in one thread."""

    def __init__(self) -> None:
        self.disk, self.clock, self.sink = MemoryFileSystem(), TestClock(), MemorySink()
        self.promised: list[str] = []
        self.boots = 0
        self.tokenizers = Tokenizers()
        self.start_gateway()

    def start_gateway(self) -> None:
        self.boots += 1
        self.named = False
        self.journal = Journal.open(
            SPOOL,
            boot=bytes([self.boots]) * 16,
            settings=SETTINGS,
            clock=self.clock,
            filesystem=self.disk,
        )

    def commit(self, *records: Record) -> bool:
        return self.journal.commit([(r.kind, msgspec.msgpack.encode(r)) for r in records]) is None

    def call(self, sequence: int) -> bool:
        """A call whose client saw its end if this is true."""
        body = random.Random(sequence).randbytes(5 * KIB)
        self.named = self.named or self.commit(Boot("here", f"boot-{self.boots}", 1, "0.1", self.boots))
        seen = self.commit(start_record(sequence, body=body)) and self.commit(end_record(sequence))
        if seen:
            self.promised.append(f"boot-{self.boots}/{sequence}")
        return seen

    def fill_disk(self) -> None:
        self.disk.capacity_bytes = self.disk.capacity_bytes - self.disk.free_bytes(SPOOL)
        self.clock.pass_s(1)
        self.journal.probe()
        for sequence in itertools.count(CALLS + 1):
            if not self.call(sequence):
                return

    def forward(self, steps: int = 12) -> None:
        hub = Forwarder(SPOOL, self.sink, self.tokenizers, clock=self.clock, filesystem=self.disk)
        for _ in range(steps):
            hub.step()
            self.clock.pass_s(0.15)
        hub.close()

    def forward_until_killed(self, at: int) -> bool:
        """Whether it was killed, at the `at`-th thing that it asks of the disk."""
        left = itertools.count(at - 1, -1)

        def before(operation: str, path: Path) -> None:
            if next(left) == 0:
                raise KilledError(operation)

        self.disk.before = before
        try:
            self.forward()
        except KilledError:
            return True
        finally:
            self.disk.before = None
        return False

    def stored(self) -> list[str]:
        complete = [row for row in self.sink.rows if row.end.reason is EndReason.COMPLETE]
        return [f"{row.id.boot}/{row.id.sequence}" for row in complete]


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power loss"])
def test_a_hub_that_ends_at_any_moment_beside_a_full_disk_stores_every_call_once(power: bool) -> None:
    """The store's first answers are lost, too. Afterwards the space is free again, and the gateway heals."""
    killed = True
    for at in itertools.count(1):
        world = World()
        for sequence in range(1, CALLS + 1):
            assert world.call(sequence)
        world.fill_disk()
        world.sink.faults = iter(["after", "none", "after"])
        killed = world.forward_until_killed(at)
        if power:
            world.disk.crash()
            world.start_gateway()
        world.forward()
        assert sorted(world.stored()) == sorted(world.promised)
        assert max(Counter(row.id for row in world.sink.rows).values()) == 1
        assert AckLog.open(SPOOL, "memory", world.disk).position is not None
        world.clock.pass_s(1)
        world.journal.probe()
        assert world.call(1_000), "the disk has room again"
        world.forward()
        assert sorted(world.stored()) == sorted(world.promised)
        assert world.disk.misuse == []
        if not killed:
            break
    assert at > 50, "it was killed at many moments"
