"""The demo's installation: its directory, ports, configuration, and the processes that it is made of."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from gatelog.app.child import Child
from gatelog.errors import ConfigError, ConfigProblem
from gatelog.spool import OsFileSystem

DRAIN_S = 90.0
"""`gatelog run` takes its own grace for the gateway, then for the hub."""

SIMULATOR_KEY = "key-of-the-simulated-instances"
KEYS = {
    "research": "demo-key-research",
    "support": "demo-key-support",
    "finance": "demo-key-finance",
}
"""Subscriptions and their keys: for this machine only, where anybody may read them."""

CONFIGURATION = """\
# Written by `gatelog demo`. It is an ordinary configuration: try `gatelog check --config {file}`.
data: data
gateway: {{listen: "127.0.0.1:{gateway}"}}
hub: {{listen: "127.0.0.1:{hub}", anonymous: true, workspace: DEMO_WORKSPACE}}
backends:
  east: {{kind: azure-openai, url: "http://127.0.0.1:{east}", api_key: "{simulator}", region: swedencentral}}
  west: {{kind: azure-openai, url: "http://127.0.0.1:{west}", api_key: "{simulator}", region: westeurope}}
products:
  standard: {{backends: [east, west], capture: required}}
  bulk: {{backends: [west], capture: best_effort, on_abort: drain}}
subscriptions:
  research: {{product: standard, keys: ["{research}"]}}
  support: {{product: standard, keys: ["{support}"]}}
  finance: {{product: bulk, keys: ["{finance}"]}}
"""
ERROR = "error: "
"""How a command begins the line that says why it ends."""

HUB_LOCK = "hub.lock"
"""Held in the data directory by a hub or a shell."""

SCRIPT = "latency_ms: 80\npace_ms: 5\n"


class Ports(NamedTuple):
    """Where each part listens, on 127.0.0.1."""

    gateway: int
    hub: int
    east: int
    west: int

    @classmethod
    def choose(cls) -> Ports:
        """The usual ports, or free ones where those are taken."""
        return cls(*(port if _is_free(port) else _free_port() for port in (8080, 8081, 9001, 9002)))


class Installation:
    """A directory with a configuration for `ports`; `running` starts what it needs and stops it again."""

    def __init__(self, directory: Path, ports: Ports) -> None:
        self.config_file = directory / "gatelog.yaml"
        self.data = directory / "data"
        self.log_file = directory / "demo.log"
        self.gateway_url = f"http://127.0.0.1:{ports.gateway}"
        self.hub_url = f"http://127.0.0.1:{ports.hub}"
        self._directory = directory
        self._ports = ports
        self._log_begins = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Simulators, gateway and hub serve while the block runs. Raises StartError, or ConfigError."""
        with self._claimed() as log:
            self._write()
            lifeline, lifeline_end = os.pipe()
            self._log_begins = log.tell()
            children = [
                Child(name, command, lifeline, output=log) for name, command in self._commands().items()
            ]
            try:
                await asyncio.gather(*(child.start() for child in children))
                yield
            finally:
                for child in reversed(children):
                    await child.stop(DRAIN_S)
                os.close(lifeline_end)
                os.close(lifeline)

    def complaint(self) -> str:
        """The first error that something said since it was started last; empty if nothing did."""
        lines = self.log_file.read_bytes()[self._log_begins :].splitlines()
        said = (line.decode(errors="replace") for line in lines)
        return next((line.removeprefix(ERROR) for line in said if line.startswith(ERROR)), "")

    @contextmanager
    def _claimed(self) -> Iterator[IO[bytes]]:
        """The log. The children inherit its lock with it: the directory is free when the last has ended."""
        with self._told():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = self.log_file.open("ab")
        with log:
            if not self._lock(log) or self._has_a_hub():
                hint = "end what has it open first, or name another directory"
                raise ConfigError([ConfigProblem("--data", f"{self._directory} is in use", hint)])
            yield log

    def _lock(self, log: IO[bytes]) -> bool:
        """Whether nobody else has it."""
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:  # a network's file system without locks, for one
            what = f"{self._directory} cannot be locked ({error.strerror})"
            hint = "name a directory on a disk of this machine"
            raise ConfigError([ConfigProblem("--data", what, hint)]) from error
        return True

    def _has_a_hub(self) -> bool:
        lock = self.data / HUB_LOCK
        return lock.is_file() and OsFileSystem().is_locked(lock)

    def _write(self) -> None:
        text = CONFIGURATION.format(
            file=self.config_file, simulator=SIMULATOR_KEY, **self._ports._asdict(), **KEYS
        )
        with self._told():
            self.config_file.write_text(text)
            (self._directory / "simulator.yaml").write_text(SCRIPT)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """An OSError in the block is one of the directory that was named."""
        try:
            yield
        except OSError as error:
            what = f"{self._directory} cannot be used ({error.strerror})"
            hint = "name a directory that gatelog may write to"
            raise ConfigError([ConfigProblem("--data", what, hint)]) from error

    def _commands(self) -> Mapping[str, tuple[str, ...]]:
        gatelog = (sys.executable, "-m", "gatelog")
        return {
            "east": (*gatelog, *self._simulate("east", self._ports.east)),
            "west": (*gatelog, *self._simulate("west", self._ports.west)),
            "gatelog": (*gatelog, "run", "--config", str(self.config_file)),
        }

    def _simulate(self, name: str, port: int) -> tuple[str, ...]:
        return (
            *("simulate", "--name", name, "--listen", f"127.0.0.1:{port}"),
            *("--ledger", str(self._directory / f"ledger-{name}.jsonl")),
            *("--script", str(self._directory / "simulator.yaml"), "--api-key", SIMULATOR_KEY),
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
