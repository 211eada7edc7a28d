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

from gatelog.testing.memory_file import Choose, Inode, MemoryFile, MemoryLock


@dataclass
class _Fault:
    """Calls number `first` to `last` of an operation raise `error`."""

    operation: str
    error: OSError
    first: int
    last: int
    name: str


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
        self._live: dict[Path, Inode] = {}
        self._durable: dict[Path, Inode] = {}

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
        twins: dict[int, Inode] = {}
        for names, others in ((self._live, copy._live), (self._durable, copy._durable)):
            for path, inode in names.items():
                twin = twins.setdefault(id(inode), Inode(bytearray(inode.live), inode.durable))
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
        self._live[path] = self._durable[path] = Inode(bytearray(data), data)

    # FileSystem

    def create(self, path: Path) -> MemoryFile:
        self.enter("create", path)
        if path in self._live:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        inode = self._live[path] = Inode(bytearray())
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
        return MemoryLock(self, path, self._live.setdefault(path, Inode(bytearray())))

    def is_locked(self, path: Path) -> bool:
        return path in self.locks

    def has_unsyncable(self) -> bool:
        """Whether there is a file of which a sync has failed: a power loss takes what was written since."""
        return any(inode.dropped for inode in self._live.values())

    # Host of files and locks

    def is_named(self, inode: Inode) -> bool:
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

    def _find(self, path: Path) -> Inode:
        if path not in self._live:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        return self._live[path]

    def _set_durable(self, path: Path) -> None:
        if path in self._live:
            self._durable[path] = self._live[path]
        else:
            self._durable.pop(path, None)
