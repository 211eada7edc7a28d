"""How far a consumer has come: an append-only log of positions, never changed in place.

entry, 24 bytes:  marker 4 │ segment 8 │ offset 8 │ crc32c 4          the last valid entry counts
"""

from __future__ import annotations

import contextlib
import logging
import re
import struct
from pathlib import Path

import google_crc32c

from gatelog.errors import SpoolError, SpoolFailedError, SpoolFullError
from gatelog.spool.filesystem import File, FileSystem, OsFileSystem
from gatelog.spool.segment import Position
from gatelog.spool.settings import MIB
from gatelog.spool.space import is_no_space, release_ballast

logger = logging.getLogger(__name__)

ACK_LOG_BYTES_MAX = 1 * MIB  # then it is compacted to one entry

_MARKER = b"\xffAK\xfe"
_FIELDS = struct.Struct("<4sQQ")
_CRC = struct.Struct("<I")
_ENTRY_BYTES = _FIELDS.size + _CRC.size
_SINK = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LOG_NAME = re.compile(rf"ack-({_SINK.pattern})\.log")
_ANY_NAME = re.compile(rf"ack-{_SINK.pattern}\.(?:log|new)")


class AckLog:
    """The progress of one sink in one spool directory. `position` is None before the first ack."""

    def __init__(self, directory: Path, sink: str, filesystem: FileSystem) -> None:
        self.position: Position | None = None
        self._directory = directory
        self._path = ack_log_path(directory, sink)
        self._filesystem = filesystem
        self._file: File | None = None
        self._end = 0

    @classmethod
    def open(cls, directory: Path, sink: str, filesystem: FileSystem = OsFileSystem()) -> AckLog:  # noqa: B008 - stateless
        """Read the log of `sink` (lower-case letters, digits, - and _); an absent log is an empty one."""
        log = cls(directory, sink, filesystem)
        try:
            log._read()
        except OSError as error:
            raise SpoolFailedError(f"{log._path} cannot be read: {error.strerror}") from error
        return log

    def ack(self, position: Position) -> None:
        """Everything below `position` is done with: durable when this returns.

        SpoolFullError or SpoolFailedError: nothing has changed, try again. ValueError: that is a step back.
        """
        if self.position is not None and position < self.position:
            raise ValueError(f"{self._path} is at {self.position}: it cannot go back to {position}")
        if position == self.position:
            return
        try:
            self._write(position)
        except OSError as error:
            self.close()
            if not (is_no_space(error) and release_ballast(self._directory, self._filesystem)):
                raise self._mapped(error) from error
            self._rewrite_or_raise(position)
        self.position = position

    def close(self) -> None:
        """Release the descriptor; the log can be used again."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # every entry in it is durable, or was reported as failed
                file.close()

    def _read(self) -> None:
        try:
            file = self._filesystem.open(self._path)
        except FileNotFoundError:
            return
        try:
            data = file.read(file.size(), 0)
        finally:
            file.close()
        entries = [_unpack(data[at : at + _ENTRY_BYTES]) for at in range(0, len(data), _ENTRY_BYTES)]
        positions = [entry for entry in entries if entry is not None]
        if len(positions) < len(entries):
            logger.warning("%s: %d invalid entries ignored", self._path, len(entries) - len(positions))
        self.position = positions[-1] if positions else None

    def _write(self, position: Position) -> None:
        """Append an entry; into a new file where there is none, it is too long, or it cannot be trusted."""
        if self._file is None or self._end + _ENTRY_BYTES > ACK_LOG_BYTES_MAX:
            self._rewrite(position)
            return
        self._file.write(_pack(position), self._end)
        self._file.sync()
        self._end += _ENTRY_BYTES

    def _rewrite(self, position: Position) -> None:
        """A new file with one entry takes the old one's place in one step."""
        self.close()
        fresh = self._path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            self._filesystem.unlink(fresh)
        file = self._filesystem.create(fresh)
        try:
            file.write(_pack(position), 0)
            file.sync()
            self._filesystem.rename(fresh, self._path)
            self._filesystem.sync_directory(self._directory)
        except OSError:
            file.close()
            raise
        self._file, self._end = file, _ENTRY_BYTES

    def _rewrite_or_raise(self, position: Position) -> None:
        try:
            self._rewrite(position)
        except OSError as error:
            raise self._mapped(error) from error

    def _mapped(self, error: OSError) -> SpoolError:
        kind = SpoolFullError if is_no_space(error) else SpoolFailedError
        return kind(f"{self._path} cannot be written: {error.strerror}: the ack is repeated later")


def ack_log_path(directory: Path, sink: str) -> Path:
    """Where the progress of a sink is kept."""
    if not _SINK.fullmatch(sink):
        raise ValueError(f"sink {sink!r} cannot name a file: use 1 to 64 of a-z, 0-9, - and _")
    return directory / f"ack-{sink}.log"


def is_ack_log(name: str) -> bool:
    """Whether a file is an ack log, or what a crash left of a new one."""
    return _ANY_NAME.fullmatch(name) is not None


def acked_positions(directory: Path, filesystem: FileSystem) -> list[Position]:
    """The positions of all sinks that have acknowledged anything in this directory."""
    sinks = [match[1] for name in filesystem.names(directory) if (match := _LOG_NAME.fullmatch(name))]
    positions = [AckLog.open(directory, sink, filesystem).position for sink in sinks]
    return [position for position in positions if position is not None]


def _pack(position: Position) -> bytes:
    fields = _FIELDS.pack(_MARKER, *position)
    return fields + _CRC.pack(google_crc32c.value(fields))


def _unpack(entry: bytes) -> Position | None:
    if len(entry) != _ENTRY_BYTES or _CRC.unpack_from(entry, _FIELDS.size)[0] != google_crc32c.value(
        entry[: _FIELDS.size]
    ):
        return None
    marker, segment, offset = _FIELDS.unpack_from(entry)
    return Position(segment, offset) if marker == _MARKER else None
