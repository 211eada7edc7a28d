"""How a process keeps in touch with the one that started it, over two inherited pipes.

starter ◄── ready ───── one line, once the process serves
starter ─── lifeline ─► nothing is ever written; it closes when the starter ends, SIGKILL included
"""

from __future__ import annotations

import logging
import os
import signal
import threading

log = logging.getLogger("gatelog.app")


def announce(text: str, ready: int | None) -> None:
    """Say that this process serves: to the starter behind `ready`, else on stdout."""
    if ready is None:
        print(f"gatelog ready: {text}", flush=True)
    else:
        with os.fdopen(ready, "w") as pipe:
            pipe.write(f"{text}\n")


def follow(parent: int | None) -> None:
    """Send this process SIGTERM once the starter behind the read end `parent` is gone."""
    if parent is not None:
        threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    os.read(parent, 1)
    log.warning("the process that started this one is gone: draining")
    os.kill(os.getpid(), signal.SIGTERM)
