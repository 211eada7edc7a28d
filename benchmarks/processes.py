"""Server processes under measurement: started, waited for, weighed, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

START_TIMEOUT_S = 90.0  # LiteLLM needs twelve seconds on an idle machine
STOP_TIMEOUT_S = 15.0
CLOCK_TICKS_S = os.sysconf("SC_CLK_TCK")
NOTHING: Mapping[str, str] = MappingProxyType({})


class NotServingError(Exception):
    """A server ended, or listened to nothing, when it should have served."""


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] = NOTHING
) -> Iterator[int]:
    """Run a server until the `with` block ends; yields its process id once the port accepts.

    NotServingError.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
    try:
        _wait_for_port(port, process, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = (log.read_text(errors="replace").strip() or "without a word").splitlines()[-1]
            raise NotServingError(f"ended with {process.returncode}: {last}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise NotServingError(f"nothing listens on its port after {START_TIMEOUT_S:.0f} s")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_S
    return own + sum(map(cpu_seconds, _children(pid)))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its children."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(resident_bytes, _children(pid)))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
