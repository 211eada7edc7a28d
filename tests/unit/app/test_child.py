"""A child process: started, restarted when it dies, stopped in order, and never left behind."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatelog.app.child import Backoff, Child, StartError

LIMIT_S = 20.0
Run = Callable[[str, Callable[[Child, int], Awaitable[None]]], None]

CHILD = """
import os, signal, sys, time
mode, journal, _, ready, _, parent = sys.argv[1:]
def note(text):
    with open(journal, "a") as file:
        file.write(f"{text} {os.getpid()}\\n")
note("started")
if mode == "fails":
    sys.exit(3)
def drain(*_):
    note("drained")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else drain)
with os.fdopen(int(ready), "w") as pipe:
    pipe.write(f"child {os.getpid()}\\n")
os.read(int(parent), 1)
note("orphaned")
"""


class Journal:
    """What the child wrote down: (event, pid)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(self) -> list[str]:
        return [line.split()[0] for line in self._lines()]

    def pids(self) -> list[int]:
        return [int(line.split()[1]) for line in self._lines() if line.startswith("started")]

    def _lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


async def until(condition: Callable[[], bool]) -> None:
    """Poll for what another process does."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - another process raises no event here
            await asyncio.sleep(0.005)


def gone(pid: int) -> bool:
    """No such process."""
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def run(tmp_path: Path, journal: Journal) -> Run:
    """Run a test with a child of a mode, and the write end of its lifeline."""
    script = tmp_path / "child.py"
    script.write_text(textwrap.dedent(CHILD))

    def running(mode: str, test: Callable[[Child, int], Awaitable[None]]) -> None:
        lifeline, lifeline_end = os.pipe()
        child = Child("child", (sys.executable, str(script), mode, str(journal.path)), lifeline)

        async def guarded() -> None:
            try:
                await test(child, lifeline_end)
            finally:
                child.kill()
                await child.stop(LIMIT_S)

        asyncio.run(guarded())
        os.close(lifeline)

    return running


def test_it_starts_announces_itself_and_drains(run: Run, journal: Journal) -> None:
    async def test(child: Child, _: int) -> None:
        await child.start()
        assert child.announced == f"child {journal.pids()[0]}"
        await child.stop(LIMIT_S)

    run("serves", test)
    assert journal.events() == ["started", "drained"]
    assert gone(journal.pids()[0])


def test_a_child_that_never_serves_is_an_error_with_its_exit_code(run: Run) -> None:
    async def test(child: Child, _: int) -> None:
        with pytest.raises(StartError, match="ended with exit code 3") as caught:
            await child.start()
        assert caught.value.exit_code == 3

    run("fails", test)


def test_a_child_that_is_killed_serves_again(run: Run, journal: Journal) -> None:
    async def test(child: Child, _: int) -> None:
        await child.start()
        watching = asyncio.create_task(child.keep_alive())
        first = child.announced
        os.kill(journal.pids()[0], signal.SIGKILL)
        await until(lambda: child.announced != first)
        watching.cancel()
        await asyncio.wait({watching})
        await child.stop(LIMIT_S)

    run("serves", test)
    assert journal.events() == ["started", "started", "drained"]
    assert all(map(gone, journal.pids()))


def test_a_child_that_does_not_drain_is_killed(run: Run, journal: Journal) -> None:
    async def test(child: Child, _: int) -> None:
        await child.start()
        await child.stop(0.05)

    run("stubborn", test)
    assert gone(journal.pids()[0])


def test_a_child_notices_that_its_starter_is_gone(run: Run, journal: Journal) -> None:
    async def test(child: Child, lifeline_end: int) -> None:
        await child.start()
        os.close(lifeline_end)
        await until(lambda: "orphaned" in journal.events())

    run("serves", test)


def test_restarts_wait_longer_each_time_up_to_a_bound() -> None:
    backoff = Backoff()
    assert [backoff.after(0.1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_child_that_served_restarts_at_once() -> None:
    backoff = Backoff()
    assert [backoff.after(seconds) for seconds in (0, 0, 3, 0, 0)] == [0.5, 1, 0, 0.5, 1]
