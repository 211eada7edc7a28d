"""The durable journal between the gateway (which writes it) and the hub (which reads it).

    DIR/lock · DIR/<segment>.seg · DIR/ack-<sink>.log · DIR/ballast · DIR/quarantine/

    segment   header │ header │ record │ record │ ... │ SEAL          docs/specs/spool.md
    record    marker │ length │ seq │ kind │ flags │ header crc │ payload crc │ payload

Reported durable = synced. Payloads are opaque bytes with a kind from 1 to 239.
"""

from gatelog.spool.ack import AckLog
from gatelog.spool.assemble import SpoolRecord
from gatelog.spool.directory import collect, is_locked, spools
from gatelog.spool.filesystem import File, FileSystem, Lock, OsFileSystem
from gatelog.spool.reader import DamageCounters, SpoolReader
from gatelog.spool.retire import retire
from gatelog.spool.segment import Position
from gatelog.spool.settings import Level, SpoolSettings, SpoolStatistics
from gatelog.spool.verify import DamagedPlace, Gap, VerifyReport, verify
from gatelog.spool.writer import SpoolWriter

__all__ = [
    "AckLog",
    "DamageCounters",
    "DamagedPlace",
    "File",
    "FileSystem",
    "Gap",
    "Level",
    "Lock",
    "OsFileSystem",
    "Position",
    "SpoolReader",
    "SpoolRecord",
    "SpoolSettings",
    "SpoolStatistics",
    "SpoolWriter",
    "VerifyReport",
    "collect",
    "is_locked",
    "retire",
    "spools",
    "verify",
]
