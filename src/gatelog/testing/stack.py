"""A whole gatelog on this machine, of real processes: simulators, gateway and hub under their supervisor.

with Stack(directory) as stack:
    client = openai.OpenAI(base_url=f"{stack.gateway_url}/openai/v1/", api_key=stack.keys["team-a"])
    …
    stack.wait_recorded(calls)
    columns, rows = stack.kql("Calls | count")
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

# Opening the store takes seconds on a busy machine; anything longer is a defect.
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
VISIBLE_TIMEOUT_S = 60.0

CONFIGURATION = """\
data: {directory}/data
gateway: {{listen: "127.0.0.1:{gateway}"}}
hub: {{listen: "127.0.0.1:{hub}", anonymous: true}}
backends:
{backends}
products:
  default: {{backends: [{names}], capture: required}}
  bulk: {{backends: [{reversed_names}], capture: best_effort, on_abort: drain}}
subscriptions:
  team-a: {{product: default, keys: ["${{env:TEAM_A_KEY}}"]}}
  team-b: {{product: bulk, keys: ["${{env:TEAM_B_KEY}}"]}}
"""


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Poll until `condition` holds; AssertionError naming `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def accepts(port: int) -> bool:
    """Whether something listens on the loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False


class Stack:
    """Simulators named `names`, a gateway and a hub; everything ends with the `with` block.

    `token` is what its own questions sign in with, where the configuration is not anonymous.
    """

    keys: Mapping[str, str] = {"team-a": "team-a-key-00000001", "team-b": "team b key 00000002"}

    def __init__(
        self, directory: Path, *, names: Sequence[str] = ("east", "west"), configuration: str = CONFIGURATION
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.names = names
        self.simulator_ports = {name: free_port() for name in names}
        self.gateway_port = free_port()
        self.hub_port = free_port()
        self.gateway_url = f"http://127.0.0.1:{self.gateway_port}"
        self.hub_url = f"http://127.0.0.1:{self.hub_port}"
        self.config = directory / "gatelog.yaml"
        self.config.write_text(self._fill(configuration))
        self.token = ""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _fill(self, template: str) -> str:
        backends = "\n".join(
            f'  {name}: {{kind: azure-openai, url: "http://127.0.0.1:{port}", api_key: "key-of-{name}"}}'
            for name, port in self.simulator_ports.items()
        )
        return template.format(
            directory=self.directory,
            gateway=self.gateway_port,
            hub=self.hub_port,
            backends=backends,
            names=", ".join(self.names),
            reversed_names=", ".join(reversed(self.names)),
        )

    # processes

    def __enter__(self) -> Self:
        try:
            for name in self.names:
                self.start_simulator(name)
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "TEAM_A_KEY": self.keys["team-a"],
            "TEAM_B_KEY": self.keys["team-b"],
        }
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program with arguments of our own
                [sys.executable, "-m", "gatelog", *arguments], stdout=log, stderr=log, env=environment
            )
        self._processes[name] = process
        return process

    def start_simulator(self, name: str, *arguments: str) -> None:
        """Start one simulator, with its ledger below the stack's directory."""
        port = self.simulator_ports[name]
        process = self._spawn(
            f"simulator-{name}",
            *("simulate", "--listen", f"127.0.0.1:{port}", "--name", name),
            *("--ledger", str(self.ledger_path(name)), *arguments),
        )
        self._wait_for(process, lambda: accepts(port), f"simulator {name} serves")

    def start(self) -> None:
        """Start gateway and hub under their supervisor, and wait until both serve."""
        log = self.directory / "run.log"
        seen = log.read_bytes().count(b"ready") if log.exists() else 0
        process = self.launch()
        self._wait_for(process, lambda: log.read_bytes().count(b"ready") > seen, "gatelog run is ready")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start them, and wait for nothing."""
        return self._spawn("run", "run", "--config", str(self.config))

    def _wait_for(self, process: subprocess.Popen[bytes], condition: Callable[[], bool], what: str) -> None:
        def happened() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"{process.args!r} ended with {process.returncode}: {self.log()}")
            return condition()

        wait_until(happened, what, START_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM to the supervisor; its exit code."""
        process = self._processes.pop("run")
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_TIMEOUT_S)

    def close(self) -> None:
        """End every process of the stack."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def wing(self, name: str) -> int:
        """The process id of the running `gateway` or `hub`."""
        for pid in children(self._processes["run"].pid):
            with contextlib.suppress(FileNotFoundError):
                if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return pid
        raise ProcessLookupError(name)

    def kill_wing(self, name: str) -> None:
        """SIGKILL the gateway or the hub; the supervisor starts it again."""
        os.kill(self.wing(name), signal.SIGKILL)

    def log(self) -> str:
        """The end of what gateway and hub said."""
        path = self.directory / "run.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    # what the simulators know

    def ledger_path(self, name: str) -> Path:
        """The ledger of one simulator."""
        return self.directory / f"ledger-{name}.jsonl"

    def ledger(self) -> list[dict[str, Any]]:
        """What all simulators answered, each entry with the simulator's name as `backend`."""
        entries = []
        for name in self.names:
            path = self.ledger_path(name)
            if path.exists():
                entries += [{**json.loads(line), "backend": name} for line in path.read_bytes().splitlines()]
        return entries

    # what the hub knows

    def get(self, path: str) -> Any:
        """A JSON page of the hub."""
        with urllib.request.urlopen(f"{self.hub_url}{path}", timeout=30) as response:  # noqa: S310 - our own hub
            return json.load(response)

    def kql(self, query: str) -> tuple[list[str], list[list[Any]]]:
        """Column names and rows, as the hub's JSON has them."""
        request = urllib.request.Request(  # noqa: S310 - our own hub
            f"{self.hub_url}/query",
            data=json.dumps({"query": query}).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {self.token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310 - our own hub
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 503:
                raise ConnectionError("the hub's store is opening") from error
            raise AssertionError(error.read().decode()) from error
        return [column["name"] for column in answer["columns"]], answer["rows"]

    def scalar(self, query: str) -> Any:
        """The single value of a query."""
        return self.kql(query)[1][0][0]

    def wait_recorded(self, calls: int, timeout_s: float = VISIBLE_TIMEOUT_S) -> None:
        """Until `Calls` holds at least so many rows."""

        def recorded() -> bool:
            try:
                return int(self.scalar("Calls | count")) >= calls
            except OSError:
                return False  # the hub is starting again

        wait_until(recorded, f"{calls} calls in the store", timeout_s)
