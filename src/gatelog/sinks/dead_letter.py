"""Records that cannot become rows are put aside, whole, so that the others go on and nothing is thrown away.

<spool>/dead-letter/<segment>-<offset>.bin    the record as it was
<spool>/dead-letter/<segment>-<offset>.txt    why
"""

from __future__ import annotations

import logging
from pathlib import Path

from gatelog.spool import Position

log = logging.getLogger("gatelog.sinks")

FILES_MAX = 10_000
"""Dead letters kept in a spool directory: beyond it they are counted and logged only, to spare the disk."""


class DeadLetters:
    """The dead letters of one spool directory."""

    def __init__(self, spool: Path) -> None:
        self.directory = spool / "dead-letter"
        self.count = 0

    def put(self, position: Position, content: bytes, reason: str) -> None:
        """Keep one; raises OSError if the disk refuses, for then the record must stay in the spool."""
        self.count += 1
        name = f"{position.segment:020d}-{position.offset}"
        log.error("record at %s of %s is put aside: %s", name, self.directory.parent.name, reason)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if sum(1 for _ in self.directory.glob("*.bin")) >= FILES_MAX:
            log.error("%s holds %d dead letters: this one is not kept", self.directory, FILES_MAX)
            return
        (self.directory / f"{name}.bin").write_bytes(content)
        (self.directory / f"{name}.txt").write_text(reason + "\n", encoding="utf-8")
