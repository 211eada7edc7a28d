"""What was asked before, kept in the user's state directory, readable by the user only.

Queries can quote prompts: the file has mode 0600, and GATELOG_HISTORY=off keeps none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_toolkit.history import FileHistory

HISTORY_VARIABLE: Final = "GATELOG_HISTORY"
"""Names another file, or is `off`."""

HISTORY_BYTES_MAX: Final = 1024 * 1024
"""Size at which the older half is forgotten: thousands of queries."""


def history_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the history is kept; None where none is wanted."""
    named = environ.get(HISTORY_VARIABLE, "")
    if named.lower() in {"off", "none", "0"}:
        return None
    if named:
        return Path(named)
    state = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "gatelog" / "history"


class _KeptHistory(FileHistory):
    """A full disk ends no session: what cannot be written is known until its end."""

    def store_string(self, string: str) -> None:
        """As in FileHistory."""
        with suppress(OSError):
            super().store_string(string)


def open_history(file: Path) -> FileHistory:
    """The history in `file`, which is made, cut and closed to others as need be. OSError if it cannot be."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    file.chmod(0o600)
    if file.stat().st_size > HISTORY_BYTES_MAX:
        _forget_older_half(file)
    return _KeptHistory(str(file))


def _forget_older_half(file: Path) -> None:
    """Keep what follows the first entry of the newer half; an entry begins with an empty line."""
    kept = file.read_bytes()[-HISTORY_BYTES_MAX // 2 :]
    file.write_bytes(kept[max(kept.find(b"\n\n"), 0) :])
