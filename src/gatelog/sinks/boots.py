"""Which gateway process wrote a record: the spool's segments name a boot by 16 bytes, its Boot record by
words.

The Boot record is the first of its boot, so a reader that starts in the middle learns it from the sink. Where
the sink does not know it either (its data were lost), the directory's name and the bytes stand in: the boot
is begun under that name, so that the calls whose rows were lost are counted as missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from gatelog.model import Boot
from gatelog.store import BootRow, SpoolBoot


class Boots:
    """The boots of one spool directory."""

    def __init__(self, directory: str, known: Iterable[BootRow]) -> None:
        self._directory = directory
        self._known = {row.origin.id: row for row in known if row.origin.directory == directory}
        self._ended: dict[bytes, Boot] = {}
        # A boot whose last record was acknowledged before it was known to be over still has to be ended.
        self._running = {
            bytes.fromhex(row.origin.id): _boot_of(row) for row in self._known.values() if not row.ended
        }

    def origin(self, spool_boot: bytes) -> SpoolBoot:
        """Where the boot's records stand."""
        return SpoolBoot(self._directory, spool_boot.hex())

    def begin(self, spool_boot: bytes, boot: Boot) -> None:
        """Its Boot record was read."""
        self._running[spool_boot] = boot

    def knows(self, spool_boot: bytes) -> bool:
        """Whether its name is known: from its Boot record, or from the sink."""
        return spool_boot in self._running or spool_boot in self._ended or spool_boot.hex() in self._known

    def stand_in(self, spool_boot: bytes) -> Boot:
        """The name for a boot that nobody knows."""
        return Boot(self._directory, spool_boot.hex(), 0, "")

    def find(self, spool_boot: bytes) -> Boot:
        """The boot that wrote records of a segment; it counts as running from now on, though it was taken for
        ended: a gateway whose lock somebody deleted goes on.
        """
        boot = self._running.get(spool_boot)
        if boot is None:
            boot = self._restore(spool_boot)
            self.begin(spool_boot, boot)
        return boot

    def end(self, spool_boot: bytes) -> Boot:
        """Nothing more comes of it."""
        boot = self.find(spool_boot)
        self._ended[spool_boot] = self._running.pop(spool_boot)
        return boot

    def running(self) -> list[bytes]:
        """Boots seen and not ended, oldest first."""
        return list(self._running)

    def _restore(self, spool_boot: bytes) -> Boot:
        if spool_boot in self._ended:
            return self._ended[spool_boot]
        row = self._known.get(spool_boot.hex())
        return _boot_of(row) if row else self.stand_in(spool_boot)


def _boot_of(row: BootRow) -> Boot:
    return Boot(row.key.instance, row.key.boot, row.started_at_ns, row.version, row.pid)
