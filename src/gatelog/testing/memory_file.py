"""An open file and a lock of the file system in memory: what a process sees, and what reached the disk."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""

Choose = Callable[[], bool]
"""Whether something that was not synced survives a power loss."""


@dataclass
class Inode:
    """A file whatever its names: what the process sees of it, and what is on the disk."""

    live: bytearray
    durable: bytes = b""
    dropped: bool = False  # a sync failed: the kernel calls the pages clean, the disk never got them

    def settle(self, choose: Choose) -> None:
        """What a power loss makes of it: any subset of the unsynced sectors may have reached the disk."""
        if not choose():
            self.live = bytearray(self.durable)
            return
        before = self.durable[: len(self.live)].ljust(len(self.live), b"\0")
        for start in range(0, len(self.live), SECTOR_BYTES):
            sector = slice(start, start + SECTOR_BYTES)
            if self.live[sector] != before[sector] and not choose():
                self.live[sector] = before[sector]
        self.durable = bytes(self.live)


class Host(Protocol):
    """What a file or a lock needs of its file system. `epoch` counts the processes that died."""

    epoch: int
    misuse: list[str]
    locks: set[Path]

    def enter(self, operation: str, path: Path) -> None:
        """Count, log and perhaps fail an operation."""

    def reserve(self, size: int) -> None:
        """Take `size` bytes of the disk, or ENOSPC."""

    def is_named(self, inode: Inode) -> bool:
        """Whether some name leads to the file."""


class MemoryFile:
    """An open file. Any use after a failed write or sync is noted in the file system's `misuse`."""

    def __init__(self, host: Host, path: Path, inode: Inode, *, writable: bool = True) -> None:
        self._host = host
        self._path = path
        self._inode = inode
        self._writable = writable
        self._epoch = host.epoch
        self._broken = False

    def read(self, size: int, offset: int) -> bytes:
        self._enter("read")
        return bytes(self._inode.live[offset : offset + size])

    def write(self, data: bytes, offset: int) -> None:
        """On a fault half of the bytes are written: what a short write leaves."""
        try:
            self._enter("write")
            self._host.reserve(max(0, offset + len(data) - len(self._inode.live)))
        except OSError:
            self._broken = True
            self._put(data[: len(data) // 2], offset)
            raise
        self._put(data, offset)

    def sync(self) -> None:
        try:
            self._enter("sync")
        except OSError:
            self._broken = self._inode.dropped = True
            raise
        if not self._inode.dropped:
            self._inode.durable = bytes(self._inode.live)

    def allocate(self, size: int) -> None:
        self._enter("allocate")
        more = max(0, size - len(self._inode.live))
        self._host.reserve(more)
        self._inode.live.extend(bytes(more))

    def truncate(self, size: int) -> None:
        self._enter("truncate")
        del self._inode.live[size:]

    def size(self) -> int:
        self._enter("size")
        return len(self._inode.live)

    def is_named(self) -> bool:
        return self._host.is_named(self._inode)

    def close(self) -> None:
        self._host.enter("close", self._path)

    def _put(self, data: bytes, offset: int) -> None:
        live = self._inode.live
        live.extend(bytes(max(0, offset - len(live))))
        live[offset : offset + len(data)] = data

    def _enter(self, operation: str) -> None:
        if self._epoch != self._host.epoch:
            raise OSError(errno.EBADF, "the process that opened this file is dead")
        if not self._writable and operation in ("write", "allocate", "truncate"):
            raise OSError(errno.EBADF, "the file was opened for reading")
        if self._broken and operation in ("write", "sync"):
            self._host.misuse.append(f"{operation} of {self._path.name} after an error")
        self._host.enter(operation, self._path)


class MemoryLock:
    """A held lock."""

    def __init__(self, host: Host, path: Path, inode: Inode) -> None:
        self._host = host
        self._path = path
        self._inode = inode

    def is_named(self) -> bool:
        return self._host.is_named(self._inode)

    def release(self) -> None:
        if self.is_named():
            self._host.locks.discard(self._path)
