"""How much of its capacity a spool uses, and the ballast that keeps a full disk workable."""

from __future__ import annotations

import errno
from pathlib import Path

from gatelog.spool.filesystem import FileSystem
from gatelog.spool.segment import list_segments, segment_path
from gatelog.spool.settings import KIB, SpoolSettings

BALLAST_NAME = "ballast"
SEGMENT_BYTES_LEAST = 16 * KIB  # below this a new segment would be all header
_FREE_SHARE = 4  # a new segment takes at most a quarter of what is free: a filling disk is used to its end

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_no_space(error: OSError) -> bool:
    """Whether the disk (or the user's quota) is full, as against broken."""
    return error.errno in _NO_SPACE


class Space:
    """Figures of one directory: exact when measured, carried forward by `grow` in between."""

    def __init__(self, directory: Path, settings: SpoolSettings, filesystem: FileSystem) -> None:
        self.used_bytes = 0
        self.capacity_bytes = settings.capacity_bytes
        self.segments = 0
        self.oldest_segment = 0
        self._directory = directory
        self._settings = settings
        self._filesystem = filesystem
        self._ballast = directory / BALLAST_NAME

    @property
    def share(self) -> float:
        """The part of the capacity in use; 1 or more means full."""
        return self.used_bytes / max(1, self.capacity_bytes)

    def grow(self, size: int) -> None:
        """`size` bytes were written."""
        self.used_bytes += size

    def begin_segment(self, segment: int, size: int) -> None:
        """A segment was created, and `size` bytes of it were written."""
        self.segments += 1
        self.oldest_segment = self.oldest_segment or segment
        self.used_bytes += size

    def measure(self, spare_bytes: int) -> None:
        """Read the figures anew. `spare_bytes` of the last segment are preallocated, not yet used."""
        numbers = list_segments(self._filesystem, self._directory)
        allocated = sum(self._size(number) for number in numbers)
        free = self._filesystem.free_bytes(self._directory)
        self.used_bytes = allocated - spare_bytes
        self.capacity_bytes = min(self._settings.capacity_bytes, allocated + free)
        self.segments = len(numbers)
        self.oldest_segment = numbers[0] if numbers else 0

    def segment_bytes(self, least: int) -> int:
        """The size for a new segment that must hold `least` bytes."""
        free = self._filesystem.free_bytes(self._directory)
        return max(least, SEGMENT_BYTES_LEAST, min(self._settings.segment_bytes, free // _FREE_SHARE))

    def keep_ballast(self) -> bool:
        """Preallocate the ballast if it is not there and fits; whether it is there now."""
        if self._holds_ballast():
            return True
        least = self._settings.ballast_bytes + SEGMENT_BYTES_LEAST
        if self._filesystem.free_bytes(self._directory) < least:
            return False
        release_ballast(self._directory, self._filesystem)
        file = self._filesystem.create(self._ballast)
        try:
            file.allocate(self._settings.ballast_bytes)
        except OSError:
            self._filesystem.unlink(self._ballast)
            raise
        finally:
            file.close()
        return True

    def _holds_ballast(self) -> bool:
        try:
            return self._filesystem.size(self._ballast) >= self._settings.ballast_bytes
        except FileNotFoundError:
            return self._settings.ballast_bytes == 0

    def _size(self, segment: int) -> int:
        try:
            return self._filesystem.size(segment_path(self._directory, segment))
        except FileNotFoundError:
            return 0  # the hub deleted it since the names were read


def release_ballast(directory: Path, filesystem: FileSystem) -> bool:
    """Give the ballast back to the disk; False if there was none."""
    try:
        filesystem.unlink(directory / BALLAST_NAME)
    except FileNotFoundError:
        return False
    return True
