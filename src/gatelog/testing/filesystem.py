"""A file system in memory for `gatelog.spool`: it forgets what was not synced, and fails on demand.

live     what a process sees (the page cache)      ── sync, sync_directory ──►  durable
durable  what a power loss leaves

kill()   the process dies: locks are gone, `live` stays
crash()  the power goes: `durable` is left, and by choice some sectors and names that were not synced
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_SECTOR_BYTES = 512

Choose = Callable[[], bool]


@dataclass
class _Inode:
    live: bytearray
    durable: bytes = b""
    dropped: bool = False  # a sync failed: the kernel calls the pages clean, the disk never got them

    def settle(self, choose: Choose) -> None:
        """What a power loss makes of it: any subset of the unsynced sectors may have reached the disk."""
        if not choose():
            self.live = bytearray(self.durable)
            return
        before = self.durable[: len(self.live)].ljust(len(self.live), b"\0")
        for start in range(0, len(self.live), _SECTOR_BYTES):
            sector = slice(start, start + _SECTOR_BYTES)
            if self.live[sector] != before[sector] and not choose():
                self.live[sector] = before[sector]
        self.durable = bytes(self.live)


@dataclass
class _Fault:
    """Calls number `first` to `last` of an operation raise `error`."""

    operation: str
    error: OSError
    first: int
    last: int
    name: str


class MemoryFile:
    """An open file. Any use after a failed write or sync is noted in the file system's `misuse`."""

    def __init__(
        self, filesystem: MemoryFileSystem, path: Path, inode: _Inode, *, writable: bool = True
    ) -> None:
        self._filesystem = filesystem
        self._path = path
        self._inode = inode
        self._writable = writable
        self._epoch = filesystem.epoch
        self._broken = False

    def read(self, size: int, offset: int) -> bytes:
        self._enter("read")
        return bytes(self._inode.live[offset : offset + size])

    def write(self, data: bytes, offset: int) -> None:
        """On a fault half of the bytes are written: what a short write leaves."""
        try:
            self._enter("write")
            self._filesystem.reserve(max(0, offset + len(data) - len(self._inode.live)))
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
        self._filesystem.reserve(more)
        self._inode.live.extend(bytes(more))

    def truncate(self, size: int) -> None:
        self._enter("truncate")
        del self._inode.live[size:]

    def size(self) -> int:
        self._enter("size")
        return len(self._inode.live)

    def is_named(self) -> bool:
        return self._filesystem.is_named(self._inode)

    def close(self) -> None:
        self._filesystem.enter("close", self._path)

    def _put(self, data: bytes, offset: int) -> None:
        live = self._inode.live
        live.extend(bytes(max(0, offset - len(live))))
        live[offset : offset + len(data)] = data

    def _enter(self, operation: str) -> None:
        if self._epoch != self._filesystem.epoch:
            raise OSError(errno.EBADF, "the process that opened this file is dead")
        if not self._writable and operation in ("write", "allocate", "truncate"):
            raise OSError(errno.EBADF, "the file was opened for reading")
        if self._broken and operation in ("write", "sync"):
            self._filesystem.misuse.append(f"{operation} of {self._path.name} after an error")
        self._filesystem.enter(operation, self._path)


class MemoryLock:
    """A held lock."""

    def __init__(self, filesystem: MemoryFileSystem, path: Path, inode: _Inode) -> None:
        self._filesystem = filesystem
        self._path = path
        self._inode = inode

    def is_named(self) -> bool:
        return self._filesystem.is_named(self._inode)

    def release(self) -> None:
        if self.is_named():
            self._filesystem.locks.discard(self._path)


class MemoryFileSystem:
    """Files in memory. `before` is called ahead of every operation, with its name and the path."""

    def __init__(self, capacity_bytes: int = 1 << 40) -> None:
        self.capacity_bytes = capacity_bytes
        self.before: Callable[[str, Path], None] | None = None
        self.calls: Counter[str] = Counter()
        self.log: list[tuple[str, str]] = []  # (operation, file name), reads left out
        self.misuse: list[str] = []
        self.locks: set[Path] = set()
        self.epoch = 0
        self._faults: list[_Fault] = []
        self._directories: set[Path] = set()
        self._live: dict[Path, _Inode] = {}
        self._durable: dict[Path, _Inode] = {}

    # faults

    def fail(
        self, operation: str, code: int = errno.EIO, *, at: int = 1, times: int = 1, name: str = ""
    ) -> None:
        """The `at`-th next call of `operation`, and `times` - 1 after it, raise OSError(code).

        `name` limits this to files whose name contains it; the count is of all calls of the operation.
        """
        first = self.calls[operation] + at
        error = OSError(code, errno.errorcode[code])
        self._faults.append(_Fault(operation, error, first, first + times - 1, name))

    def mend(self) -> None:
        """No faults from now on."""
        self._faults.clear()

    def kill(self) -> None:
        """The process dies at once; what it wrote stays in the page cache."""
        self.epoch += 1
        self.locks.clear()
        self.before = None

    def crash(self, choose: Choose = lambda: False) -> None:
        """The power goes. `choose` decides for each unsynced sector and name whether it survived."""
        self.kill()
        for path in self._live.keys() | self._durable.keys():
            if self._live.get(path) is not self._durable.get(path) and choose():
                self._set_durable(path)
        self._live = dict(self._durable)
        for inode in {id(inode): inode for inode in self._live.values()}.values():
            inode.settle(choose)
            inode.dropped = False

    def durable_copy(self) -> MemoryFileSystem:
        """The disk as a power loss now would leave it."""
        copy = MemoryFileSystem(self.capacity_bytes)
        for path, inode in self._durable.items():
            copy.put(path, inode.durable)
        return copy

    def crashed_copy(self, choose: Choose) -> MemoryFileSystem:
        """The disk as a power loss now would leave it; `choose` as for `crash`. This one goes on."""
        copy = MemoryFileSystem(self.capacity_bytes)
        twins: dict[int, _Inode] = {}
        for names, others in ((self._live, copy._live), (self._durable, copy._durable)):
            for path, inode in names.items():
                twin = twins.setdefault(id(inode), _Inode(bytearray(inode.live), inode.durable))
                others[path] = twin
        copy._directories = set(self._directories)
        copy.crash(choose)
        return copy

    # contents, for tests

    def paths(self) -> list[Path]:
        """Every file."""
        return list(self._live)

    def content(self, path: Path) -> bytearray:
        """The live bytes of a file, to look at and to damage."""
        return self._live[path].live

    def put(self, path: Path, data: bytes) -> None:
        """A durable file."""
        self._directories.add(path.parent)
        self._live[path] = self._durable[path] = _Inode(bytearray(data), data)

    # FileSystem

    def create(self, path: Path) -> MemoryFile:
        self.enter("create", path)
        if path in self._live:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        inode = self._live[path] = _Inode(bytearray())
        return MemoryFile(self, path, inode)

    def open(self, path: Path, *, writable: bool = False) -> MemoryFile:
        self.enter("open", path)
        return MemoryFile(self, path, self._find(path), writable=writable)

    def names(self, directory: Path) -> list[str]:
        self.enter("names", directory)
        below = [path.relative_to(directory) for path in self._live if directory in path.parents]
        return list({path.parts[0] for path in below})

    def size(self, path: Path) -> int:
        self.enter("size", path)
        return len(self._find(path).live)

    def rename(self, source: Path, target: Path) -> None:
        self.enter("rename", target)
        self._live[target] = self._live.pop(source)

    def unlink(self, path: Path) -> None:
        self.enter("unlink", path)
        self._find(path)
        del self._live[path]
        self.locks.discard(path)

    def make_directory(self, directory: Path) -> None:
        self.enter("make_directory", directory)
        self._directories.add(directory)

    def remove_directory(self, directory: Path) -> None:
        self.enter("remove_directory", directory)
        if any(directory in path.parents for path in self._live):
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(directory))
        self._directories.discard(directory)

    def sync_directory(self, directory: Path) -> None:
        self.enter("sync_directory", directory)
        for path in self._live.keys() | self._durable.keys():
            if path.parent == directory:
                self._set_durable(path)

    def free_bytes(self, directory: Path) -> int:
        self.enter("free_bytes", directory)
        return max(0, self.capacity_bytes - sum(len(inode.live) for inode in self._live.values()))

    def lock(self, path: Path) -> MemoryLock | None:
        self.enter("lock", path)
        if path in self.locks:
            return None
        self.locks.add(path)
        return MemoryLock(self, path, self._live.setdefault(path, _Inode(bytearray())))

    def is_locked(self, path: Path) -> bool:
        return path in self.locks

    # shared with MemoryFile

    def is_named(self, inode: _Inode) -> bool:
        """Whether some name leads to the file."""
        return any(inode is named for named in self._live.values())

    def enter(self, operation: str, path: Path) -> None:
        """Count, log and perhaps fail an operation."""
        self.calls[operation] += 1
        if operation not in ("read", "names", "size", "free_bytes"):
            self.log.append((operation, path.name))
        if self.before is not None:
            self.before(operation, path)
        for fault in self._faults:
            matches = fault.operation == operation and fault.name in path.name
            if matches and fault.first <= self.calls[operation] <= fault.last:
                raise fault.error

    def reserve(self, size: int) -> None:
        """Take `size` bytes of the disk, or ENOSPC."""
        used = sum(len(inode.live) for inode in self._live.values())
        if used + size > self.capacity_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _find(self, path: Path) -> _Inode:
        if path not in self._live:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        return self._live[path]

    def _set_durable(self, path: Path) -> None:
        if path in self._live:
            self._durable[path] = self._live[path]
        else:
            self._durable.pop(path, None)
