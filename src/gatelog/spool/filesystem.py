"""The seam to the disk: what the spool asks of a file system, and the operating system's answer.

`gatelog.testing.filesystem` has one in memory that loses what was not synced and fails on demand.
All methods raise OSError; the spool maps it where it knows what the failure means.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from pathlib import Path
from typing import Protocol

logger = logging.getLogger(__name__)

_PAGE_BYTES = 4096  # what an unreadable disk block costs


class File(Protocol):
    """An open file, read and written at byte offsets."""

    def read(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file. Unreadable pages come as zeros."""

    def write(self, data: bytes, offset: int) -> None:
        """All of `data`, or OSError (some of it may have been written)."""

    def sync(self) -> None:
        """Return once all written bytes are durable."""

    def allocate(self, size: int) -> None:
        """Reserve space so that the file is `size` bytes long, the new ones zero."""

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes."""

    def size(self) -> int:
        """Length in bytes."""

    def is_named(self) -> bool:
        """Whether some name still leads to it; else it goes with its last descriptor."""

    def close(self) -> None:
        """Release the descriptor."""


class Lock(Protocol):
    """A held lock."""

    def is_named(self) -> bool:
        """Whether its file still has a name; else it keeps nobody out."""

    def release(self) -> None:
        """Let others in."""


class FileSystem(Protocol):
    """The operations on names; a created, renamed or unlinked name is durable after `sync_directory`."""

    def create(self, path: Path) -> File:
        """A new file to read and write; FileExistsError if there is one."""

    def open(self, path: Path, *, writable: bool = False) -> File:
        """An existing file."""

    def names(self, directory: Path) -> list[str]:
        """Names in `directory`, in no order."""

    def size(self, path: Path) -> int:
        """Length in bytes of the file at `path`."""

    def rename(self, source: Path, target: Path) -> None:
        """Replace `target` in one step."""

    def unlink(self, path: Path) -> None:
        """Remove the name."""

    def make_directory(self, directory: Path) -> None:
        """Create it with its parents if it is not there, durably."""

    def remove_directory(self, directory: Path) -> None:
        """Remove an empty directory."""

    def sync_directory(self, directory: Path) -> None:
        """Return once the names in `directory` are durable."""

    def free_bytes(self, directory: Path) -> int:
        """Bytes that an ordinary user can still allocate there."""

    def lock(self, path: Path) -> Lock | None:
        """The exclusive lock on the file at `path` (created if missing), None if another holds it."""

    def is_locked(self, path: Path) -> bool:
        """Whether some process holds the lock on the file at `path`."""


class OsFile:
    """A file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, size: int, offset: int) -> bytes:
        data = self._read_some(size, offset)
        while len(data) < size:
            more = self._read_some(size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def write(self, data: bytes, offset: int) -> None:
        written = os.pwrite(self._descriptor, data, offset)
        while written < len(data):
            count = os.pwrite(self._descriptor, memoryview(data)[written:], offset + written)
            if count == 0:
                raise OSError(errno.EIO, "the disk takes no more bytes")
            written += count

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def allocate(self, size: int) -> None:
        os.posix_fallocate(self._descriptor, 0, size)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def is_named(self) -> bool:
        return os.fstat(self._descriptor).st_nlink > 0

    def close(self) -> None:
        os.close(self._descriptor)

    def _read_some(self, size: int, offset: int) -> bytes:
        """One read. What the disk cannot read any more costs a page, not the rest of the file."""
        try:
            return os.pread(self._descriptor, size, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        page = min(size, _PAGE_BYTES - offset % _PAGE_BYTES)
        try:
            return os.pread(self._descriptor, page, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            logger.warning("the disk cannot read bytes %d to %d of a file: %s", offset, offset + page, error)
        return bytes(min(page, max(0, self.size() - offset)))


class OsLock:
    """A flock, released with its descriptor (so at the latest when the process ends)."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def is_named(self) -> bool:
        return os.fstat(self._descriptor).st_nlink > 0

    def release(self) -> None:
        os.close(self._descriptor)


class OsFileSystem:
    """The operating system. Files are readable by their owner and group only."""

    def create(self, path: Path) -> OsFile:
        return OsFile(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))

    def open(self, path: Path, *, writable: bool = False) -> OsFile:
        return OsFile(os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC))

    def names(self, directory: Path) -> list[str]:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries]

    def size(self, path: Path) -> int:
        return path.stat().st_size

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def make_directory(self, directory: Path) -> None:
        missing = [place for place in (directory, *directory.parents) if not place.exists()]
        for place in reversed(missing):
            place.mkdir(mode=0o750, exist_ok=True)
            self.sync_directory(place.parent)

    def remove_directory(self, directory: Path) -> None:
        directory.rmdir()
        self.sync_directory(directory.parent)

    def sync_directory(self, directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free_bytes(self, directory: Path) -> int:
        figures = os.statvfs(directory)
        return figures.f_bavail * figures.f_frsize

    def lock(self, path: Path) -> OsLock | None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not _is_at(descriptor, path):  # its holder has removed the whole directory meanwhile
            os.close(descriptor)
            return None
        with contextlib.suppress(OSError):  # the id is for people; on a full disk the lock holds without it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return OsLock(descriptor)

    def is_locked(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file still has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
