"""The shell as people use it: in a terminal, against a running hub."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from gatelog.app import HubClient
from gatelog.cli.shell.connection import HubConnection
from gatelog.testing.stack import Stack, wait_until

pytestmark = pytest.mark.e2e

WAIT_S = 60.0
"""Anything longer is a defect, however busy the machine."""

_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
_CURSOR_QUESTION = b"\x1b[6n"


def _take_terminal() -> None:
    """So that Ctrl-C is a signal, and one that is heard: a shell that starts a test with `&` ignores it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program in a terminal of 100 columns: what it shows is kept, what it asks is answered."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gatelog", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "PAGER": "cat", **environment},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self._seen = b""

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait_for(self, pattern: str) -> str:
        """Everything up to the first match of `pattern` that was not waited for before."""
        deadline = time.monotonic() + WAIT_S
        while True:
            shown = _CONTROL.sub(b"", self._seen).decode(errors="replace")
            if found := re.search(pattern, shown):
                self._seen = shown[found.end() :].encode()
                return shown[: found.end()]
            if time.monotonic() > deadline or not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{pattern!r} is not in {shown[-2000:]!r}")

    def _read(self, seconds: float) -> bool:
        """Read what there is; False at the end of the program's output."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self._master, 65536)
        except OSError:  # EIO: the program closed the terminal
            return False
        if _CURSOR_QUESTION in part:
            os.write(self._master, b"\x1b[1;1R")
        self._seen += part
        return True


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with three recorded calls."""
    with Stack(tmp_path_factory.mktemp("shell")) as running:
        client = openai.OpenAI(
            base_url=f"{running.gateway_url}/openai/v1/", api_key=running.keys["team-a"], max_retries=0
        )
        for number in range(3):
            client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": f"question {number}"}]
            )
        running.wait_recorded(3)
        yield running


@pytest.fixture
def terminal(stack: Stack, tmp_path: Path) -> Iterator[Terminal]:
    """A shell connected to the stack's hub."""
    environment = {"GATELOG_HISTORY": str(tmp_path / "history")}
    opened = Terminal("query", "--hub", stack.hub_url, environment=environment)
    try:
        opened.wait_for(r"kql> ")
        yield opened
    finally:
        opened.close()


def test_a_session(terminal: Terminal, stack: Stack, tmp_path: Path) -> None:
    """A table, an error with its place, a chart, a command of the shell, one of the hub, and the way out."""
    terminal.type("Calls | summarize n = count() by ModelName;\r")
    assert "gpt-4o" in terminal.wait_for(r"\d row in \d\.\d+ s")
    terminal.wait_for("kql> ")
    terminal.type("Calls | where Modelname == 1;\r")
    shown = terminal.wait_for(r"did you mean 'ModelName'\?")
    assert re.search(r"\n {14}\^{9}\s", shown)
    terminal.wait_for("kql> ")
    terminal.type("Calls | summarize n = count() by Backend | render barchart;\r")
    terminal.wait_for(r"│█+")
    terminal.wait_for("kql> ")
    terminal.type(".schema Calls\r")
    terminal.wait_for(r"TimeGenerated\s+datetime")
    terminal.wait_for("kql> ")
    terminal.type(".show tables\r")
    terminal.wait_for(r"AzureDiagnostics\s")
    terminal.wait_for("kql> ")
    terminal.type("\x04")
    assert terminal.process.wait(WAIT_S) == 0
    kept = (tmp_path / "history").read_text()
    assert "render barchart" in kept


def test_the_menu_offers_columns_while_typing(terminal: Terminal) -> None:
    terminal.type("Calls | where Subscr")
    terminal.wait_for("SubscriptionName")


def test_ctrl_c_ends_a_query(terminal: Terminal, stack: Stack) -> None:
    """The query runs for long, and the shell says so; it is back at once, and the hub has ended the query."""
    many = "range y from 1 to 100000 step 1 | extend k = 1"
    terminal.type(f"range x from 1 to 1000000 step 1 | extend k = 1 | join kind=inner ({many}) on k\r")
    terminal.type("| summarize sum(x * y % 7);\r")
    terminal.wait_for(r"waiting for the answer · \d+ s · Ctrl-C gives up")
    terminal.type("\x03")
    terminal.wait_for("cancelled")
    terminal.wait_for("kql> ")
    hub = HubConnection(HubClient(stack.hub_url))
    wait_until(
        lambda: "Cancelled" in str(hub.command(".show queries")["rows"]), "the hub ended the query", WAIT_S
    )


def test_without_a_terminal_the_query_is_read_from_standard_input(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gatelog", "query", "--hub", stack.hub_url, "--format", "csv"],
        input="Calls | count",
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    assert done.stdout.split() == ["Count", "3"]


def test_a_management_command_is_carried_out_by_the_hub(stack: Stack) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gatelog",
            "query",
            "--hub",
            stack.hub_url,
            "--format",
            "json",
            ".show tables",
        ],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert [column["name"] for column in answer["columns"]][:2] == ["TableName", "DatabaseName"]
    assert "Calls" in [row[0] for row in answer["rows"]]
