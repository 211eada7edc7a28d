"""The supervisor: its children serve before it says so, die alone, and are stopped in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIMIT_S = 20.0

# Stands for `gatelog gateway …` and `gatelog hub …`: writes down what happens to it.
WING = """
import os, signal, sys, time
name, options = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))
journal = os.path.join(options["--data"], "journal")
def note(text):
    with open(journal, "a") as file:
        file.write(f"{name} {text} {os.getpid()}\\n")
note("started")
fails = os.path.join(options["--data"], f"{name}-fails")
if os.path.exists(fails):
    sys.exit(int(open(fails).read()))
def drain(*_):
    note("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
with os.fdopen(int(options["--ready-fd"]), "w") as pipe:
    pipe.write(f"{name} http://{name}.test\\n")
os.read(int(options["--parent-fd"]), 1)
note("orphaned")
"""

DRIVER = """
import asyncio, sys
from pathlib import Path
from gatelog.app.supervisor import Supervisor
from gatelog.config import Config
wing, data = sys.argv[1:]
asyncio.run(Supervisor(Config(data=Path(data)), Path("unused"), program=(sys.executable, wing)).run())
"""


class Running:
    """A supervisor as a process, and what its children wrote down."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        wing = directory / "wing.py"
        wing.write_text(WING)
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(wing), str(directory)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def events(self) -> list[str]:
        return [line.rpartition(" ")[0] for line in self._journal()]

    def pids(self, name: str) -> list[int]:
        return [int(line.split()[2]) for line in self._journal() if line.startswith(f"{name} started")]

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, self.events()
            time.sleep(0.01)

    def _journal(self) -> list[str]:
        file = self.directory / "journal"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Running]]:
    running: list[Running] = []

    def starting() -> Running:
        running.append(Running(tmp_path))
        return running[-1]

    yield starting
    for supervisor in running:
        supervisor.process.kill()
        supervisor.process.communicate()


def test_it_is_ready_when_both_wings_are(start: Callable[[], Running]) -> None:
    running = start()
    assert running.ready_line() == "gatelog ready: gateway http://gateway.test, hub http://hub.test\n"
    assert sorted(running.events()) == ["gateway started", "hub started"]


def test_at_a_stop_the_gateway_drains_before_the_hub(start: Callable[[], Running]) -> None:
    running = start()
    running.ready_line()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(LIMIT_S) == 0
    assert running.events()[2:] == ["gateway drained", "hub drained"]


def test_a_wing_that_is_killed_comes_back_and_the_other_stays(start: Callable[[], Running]) -> None:
    running = start()
    running.ready_line()
    os.kill(running.pids("gateway")[0], signal.SIGKILL)
    running.until(lambda: len(running.pids("gateway")) == 2)
    assert len(running.pids("hub")) == 1
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(LIMIT_S) == 0


def test_a_hub_that_cannot_start_is_tried_again_while_the_gateway_serves(
    start: Callable[[], Running], tmp_path: Path
) -> None:
    """As with a damaged store: exit code 1."""
    failing = tmp_path / "hub-fails"
    failing.write_text("1")
    running = start()
    running.until(lambda: len(running.pids("hub")) >= 2)
    assert running.process.poll() is None
    assert running.events().count("gateway started") == 1
    failing.unlink()
    assert running.ready_line() == "gatelog ready: gateway http://gateway.test, hub http://hub.test\n"
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(LIMIT_S) == 0
    assert running.events()[-2:] == ["gateway drained", "hub drained"]


def test_a_stop_ends_the_gateway_though_the_hub_never_started(
    start: Callable[[], Running], tmp_path: Path
) -> None:
    (tmp_path / "hub-fails").write_text("1")
    running = start()
    running.until(lambda: len(running.pids("hub")) >= 2 and len(running.pids("gateway")) == 1)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(LIMIT_S) == 0
    assert "gateway drained" in running.events()


def test_a_wing_with_a_wrong_configuration_ends_everything(
    start: Callable[[], Running], tmp_path: Path
) -> None:
    (tmp_path / "hub-fails").write_text("2")
    running = start()
    assert running.ready_line() == ""
    assert running.process.wait(LIMIT_S) == 1
    assert running.process.stderr is not None
    assert "hub ended with exit code 2 before it served" in running.process.stderr.read()
    running.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running.pids("gateway")))


def test_wings_notice_that_the_supervisor_was_killed(start: Callable[[], Running]) -> None:
    running = start()
    running.ready_line()
    running.process.kill()
    running.until(lambda: {"gateway orphaned", "hub orphaned"} <= set(running.events()))
