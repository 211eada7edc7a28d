"""The data directory as the hub uses it. One hub has it open at a time.

<data>/hub.lock      held while a hub (or a query without a hub) has the store open
<data>/hub.token     see auth.py
<data>/spool/*/      what gateways write
<data>/store/        the embedded store
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatelog.errors import ConfigError, ConfigProblem
from gatelog.store import Store

LOCK_FILE = "hub.lock"


def spool_root(data: Path) -> Path:
    """Where gateways keep their spools, a directory each."""
    return data / "spool"


def embedded_dsn(data: Path) -> str:
    """The DSN of the embedded store in `data`."""
    return f"chdb://{(data / 'store').absolute()}"


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Be the only one to have `data` open; ConfigError if somebody else has."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        hint = "ask the hub (--hub URL), or end what has it open first"
        raise ConfigError([ConfigProblem("data", f"a hub or a shell has {data} open", hint)]) from None
    except OSError as error:  # a network's file system without locks, for one
        what = f"{data} cannot be locked ({error.strerror})"
        hint = "name a directory on a disk of this machine"
        raise ConfigError([ConfigProblem("data", what, hint)]) from error


@contextmanager
def open_store(data: Path, dsn: str = "") -> Iterator[Store]:
    """The store of a data directory that no hub has open, or the one at `dsn`. Blocks for seconds."""
    with claimed(data):
        store = Store.open(dsn or embedded_dsn(data))
        try:
            yield store
        finally:
            store.close()
