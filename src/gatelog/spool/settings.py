"""What the spool is told, and what it tells: settings, back-pressure levels, statistics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Level(IntEnum):
    """How near the spool is to refusing; callers shed load by it."""

    OK = 0
    WARN = 1  # 70 % of the capacity in use: tell somebody
    DEGRADE = 2  # 85 %: bodies of best-effort traffic are to be dropped
    REJECT = 3  # 95 % or full: required traffic is to be refused
    FAILED = 4  # the disk refuses writes


LEVEL_SHARES = ((0.95, Level.REJECT), (0.85, Level.DEGRADE), (0.70, Level.WARN))


def level_of(share: float) -> Level:
    """The level for a share (0 to 1) of the capacity in use."""
    return next((level for least, level in LEVEL_SHARES if share >= least), Level.OK)


@dataclass(frozen=True)
class SpoolSettings:
    """Limits of one spool directory. Reasons for the defaults: docs/specs/spool.md, section 7."""

    segment_bytes: int = 64 * MIB
    record_bytes_max: int = 1 * MIB
    batch_bytes_max: int = 8 * MIB
    queue_bytes_max: int = 64 * MIB
    capacity_bytes: int = 10 * GIB
    ballast_bytes: int = 16 * MIB
    compression_level: int = 1
    compress_bytes_min: int = 4096
    probe_interval_s: float = 1.0
    linger_s: float = 0.02

    def __post_init__(self) -> None:
        for name, least in (
            ("segment_bytes", 16 * KIB),
            ("record_bytes_max", 1),
            ("batch_bytes_max", 1),
            ("queue_bytes_max", 1),
            ("capacity_bytes", 16 * KIB),
            ("ballast_bytes", 0),
            ("compress_bytes_min", 0),
            ("probe_interval_s", 0.001),
            ("linger_s", 0),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"spool {name} is {getattr(self, name)}: it must be at least {least}")
        if not 1 <= self.compression_level <= 19:
            raise ValueError(f"spool compression_level is {self.compression_level}: zstd takes 1 to 19")


@dataclass(frozen=True)
class SpoolStatistics:
    """One reading of a writer. Counts are since it was opened; `bytes`/`segments` are on disk now."""

    appended: int  # payloads handed to append
    durable: int  # payloads reported durable
    failed: int  # payloads reported with an error
    queued_bytes: int
    bytes: int
    capacity_bytes: int
    segments: int
    oldest_segment: int
    groups: int
    group_records_max: int
    sync_count: int
    sync_last_ns: int
    sync_max_ns: int
    write_errors: int
    next_seq: int
    level: Level
    error: str  # why the spool refuses now, "" if it does not
