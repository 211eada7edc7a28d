"""Removing a spool that nobody writes any more and that everybody has read to its end.

    writer's lock ─► mended, whole, acknowledged? ─ no ─► stays as it is
                          │ yes
                          ▼
    segments ─► directory synced ─► ballast ─► ack logs ─► lock ─► directory
                                               └ stay, with the directory, while it holds copies for people:
                                                 a later writer goes on behind their segment numbers

A crash in between leaves a spool without segments, which is removed the next time.
"""

from __future__ import annotations

from pathlib import Path

from gatelog.spool.ack import acked_positions, is_ack_log
from gatelog.spool.filesystem import FileSystem, OsFileSystem
from gatelog.spool.journal import LOCK_NAME
from gatelog.spool.reader import SpoolReader
from gatelog.spool.recovery import recover
from gatelog.spool.segment import list_segments, segment_path
from gatelog.spool.space import release_ballast
from gatelog.spool.verify import verify


def retire(directory: Path, filesystem: FileSystem = OsFileSystem()) -> bool:  # noqa: B008 - stateless
    """Remove the spool if no process writes it, nothing is damaged, and every sink has acknowledged all.

    False: it is not so, nothing was removed. OSError, SpoolError: it cannot be looked at, or removed whole.
    """
    lock = filesystem.lock(directory / LOCK_NAME)
    if lock is None:
        return False
    try:
        if not _is_done_with(directory, filesystem):
            return False
        _remove(directory, filesystem)
    finally:
        lock.release()
    return True


def _is_done_with(directory: Path, filesystem: FileSystem) -> bool:
    recover(directory, filesystem)  # keeps a copy of what a crash tore
    if not list_segments(filesystem, directory):
        return True
    acked = acked_positions(directory, filesystem)
    if not acked or verify(directory, filesystem).damaged:
        return False
    reader = SpoolReader(directory, start=min(acked), filesystem=filesystem)
    try:
        return not reader.read(records_max=1)
    finally:
        reader.close()


def _remove(directory: Path, filesystem: FileSystem) -> None:
    for segment in list_segments(filesystem, directory):
        filesystem.unlink(segment_path(directory, segment))
    filesystem.sync_directory(directory)
    release_ballast(directory, filesystem)
    left = set(filesystem.names(directory)) - {LOCK_NAME}
    ack_logs = {name for name in left if is_ack_log(name)}
    empties = left == ack_logs
    for name in [*ack_logs, LOCK_NAME] if empties else [LOCK_NAME]:
        filesystem.unlink(directory / name)
    if empties:
        filesystem.remove_directory(directory)
