"""The writing side of a spool directory, one group at a time; threads and callbacks are `writer`'s.

     write or sync error, file deleted               the same again
HEALTHY ───────────────────────► new segment, ─────────────────────► refusing: FAILED, or
   ▲                             same group          │               FULL if there is no space
   │                                 │ synced        │                  │ probe():
   │                                 │               │                  │ open a new segment
   └─────────────────────────────────┴───────────────┴──────────────────┘ worked
"""

from __future__ import annotations

import contextlib
import errno
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from gatelog.errors import SpoolError, SpoolFailedError, SpoolFullError, SpoolLockedError
from gatelog.model import Clock
from gatelog.spool.filesystem import File, FileSystem, Lock
from gatelog.spool.record import HEADER_BYTES, Encoder
from gatelog.spool.recovery import Recovered, recover
from gatelog.spool.segment import DATA_OFFSET, SegmentHeader, header_block, segment_path
from gatelog.spool.settings import Level, SpoolSettings, level_of
from gatelog.spool.space import Space, is_no_space, release_ballast

logger = logging.getLogger(__name__)

LOCK_NAME = "lock"
_LOCK_TRIES = 50  # a hub that looks at the spool holds the lock for an instant, one that would remove it
_LOCK_RETRY_S = 0.1  # (`retire`) while it reads the last segment: a second or so. Neither is another writer

Payload = tuple[int, bytes]  # kind, bytes


class Journal:
    """Segments of one boot. `error` is why it refuses now, None while it is healthy."""

    def __init__(
        self,
        directory: Path,
        boot: bytes,
        settings: SpoolSettings,
        clock: Clock,
        filesystem: FileSystem,
        recovered: Recovered,
        lock: Lock,
    ) -> None:
        self.error: SpoolError | None = None
        self.recovered = recovered
        self.space = Space(directory, settings, filesystem)
        self.sync_count = self.sync_last_ns = self.sync_max_ns = self.write_errors = 0
        self._directory = directory
        self._boot = boot
        self._settings = settings
        self._clock = clock
        self._filesystem = filesystem
        self._lock = lock
        self._encoder = Encoder(boot, settings, recovered.next_seq)
        self._durable_seq = recovered.next_seq - 1
        self._next_segment = recovered.next_segment
        self._file: File | None = None
        self._offset = 0
        self._size = 0
        self._ballast_wanted = True  # until its absence was announced

    @classmethod
    def open(
        cls, directory: Path, *, boot: bytes, settings: SpoolSettings, clock: Clock, filesystem: FileSystem
    ) -> Journal:
        """Lock the directory, recover it and begin a segment. SpoolLockedError, SpoolVersionError.

        A full or failing disk at this point is a state, not an error: the journal heals by itself.
        """
        if len(boot) != 16:
            raise ValueError(f"a boot id has 16 bytes, not {len(boot)}")
        try:
            lock = _take_lock(directory, filesystem)
        except OSError as error:
            raise SpoolFailedError(
                f"spool {directory} cannot be used: {error.strerror}: check that it is a writable directory"
            ) from error
        try:
            recovered = recover(directory, filesystem)
        except OSError as error:
            lock.release()
            raise SpoolFailedError(f"spool {directory} cannot be read: {error.strerror}") from error
        except BaseException:
            lock.release()
            raise
        journal = cls(directory, boot, settings, clock, filesystem, recovered, lock)
        journal.probe()
        return journal

    @property
    def next_seq(self) -> int:
        """The seq of the next record."""
        return self._encoder.next_seq

    @property
    def level(self) -> Level:
        """Back-pressure now."""
        if isinstance(self.error, SpoolFullError):
            return Level.REJECT
        return Level.FAILED if self.error else level_of(self.space.share)

    def commit(self, group: Sequence[Payload]) -> SpoolError | None:
        """Make a group durable: one write, one sync. Returns why not (SpoolFullError or SpoolFailedError)."""
        if self.error is None and self.space.share >= 1:
            self.error = SpoolFullError(
                f"spool {self._directory} is at its capacity: is the hub draining it?"
            )
        if self.error is not None:
            return self.error
        first_seq = self._encoder.next_seq
        encode = self._encoder.encode
        data = b"".join([encode(kind, payload) for kind, payload in group])
        try:
            self._write_or_move(data, first_seq)
        except OSError as error:
            return self._fail(error)
        self._durable_seq = self._encoder.next_seq - 1
        return None

    def probe(self) -> None:
        """To be called every `probe_interval_s`: measures the space, and heals if the disk allows it."""
        try:
            self._keep_lock()
            self.space.measure(self._size - self._offset)
            room = self._keep_ballast()
            if self._may_go_on(room):
                if self._file is None:
                    self._open_segment(self._encoder.next_seq, DATA_OFFSET)
                self._healed()
        except OSError as error:
            self._fail(error)

    def fail(self, error: SpoolError) -> None:
        """Refuse everything until the next probe that works."""
        self.error = error
        self._abandon()

    def close(self) -> None:
        """Seal the segment, let the next writer in."""
        try:
            self._seal(self._encoder.next_seq)
        finally:
            self._lock.release()

    def _write_or_move(self, data: bytes, first_seq: int) -> None:
        """After an error the same group goes into a new segment: the reader takes each seq once."""
        try:
            self._write(data, first_seq)
        except OSError as error:
            self.write_errors += 1
            logger.warning("spool %s: %s: going on in a new segment", self._directory, error)
            self._abandon()
            self._write(data, first_seq)

    def _write(self, data: bytes, first_seq: int) -> None:
        file = self._file
        if file is None or self._offset + len(data) + HEADER_BYTES > self._size:
            self._seal(first_seq)
            file = self._open_segment(first_seq, DATA_OFFSET + len(data) + HEADER_BYTES)
        file.write(data, self._offset)
        started = self._clock.monotonic_ns()
        file.sync()
        self.sync_last_ns = self._clock.monotonic_ns() - started
        self.sync_max_ns = max(self.sync_max_ns, self.sync_last_ns)
        self.sync_count += 1
        if not file.is_named():
            raise FileNotFoundError(errno.ENOENT, "its segment was deleted while it was written")
        self._offset += len(data)
        self.space.grow(len(data))

    def _open_segment(self, first_seq: int, least: int) -> File:
        """Begin a segment, durable before any record goes into it."""
        self._keep_lock()
        number = self._next_segment
        self._next_segment += 1
        path = segment_path(self._directory, number)
        void = first_seq - 1 - self._durable_seq
        header = SegmentHeader(self._boot, number, first_seq, self._clock.now_ns(), void)
        size = self.space.segment_bytes(least)
        file = self._filesystem.create(path)
        try:
            file.allocate(size)
            file.write(header_block(header), 0)
            file.sync()
            self._filesystem.sync_directory(self._directory)
        except OSError:
            file.close()
            with contextlib.suppress(OSError):  # a segment without a header is harmless; the cause is raised
                self._filesystem.unlink(path)
            raise
        self._file, self._offset, self._size = file, DATA_OFFSET, size
        self.space.begin_segment(number, DATA_OFFSET)
        return file

    def _keep_lock(self) -> None:
        """Whoever deletes a segment may delete the lock, or the directory: without it anybody could write."""
        if self._lock.is_named():
            return
        self._filesystem.make_directory(self._directory)
        lock = self._filesystem.lock(self._directory / LOCK_NAME)
        if lock is None:
            raise BlockingIOError(errno.EWOULDBLOCK, "its lock was deleted, and another process has it now")
        self._lock.release()
        self._lock = lock

    def _seal(self, next_seq: int) -> None:
        """End the segment cleanly. Its records are durable already: an error here costs nothing."""
        file = self._file
        if file is None:
            return
        try:
            seal = self._encoder.seal(next_seq)
            file.write(seal, self._offset)
            file.truncate(self._offset + len(seal))
            file.sync()
        except OSError as error:
            logger.warning("spool %s: a segment stays without its seal: %s", self._directory, error)
        self._abandon()

    def _abandon(self) -> None:
        """Never touch this descriptor again: a second fsync may succeed for pages the kernel dropped."""
        file, self._file = self._file, None
        self._offset = self._size = 0
        if file is not None:
            with contextlib.suppress(OSError):  # nothing depends on this descriptor any more
                file.close()

    def _fail(self, error: OSError) -> SpoolError:
        """Refuse from now on. Announced once, at the beginning."""
        self.write_errors += 1
        self._abandon()
        announced = self.error is not None
        if is_no_space(error):
            self.error = SpoolFullError(
                f"no space for spool {self._directory}: free some, it goes on by itself"
            )
            self._release_ballast()
        else:
            self.error = SpoolFailedError(
                f"spool {self._directory}: {error.strerror}: check the disk, it goes on once writes work"
            )
        if not announced:
            logger.error("%s", self.error)
        return self.error

    def _may_go_on(self, room: bool) -> bool:
        """Whether to (re)open: a full spool waits until its ballast is back, so that it does not flutter."""
        if isinstance(self.error, SpoolFullError):
            return self.space.share < 1 and room
        return True

    def _healed(self) -> None:
        if self.error is not None:
            logger.warning("spool %s: writes work again", self._directory)
            self.error = None

    def _keep_ballast(self) -> bool:
        """Take the ballast (back) where it fits; whether there was room. Without it the spool still works."""
        try:
            return self.space.keep_ballast()
        except OSError as error:
            if self._ballast_wanted:
                self._ballast_wanted = False
                logger.warning("spool %s: no ballast: %s", self._directory, error)
            return False

    def _release_ballast(self) -> None:
        try:
            release_ballast(self._directory, self._filesystem)
        except OSError as error:
            logger.warning("spool %s: the ballast cannot be released: %s", self._directory, error)


def _take_lock(directory: Path, filesystem: FileSystem) -> Lock:
    for attempt in range(_LOCK_TRIES):
        if attempt:
            time.sleep(_LOCK_RETRY_S)
        filesystem.make_directory(directory)
        with contextlib.suppress(FileNotFoundError):  # the hub has just removed an abandoned directory
            lock = filesystem.lock(directory / LOCK_NAME)
            if lock is not None:
                return lock
    raise SpoolLockedError(
        f"spool {directory} is written by another process (its id is in {LOCK_NAME}): "
        "give each gateway a directory of its own"
    )
