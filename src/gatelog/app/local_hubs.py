"""Which hubs of this user run on this machine, so that commands find the local token by the URL alone.

    $XDG_RUNTIME_DIR/gatelog/hub-8081   (or below the temporary directory, a directory a user, mode 0700)
        /var/lib/gatelog                the data directory of the hub on that port; it holds the token

No token lies here, and a directory that somebody else could write is not believed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path


def register(port: int, data: Path, *, environ: Mapping[str, str] = os.environ) -> None:
    """Note that the hub on `port` keeps its data in `data`. Commands can do without: failure is no error."""
    directory = _directory(environ)
    with contextlib.suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(directory):
            (directory / f"hub-{port}").write_text(f"{data.absolute()}\n")


def unregister(port: int, *, environ: Mapping[str, str] = os.environ) -> None:
    """Forget the hub on `port`."""
    with contextlib.suppress(OSError):
        (_directory(environ) / f"hub-{port}").unlink()


def data_of(port: int, *, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The data directory of this user's hub on `port`, as far as it is known."""
    directory = _directory(environ)
    with contextlib.suppress(OSError):
        if _is_private(directory):
            return Path((directory / f"hub-{port}").read_text().strip())
    return None


def _directory(environ: Mapping[str, str]) -> Path:
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "gatelog"
    return Path(tempfile.gettempdir()) / f"gatelog-{os.getuid()}"


def _is_private(directory: Path) -> bool:
    status = directory.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
