"""Copies of damaged bytes, kept for people to look at."""

from __future__ import annotations

import logging
from pathlib import Path

from gatelog.spool.filesystem import File, FileSystem
from gatelog.spool.scan import Damage
from gatelog.spool.settings import MIB

logger = logging.getLogger(__name__)

DIRECTORY_NAME = "quarantine"
QUARANTINE_BYTES_MAX = 256 * MIB  # copies must not fill the disk; beyond it damage is only counted
_COPY_BYTES = 1 * MIB


class Quarantine:
    """The `quarantine/` directory of a spool. One copy per damaged place, whoever finds it first."""

    def __init__(self, directory: Path, filesystem: FileSystem) -> None:
        self._directory = directory / DIRECTORY_NAME
        self._filesystem = filesystem

    def keep(self, file: File, segment: int, damage: Damage) -> None:
        """Copy the damaged bytes. A copy that cannot be made is logged: it must not stop the spool."""
        logger.warning(
            "spool %s: segment %d, bytes %d to %d: %s",
            self._directory.parent, segment, damage.offset, damage.end, damage.what,
        )  # fmt: skip
        try:
            self._copy(file, f"{segment:020d}-{damage.offset}.bin", damage)
        except OSError as error:
            logger.warning("spool %s: no copy of the damaged bytes: %s", self._directory.parent, error)

    def _copy(self, file: File, name: str, damage: Damage) -> None:
        self._filesystem.make_directory(self._directory)
        names = self._filesystem.names(self._directory)
        held = sum(self._filesystem.size(self._directory / other) for other in names)
        if name in names or held + damage.end - damage.offset > QUARANTINE_BYTES_MAX:
            return
        copy = self._filesystem.create(self._directory / name)
        try:
            for offset in range(damage.offset, damage.end, _COPY_BYTES):
                part = file.read(min(_COPY_BYTES, damage.end - offset), offset)
                copy.write(part, offset - damage.offset)
            copy.sync()
        finally:
            copy.close()
        self._filesystem.sync_directory(self._directory)
