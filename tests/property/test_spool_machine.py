"""A spool under kills, power losses and disk errors at any operation, against what it promised."""

from __future__ import annotations

import contextlib
import errno
import random
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gatelog.spool import AckLog, DamageCounters, Position, SpoolReader, SpoolSettings, collect, verify
from gatelog.spool.journal import Journal
from gatelog.testing.filesystem import MemoryFileSystem

DIRECTORY = Path("/spool")
SETTINGS = SpoolSettings(segment_bytes=16 * 1024, record_bytes_max=1500, ballast_bytes=4096)


class PowerLossError(BaseException):
    """Not an Exception: nothing in the spool may handle it."""


class StoppedClock:
    """No rule here depends on time."""

    def now_ns(self) -> int:
        return 1

    def monotonic_ns(self) -> int:
        return 1


class SpoolMachine(RuleBasedStateMachine):
    """The model: what commit promised, what was attempted, what the reader delivered up to its last ack."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = MemoryFileSystem()
        self.boots = 0
        self.attempted: list[bytes] = []
        self.promised: set[bytes] = set()
        self.acked: list[bytes] = []  # delivered and acknowledged
        self.fresh: list[bytes] = []  # delivered since
        self.position: Position | None = None
        self.journal: Journal | None = None
        self.torn = False  # a power loss tore holes into a group: they cannot be told from damage
        self.forgotten = False  # it took a segment that was acknowledged, though its sync had failed

    @initialize()
    def start(self) -> None:
        self.boot()
        self.restart_reader()

    @precondition(lambda self: self.journal is None)
    @rule()
    def boot(self) -> None:
        """S8, S9, S11: a start succeeds whatever was left."""
        self.disk.mend()
        self.boots += 1
        self.journal = Journal.open(
            DIRECTORY,
            boot=self.boots.to_bytes(16, "big"),
            settings=SETTINGS,
            clock=StoppedClock(),
            filesystem=self.disk,
        )

    @precondition(lambda self: self.journal is not None)
    @rule(sizes=st.lists(st.integers(0, 6000), min_size=1, max_size=4))
    def commit(self, sizes: list[int]) -> None:
        """S3: None is a promise."""
        assert self.journal is not None
        group = [self._payload(size) for size in sizes]
        if self.journal.commit([(1, payload) for payload in group]) is None:
            self.promised.update(group)

    @rule(
        operation=st.sampled_from(["write", "sync", "create", "allocate", "sync_directory", "truncate"]),
        code=st.sampled_from([errno.EIO, errno.ENOSPC]),
        at=st.integers(1, 4),
        times=st.integers(1, 4),
    )
    def disk_fails(self, operation: str, code: int, at: int, times: int) -> None:
        """S12, S13, S14: some of the next operations."""
        self.disk.fail(
            operation, code, at=at, times=times, name=".seg" if operation != "sync_directory" else ""
        )

    @precondition(lambda self: self.journal is not None)
    @rule()
    def heal(self) -> None:
        """S13: once the disk works, one probe is enough."""
        assert self.journal is not None
        self.disk.mend()
        self.journal.probe()
        assert self.journal.error is None

    @precondition(lambda self: self.journal is not None)
    @rule()
    def kill(self) -> None:
        """SIGKILL of the gateway; the hub's reader lives on."""
        self.disk.mend()
        self.disk.kill()
        self.journal = None
        self.restart_reader()

    @precondition(lambda self: self.journal is not None)
    @rule(
        sizes=st.lists(st.integers(0, 6000), min_size=1, max_size=3),
        at=st.integers(1, 12),
        seed=st.integers(0, 1000),
    )
    def power_loss_while_committing(self, sizes: list[int], at: int, seed: int) -> None:
        """S3, S9: at any operation, with any subset of the unsynced sectors and names on the disk."""
        left = at

        def before(operation: str, path: Path) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerLossError

        self.disk.before = before
        with contextlib.suppress(PowerLossError):
            self.commit(sizes)
        self._power_off(seed)

    @rule(seed=st.integers(0, 1000))
    def power_loss(self, seed: int) -> None:
        self._power_off(seed)

    @precondition(lambda self: self.journal is not None)
    @rule()
    def stop(self) -> None:
        """S7."""
        assert self.journal is not None
        self.journal.close()
        self.journal = None

    @rule(records_max=st.integers(1, 5))
    def read(self, records_max: int) -> None:
        """S20, S21: only what was attempted, in order, each once."""
        records = self.reader.read(records_max=records_max)
        self.fresh += [record.payload for record in records]
        delivered = self._since()
        order = {payload: number for number, payload in enumerate(self.attempted)}
        numbers = [order[payload] for payload in delivered]
        assert numbers == sorted(set(numbers))
        self.position = self.reader.position

    @precondition(lambda self: bool(self.fresh))
    @rule()
    def ack_and_collect(self) -> None:
        """S24, S25."""
        assert self.position is not None
        self.disk.mend()
        self.log.ack(self.position)
        self.acked += self.fresh
        self.fresh = []
        collect(DIRECTORY, [self.log.position], self.disk)

    @rule()
    def restart_reader(self) -> None:
        """The hub goes on at its last ack, having forgotten everything else."""
        self.log = AckLog.open(DIRECTORY, "store", self.disk)
        self.reader = SpoolReader(DIRECTORY, start=self.log.position, filesystem=self.disk)
        self.fresh = []

    def teardown(self) -> None:
        """Everything promised was delivered or is still there; no descriptor was used after its error."""
        self.disk.mend()
        self.restart_reader()
        while records := self.reader.read():
            self.fresh += [record.payload for record in records]
        assert self.promised <= {*self.acked, *self.fresh}
        delivered = self._since()
        assert len(delivered) == len(set(delivered))
        assert self.disk.misuse == []
        if not self.torn:
            assert self.reader.damage == DamageCounters()
            assert not verify(DIRECTORY, self.disk).damaged

    def _since(self) -> list[bytes]:
        """What was delivered, each once; by this reader, where what was acknowledged is lost (section 4)."""
        return self.fresh if self.forgotten else self.acked + self.fresh

    def _payload(self, size: int) -> bytes:
        number = len(self.attempted)
        payload = b"%d:" % number + random.Random(number).randbytes(size)
        self.attempted.append(payload)
        return payload

    def _power_off(self, seed: int) -> None:
        self.disk.mend()
        self.forgotten |= self.disk.has_unsyncable()
        if seed:
            chance = random.Random(seed)
            self.disk.crash(lambda: chance.random() < 0.5)
            self.torn = True
        else:
            self.disk.crash()
        self.journal = None
        self.restart_reader()


SpoolMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
test_promises_are_kept = SpoolMachine.TestCase


@pytest.mark.nightly
class TestPromisesAreKeptForLong(SpoolMachine.TestCase):
    """The same, for as long as a nightly run has."""

    settings = settings(max_examples=1500, stateful_step_count=60, deadline=None)
