"""Spool records become a batch: calls are put together and sealed, all else is sorted into its place."""

from __future__ import annotations

import logging

import msgspec

from gatelog.model import Account, Boot, Clock, EndRecord, Part, Start
from gatelog.provider import CapturedCall, TokenCounter, seal
from gatelog.sinks.batch import Batch, SealedCall
from gatelog.sinks.boots import Boots
from gatelog.sinks.dead_letter import DeadLetters
from gatelog.sinks.delivery import DEAD_LETTER
from gatelog.sinks.open_calls import ClosedCall, OpenCalls
from gatelog.sinks.records import UnreadableRecordError, decode
from gatelog.sinks.statistics import ForwarderStatistics
from gatelog.spool import Position, SpoolRecord
from gatelog.store import BootKey

log = logging.getLogger("gatelog.sinks")


class Intake:
    """What has been read of one spool directory since the ack, and not yet delivered."""

    def __init__(
        self,
        boots: Boots,
        calls: OpenCalls,
        counter: TokenCounter,
        dead_letters: DeadLetters,
        statistics: ForwarderStatistics,
        clock: Clock,
    ) -> None:
        self.boots = boots
        self.calls = calls
        self._counter = counter
        self._dead_letters = dead_letters
        self._statistics = statistics
        self._clock = clock
        self.batch = Batch()
        self._replaying = True

    def caught_up(self) -> None:
        """All that was in the spool at the start has been read."""
        self._replaying = False

    def next_batch(self) -> None:
        """The batch was delivered: start another."""
        self.batch = Batch()

    def take(self, record: SpoolRecord) -> None:
        """One record more."""
        self._statistics.records += 1
        if not self.batch:
            self.batch.since_ns = self._clock.monotonic_ns()
        try:
            content = decode(record)
        except UnreadableRecordError as error:
            self._put_aside(record.position, record.payload, str(error))
            return
        if not (isinstance(content, Boot) or self.boots.knows(record.boot)):
            self._begin_boot(record.boot, self.boots.stand_in(record.boot))
        match content:
            case Boot():
                self._begin_boot(record.boot, content)
            case Start():
                self.boots.find(record.boot)
                self.calls.start(record.boot, record.position, content)
            case Part():
                self._expect(self.calls.part(record.boot, record.position, content))
            case EndRecord():
                closed = self.calls.end(record.boot, content)
                self._expect(closed is not None)
                if closed is not None:
                    self._seal(record.boot, closed)
            case Account():
                self._account(record.boot, content)

    def end_boots(self, *, but: bytes = b"") -> None:
        """The processes that wrote here are gone, all or all but one: settle what they left open."""
        for spool_boot in self.boots.running():
            if spool_boot != but:
                self._end_boot(spool_boot)

    def _expect(self, found: bool) -> None:
        """A Part or End whose Start is lost: the gateway's Account, or the spool's damage, speaks for it.

        In a replay that is normal: the call was stored, and its Start acknowledged, before the restart.
        """
        if not found and not self._replaying:
            self._statistics.orphans += 1

    def _begin_boot(self, spool_boot: bytes, boot: Boot) -> None:
        self.end_boots(but=spool_boot)  # a directory has one writer at a time
        self.boots.begin(spool_boot, boot)
        self.batch.begun.append((boot, self.boots.origin(spool_boot)))

    def _end_boot(self, spool_boot: bytes) -> None:
        for sequence in self.calls.of_boot(spool_boot):
            self._statistics.crashed_calls += 1
            self._seal(spool_boot, self.calls.crash(spool_boot, sequence))
        self.batch.ended.append((self.boots.end(spool_boot), self.boots.origin(spool_boot)))

    def _account(self, spool_boot: bytes, account: Account) -> None:
        boot = self.boots.find(spool_boot)
        for sequences in account.unlogged.values():
            for sequence in sequences:
                self.calls.forget(spool_boot, sequence)
        self.batch.accounts.append((BootKey(boot.instance, boot.boot), account))
        if account.final:
            self._end_boot(spool_boot)

    def _seal(self, spool_boot: bytes, closed: ClosedCall) -> None:
        boot = self.boots.find(spool_boot)
        captured = CapturedCall(boot, closed.start, closed.end, closed.request_body, closed.response_body)
        try:
            exchange = seal(captured, self._counter)
        except Exception as error:  # whatever bytes did this, the other calls must go on
            log.exception("call %d of boot %s cannot be read", closed.start.sequence, boot.boot)
            self._put_aside(closed.position, msgspec.msgpack.encode(captured), f"cannot be sealed: {error!r}")
            key = BootKey(boot.instance, boot.boot)
            self.batch.unlogged.append((key, DEAD_LETTER, closed.start.sequence))
            return
        self.batch.add(SealedCall(exchange, closed.position))

    def _put_aside(self, position: Position, content: bytes, reason: str) -> None:
        self._dead_letters.put(position, content, reason)
        self._statistics.dead_letters += 1
