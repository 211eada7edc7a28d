"""One spool directory into one sink, effectively once.

    SpoolReader ──► Intake (open calls, seal) ──► Batch ──► Delivery ──► sink
         ▲                                                     └ then ack ──► collect
         └── after a restart: from the ack

The ack is the position of the oldest open Start, or the reader's if nothing is open, and it moves only when
the batch is in the sink. After a restart everything from there on is read again; until the reader has caught
up once, and after every insert that failed, Delivery asks the sink which of the calls it has.
"""

from __future__ import annotations

import logging
from pathlib import Path

from gatelog.errors import SpoolError, StoreError
from gatelog.model import Clock, SystemClock
from gatelog.provider import TokenCounter
from gatelog.sinks.backoff import Backoff
from gatelog.sinks.base import Sink
from gatelog.sinks.batch import AGE_S_MAX, Batch
from gatelog.sinks.boots import Boots
from gatelog.sinks.dead_letter import DeadLetters
from gatelog.sinks.delivery import Delivery
from gatelog.sinks.intake import Intake
from gatelog.sinks.open_calls import HELD_BYTES_MAX, OpenCalls
from gatelog.sinks.records import read_bodies
from gatelog.sinks.statistics import ForwarderStatistics
from gatelog.spool import AckLog, FileSystem, OsFileSystem, SpoolReader, collect, is_locked, retire

log = logging.getLogger("gatelog.sinks")

POLL_S = 0.05
"""Between two looks at a spool that had nothing new."""

READ_RECORDS_MAX = 500
"""Records taken in one step: bounds how long a stop waits."""

ABANDONED_AFTER_NS = 2_000_000_000
"""A spool read to its end that nobody has locked for so long was left by a gateway that crashed."""

ORPHANED_AFTER_NS = 3_600_000_000_000
"""A spool that was silent and unlocked for so long has no gateway any more: one comes back within minutes."""

LAG_INTERVAL_NS = 1_000_000_000
"""Between two measurements of the lag in bytes, which reads the spool's directory."""


class _Session:
    """Everything between two (re)starts from the ack."""

    def __init__(self, forwarder: Forwarder) -> None:
        directory, filesystem = forwarder.directory, forwarder.filesystem
        dead_letters = DeadLetters(directory)
        self.ack = AckLog.open(directory, forwarder.sink.name, filesystem)
        # Was the hub killed between an ack and its deletions? On a full disk no further ack would ever come.
        collect(directory, [self.ack.position], filesystem)
        self.intake = Intake(
            Boots(directory.name, forwarder.sink.boots()),
            OpenCalls(lambda places: read_bodies(directory, filesystem, places), forwarder.held_bytes_max),
            forwarder.counter,
            dead_letters,
            forwarder.statistics,
            forwarder.clock,
        )
        self.delivery = Delivery(forwarder.sink, dead_letters, forwarder.statistics)
        self.reader = SpoolReader(directory, start=self.ack.position, filesystem=filesystem)
        self.flush_pending = False
        self.quiet_since_ns = forwarder.clock.monotonic_ns()

    def close(self) -> None:
        self.reader.close()
        self.ack.close()


class Forwarder:
    """Drives one spool directory: `step` does a little and says how long to wait; a thread repeats it."""

    def __init__(
        self,
        directory: Path,
        sink: Sink,
        counter: TokenCounter,
        *,
        clock: Clock | None = None,
        filesystem: FileSystem | None = None,
        held_bytes_max: int = HELD_BYTES_MAX,
    ) -> None:
        self.directory = directory
        self.sink = sink
        self.counter = counter
        self.clock: Clock = clock or SystemClock()
        self.filesystem: FileSystem = filesystem or OsFileSystem()
        self.held_bytes_max = held_bytes_max
        self.statistics = ForwarderStatistics()
        self.retired = False
        """The spool is gone: nobody wrote it any more, and the sink has all of it."""
        self._backoff = Backoff()
        self._session: _Session | None = None
        self._current_at_ns = self._measured_at_ns = self.clock.monotonic_ns()

    def close(self) -> None:
        """Release the files; what was not acked is read again by the next step."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def step(self) -> float:
        """Read a little, flush if it is time; seconds to wait before the next step (0 = there is more)."""
        try:
            if self._session is None:
                self._session = _Session(self)
            return self._advance(self._session)
        except (StoreError, SpoolError, OSError) as error:
            return self._failed(error)

    def drain(self, until_ns: int) -> None:
        """At a stop: read on until caught up or `until_ns` (monotonic), and deliver what was read.

        What an error or the time keeps back is done at the next start.
        """
        while self.step() == 0 and self.clock.monotonic_ns() < until_ns:
            pass
        session = self._session
        try:
            if session is not None and session.intake.batch:
                self._flush(session)
        except (StoreError, SpoolError, OSError) as error:
            log.warning("%s: not everything was stored before the stop: %s", self.directory.name, error)
        self.close()

    def _advance(self, session: _Session) -> float:
        alone = session.delivery.wants_company(session.intake.batch)
        if session.flush_pending and not alone:  # a flush failed: read nothing more until it works
            self._flush(session)
            return 0.0
        records = session.reader.read(READ_RECORDS_MAX)
        for record in records:
            session.intake.take(record)
        now_ns = self.clock.monotonic_ns()
        if records:
            session.quiet_since_ns = now_ns
        else:
            self._end_abandoned(session, now_ns)
            if self._is_orphaned(session, now_ns):
                return self._retire(session, now_ns)
        if session.intake.batch.is_due(now_ns):
            self._flush(session)
        if not records and not session.intake.batch:
            session.intake.caught_up()
            session.delivery.caught_up()
        self._measure(session, caught_up=not records and not session.intake.batch)
        if records:
            return 0.0
        return AGE_S_MAX / 4 if session.intake.batch else POLL_S

    def _end_abandoned(self, session: _Session, now_ns: int) -> None:
        """Nothing new: if nobody writes here any more, settle what the last boot left open."""
        if not session.intake.boots.running() or now_ns - session.quiet_since_ns < ABANDONED_AFTER_NS:
            return
        if is_locked(self.directory, self.filesystem):
            session.quiet_since_ns = now_ns
            return
        # Whatever was written before the lock was seen free is read by this; if there is nothing, that was
        # all.
        records = session.reader.read(READ_RECORDS_MAX)
        for record in records:
            session.intake.take(record)
        if not records:
            session.intake.end_boots()

    def _is_orphaned(self, session: _Session, now_ns: int) -> bool:
        """Whether there has been nothing to read for long, and there is nothing left to do."""
        intake = session.intake
        unsettled = intake.batch or intake.boots.running() or len(intake.calls)
        return now_ns - session.quiet_since_ns >= ORPHANED_AFTER_NS and not unsettled

    def _retire(self, session: _Session, now_ns: int) -> float:
        """Remove the spool unless a gateway has it; then it is looked at again as long after."""
        session.quiet_since_ns = now_ns
        if not is_locked(self.directory, self.filesystem):
            if session.ack.position is None or session.reader.position > session.ack.position:
                session.ack.ack(session.reader.position)
            self.retired = retire(self.directory, self.filesystem)
            if self.retired:
                self.close()
                name = self.directory.name
                log.info("spool %s: its gateway left it, it is stored whole, its segments are gone", name)
        return POLL_S

    def _flush(self, session: _Session) -> None:
        started_ns = self.clock.monotonic_ns()
        batch = session.intake.batch
        session.flush_pending = True
        session.delivery.deliver(batch)
        session.intake.next_batch()
        session.flush_pending = False
        watermark = session.intake.calls.oldest or session.reader.position
        if session.ack.position is None or watermark > session.ack.position:
            session.ack.ack(watermark)
            collect(self.directory, [session.ack.position], self.filesystem)
        self._backoff.reset()
        self.statistics.last_error = ""
        self.statistics.flush_seconds = (self.clock.monotonic_ns() - started_ns) / 1e9
        self.statistics.freshness_seconds = self._freshness(batch)

    def _freshness(self, batch: Batch) -> float:
        timings = [call.exchange.timing for call in batch.calls]
        finished = [timing.received_at_ns + timing.duration_ns for timing in timings]
        if not finished:
            return self.statistics.freshness_seconds
        return max(0, self.clock.now_ns() - min(finished)) / 1e9

    def _failed(self, error: Exception) -> float:
        statistics = self.statistics
        statistics.retries += 1
        if str(error) != statistics.last_error:
            log.warning("%s: %s; trying again", self.directory.name, error)
        statistics.last_error = str(error)
        statistics.lag_seconds = (self.clock.monotonic_ns() - self._current_at_ns) / 1e9
        if not isinstance(error, StoreError):
            self.close()  # the spool's own files failed: begin again from the ack
        return self._backoff.next_s()

    def _measure(self, session: _Session, *, caught_up: bool) -> None:
        statistics, now_ns = self.statistics, self.clock.monotonic_ns()
        statistics.open_calls = len(session.intake.calls)
        statistics.open_bytes = session.intake.calls.held_bytes
        statistics.damaged_places = session.reader.damage.places
        if caught_up:
            self._current_at_ns = now_ns
        statistics.lag_seconds = (now_ns - self._current_at_ns) / 1e9
        if now_ns - self._measured_at_ns >= LAG_INTERVAL_NS:
            self._measured_at_ns = now_ns
            statistics.lag_bytes = session.reader.lag_bytes()
