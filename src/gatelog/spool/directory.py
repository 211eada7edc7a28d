"""Spool directories as wholes: finding them, and deleting what everybody has acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gatelog.spool.filesystem import FileSystem, OsFileSystem
from gatelog.spool.journal import LOCK_NAME
from gatelog.spool.segment import Position, list_segments, segment_numbers, segment_path


def spools(root: Path) -> list[Path]:
    """The spool directories directly below `root`, by name; none if `root` does not exist yet."""
    if not root.is_dir():
        return []
    return sorted(place for place in root.iterdir() if place.is_dir() and _is_spool(place))


def is_locked(directory: Path, filesystem: FileSystem = OsFileSystem()) -> bool:  # noqa: B008 - stateless
    """Whether a writer has the directory open now."""
    return filesystem.is_locked(directory / LOCK_NAME)


def collect(
    directory: Path,
    acked: Iterable[Position | None],
    filesystem: FileSystem = OsFileSystem(),  # noqa: B008 - stateless
) -> int:
    """Delete the segments wholly below every sink's ack; how many. None = that sink has acked nothing.

    The acks are durable already (`AckLog.ack`), then names go, then the directory is synced: a crash
    in between leaves a segment too much, never one too few.
    """
    positions = list(acked)
    if not positions or None in positions:
        return 0
    least = min(position.segment for position in positions if position is not None)
    done = [segment for segment in list_segments(filesystem, directory) if segment < least]
    for segment in done:
        filesystem.unlink(segment_path(directory, segment))
    if done:
        filesystem.sync_directory(directory)
    return len(done)


def _is_spool(place: Path) -> bool:
    try:
        names = [entry.name for entry in place.iterdir()]
    except FileNotFoundError:  # it was removed since it was found (`retire`)
        return False
    return LOCK_NAME in names or bool(segment_numbers(names))
