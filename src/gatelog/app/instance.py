"""The data directory and the name of this installation, both created once and kept."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from gatelog.errors import ConfigError, ConfigProblem

INSTANCE_BYTES = 8
"""Random bytes of an instance id: two installations of one organisation will not draw the same."""


def instance_id(data: Path) -> str:
    """The stable id of the installation in `data`: 16 hex digits, drawn at the first call.

    Creates `data` (mode 0700) where it is missing. Several processes may call it at once: all get one id.
    ConfigError where the directory cannot be made, written to or read.
    """
    file = data / "instance"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _create_once(file, secrets.token_hex(INSTANCE_BYTES) + "\n")
        return file.read_text().strip()
    except OSError as error:
        what = f"{data} cannot be used ({error.strerror})"
        raise ConfigError(
            [ConfigProblem("data", what, "name a directory that gatelog may write to")]
        ) from error


def _create_once(file: Path, text: str) -> None:
    """Write `file` whole, or leave the one that another process wrote first."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, file)
