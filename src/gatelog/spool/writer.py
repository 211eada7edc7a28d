"""The writer thread: appends from the event loop become groups, groups become callbacks.

    event loop                                writer thread
    ──────────                                ─────────────
    append ─► queue ─(wake, if it sleeps)───► linger, while nobody waits for what is queued
                                              take all that is queued, up to batch_bytes_max
                                              encode, write, fdatasync (journal.commit)
    on_durable(error or None) ◄─ one notify ─ the group's callbacks, in order

Counters that both threads need are written by one of them only; the queue is a deque, whose ends
are safe to use from two threads.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gatelog.errors import SpoolError, SpoolFailedError, SpoolFullError
from gatelog.model import Clock, SystemClock
from gatelog.spool.filesystem import FileSystem, OsFileSystem
from gatelog.spool.journal import Journal
from gatelog.spool.record import KIND_MAX
from gatelog.spool.settings import Level, SpoolSettings, SpoolStatistics

logger = logging.getLogger(__name__)

_SPACE = "see that a hub drains it, or give it more space"
_TOLD = {
    Level.OK: "has room: every call is recorded whole",
    Level.WARN: f"fills up: {_SPACE}",
    Level.DEGRADE: f"is nearly full: best-effort calls are recorded without their bodies; {_SPACE}",
    Level.REJECT: f"is full: calls whose record is required are refused; {_SPACE}",
}

OnDurable = Callable[[SpoolError | None], None]
Notify = Callable[[Callable[[], None]], object]
_Item = tuple[int, bytes, OnDurable | None]


def call_here(callback: Callable[[], None]) -> None:
    """A `notify` for callers without an event loop: callbacks run in the writer thread."""
    callback()


class SpoolWriter:
    """The one writer of a spool directory. `level` is the back-pressure now, cheap to read."""

    def __init__(self, journal: Journal, settings: SpoolSettings, clock: Clock, notify: Notify) -> None:
        self._journal = journal
        self.level = Level.OK
        self._follow_level()
        self._settings = settings
        self._clock = clock
        self._notify = notify
        self._refusal = journal.error
        self._queue: deque[_Item] = deque()
        self._queue_bytes_max = settings.queue_bytes_max
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._asleep = self._lingering = self._urgent = False
        self._closing = False
        self._group: list[_Item] = []
        self._probed_at_ns = clock.monotonic_ns()
        # written by the caller's thread
        self._appended = self._accepted_bytes = self._refused = 0
        # written by the writer thread
        self._settled_bytes = self._durable = self._failed = 0
        self._groups = self._group_max = 0
        self._thread = threading.Thread(target=self._run, name="gatelog-spool", daemon=True)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        boot: bytes,
        settings: SpoolSettings = SpoolSettings(),  # noqa: B008 - frozen
        clock: Clock = SystemClock(),  # noqa: B008 - stateless
        filesystem: FileSystem = OsFileSystem(),  # noqa: B008 - stateless
        notify: Notify = call_here,
    ) -> SpoolWriter:
        """Lock and recover `directory`, begin a segment for this `boot` (16 bytes), start the thread.

        SpoolLockedError, SpoolVersionError, SpoolFailedError (the directory cannot be used at all).
        """
        journal = Journal.open(directory, boot=boot, settings=settings, clock=clock, filesystem=filesystem)
        writer = cls(journal, settings, clock, notify)
        writer._thread.start()
        return writer

    def append(
        self, kind: int, payload: bytes, on_durable: OnDurable | None = None, *, urgent: bool = True
    ) -> None:
        """Queue one payload. Never blocks; what becomes of it is told to `on_durable`, None = durable.

        `kind` is 1 to 239. Not `urgent`: nobody waits for it, it may wait `linger_s` for others to share its
        sync with. Call it from one thread only, and do not change `payload` afterwards.
        """
        if not 0 < kind <= KIND_MAX:
            raise ValueError(f"kind {kind} is not the caller's to use: 1 to {KIND_MAX} are")
        self._appended += 1
        size = len(payload)
        if (
            self._refusal is not None
            or self._accepted_bytes + size - self._settled_bytes > self._queue_bytes_max
        ):
            self._refuse(on_durable)
            return
        self._accepted_bytes += size
        self._queue.append((kind, payload, on_durable))
        if urgent:
            self._urgent = True
        if self._asleep or (urgent and self._lingering):
            self._asleep = self._lingering = False
            self._wake.put(None)

    def statistics(self) -> SpoolStatistics:
        """A reading for metrics; from any thread."""
        journal = self._journal
        return SpoolStatistics(
            appended=self._appended,
            durable=self._durable,
            failed=self._failed + self._refused,
            queued_bytes=self._accepted_bytes - self._settled_bytes,
            bytes=journal.space.used_bytes,
            capacity_bytes=journal.space.capacity_bytes,
            segments=journal.space.segments,
            oldest_segment=journal.space.oldest_segment,
            groups=self._groups,
            group_records_max=self._group_max,
            sync_count=journal.sync_count,
            sync_last_ns=journal.sync_last_ns,
            sync_max_ns=journal.sync_max_ns,
            write_errors=journal.write_errors,
            next_seq=journal.next_seq,
            level=self.level,
            error=str(self._refusal or ""),
        )

    def close(self, timeout_s: float) -> None:
        """Write what is queued, seal the segment, unlock. SpoolFailedError if that takes longer."""
        if not self._closing:
            self._closing = True
            self._refusal = SpoolFailedError("the spool is closed")
            self._wake.put(None)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise SpoolFailedError(
                f"the spool did not drain within {timeout_s} s and {len(self._queue) + len(self._group)} "
                "payloads are not durable: is the disk stalled?"
            )

    def _refuse(self, on_durable: OnDurable | None) -> None:
        self._refused += 1
        error = self._refusal or SpoolFullError(
            f"more than {self._queue_bytes_max} bytes wait for the disk: it is slower than the traffic"
        )
        if on_durable is not None:
            self._announce([on_durable], error)

    def _run(self) -> None:
        """The thread. A defect here must not end the record silently: it is logged, then work goes on."""
        while not self._closed():
            try:
                self._work()
            except Exception as error:
                logger.exception("the spool's writer thread failed, it goes on")
                failure = SpoolFailedError(f"defect in the spool's writer thread: {error!r}")
                self._journal.fail(failure)
                self._publish()
                self._settle(failure)
        self._journal.close()

    def _work(self) -> None:
        while not self._closed():
            self._linger()
            self._take()
            if self._group:
                error = self._journal.commit([(kind, payload) for kind, payload, _ in self._group])
                self._publish()
                self._settle(error)
            else:
                self._sleep()
            self._probe_if_due()

    def _closed(self) -> bool:
        return self._closing and not self._queue

    def _take(self) -> None:
        """Move the next group out of the queue."""
        self._urgent = False
        size = 0
        while self._queue and size < self._settings.batch_bytes_max:
            item = self._queue.popleft()
            self._group.append(item)
            size += len(item[1])

    def _settle(self, error: SpoolError | None) -> None:
        """Tell the group's callers how it ended, and forget it."""
        group, self._group = self._group, []
        count = len(group)
        self._settled_bytes += sum([len(payload) for _, payload, _ in group])
        if error is None:
            self._durable += count
            self._groups += 1
            self._group_max = max(self._group_max, count)
        else:
            self._failed += count
        callbacks = [on_durable for _, _, on_durable in group if on_durable is not None]
        if callbacks:
            self._announce(callbacks, error)

    def _announce(self, callbacks: list[OnDurable], error: SpoolError | None) -> None:
        try:
            self._notify(partial(_call_all, callbacks, error))
        except Exception:  # an event loop raises once it is closed
            logger.exception("%d callers could not be told what became of their records", len(callbacks))

    def _publish(self) -> None:
        """Show the caller's thread what the journal knows."""
        self._follow_level()
        if not self._closing:
            self._refusal = self._journal.error

    def _follow_level(self) -> None:
        """Take the journal's level, and say that it changed; of its own errors the journal says itself."""
        level = self._journal.level
        if level is not self.level and self._journal.error is None:
            severity = logging.WARNING if level else logging.INFO
            logger.log(severity, "the spool %s", _TOLD[level])
        self.level = level

    def _linger(self) -> None:
        """Let a group grow while nobody waits for it: a sync, and a change of threads, for many calls."""
        if not self._queue:
            return
        self._lingering = True
        with contextlib.suppress(queue.Empty):
            if not (self._urgent or self._closing):
                self._wake.get(timeout=self._settings.linger_s)
        self._lingering = False

    def _sleep(self) -> None:
        self._asleep = True
        try:
            if not self._queue and not self._closing:
                self._wake.get(timeout=self._settings.probe_interval_s)
        except queue.Empty:
            pass  # nothing was appended: time to probe
        finally:
            self._asleep = False

    def _probe_if_due(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._probed_at_ns >= self._settings.probe_interval_s * 1e9:
            self._probed_at_ns = now_ns
            self._journal.probe()
            self._publish()


def _call_all(callbacks: list[OnDurable], error: SpoolError | None) -> None:
    """Run on the caller's loop. One caller's defect must not keep the others from their answer."""
    for callback in callbacks:
        try:
            callback(error)
        except Exception:
            logger.exception("a callback of the spool failed")
