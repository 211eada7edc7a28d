"""The program as a whole: exit codes, errors, speed of `--help`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gatelog import __version__
from gatelog.cli import main as main_module
from gatelog.cli.reference import commands
from gatelog.errors import (
    ConfigError,
    ConfigProblem,
    GatelogError,
    KqlSyntaxError,
    Place,
    SpoolLockedError,
    StoreError,
)

Gatelog = Callable[..., tuple[int, str, str]]

HEAVY = ("chdb", "clickhouse_connect", "sqlglot", "tiktoken", "starlette", "openai", "uvloop", "rich", "yaml")


def test_the_version_is_printed(gatelog: Gatelog) -> None:
    assert gatelog("--version") == (0, f"gatelog {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("qurey", "Calls"), "No such command 'qurey'. Did you mean 'query'? (see `gatelog --help`)"),
        (("check",), "Missing option '--config' (see `gatelog check --help`)"),
        (("check", "--confg", "x"), "No such option"),
        (("token", "new", "ada"), "Missing option '--role'. Choose from: metrics, log, log-with-bodies (see"),
        (("query", "Calls", "--format", "xml"), "Invalid value for '--format': 'xml' is not one of"),
        (("size", "--calls-per-month", "0"), "greater than or equal to 1 (see `gatelog size --help`)"),
        (("demo", "--for", "soon"), "Invalid value for --for: soon is not a duration such as 20s\n"),
        (("demo", "--for", "२०"), "Invalid value for --for: २० is not a duration such as 20s\n"),
        (("spool", "verify", "/nowhere/at/all"), "there is no directory"),
        (("query", "Calls", "--data", "/nowhere/at/all"), "holds no store"),
        (("query", "Calls", "--data", "x" * 300), "x cannot be read: File name too long"),
        (("query", "Calls", "--config", "x" * 300), "x: cannot be read (File name too long)"),
        (("spool", "verify", "x" * 300), "x cannot be read: File name too long"),
        (("query", "Calls", "--hub", "ftp://hub"), "not an http(s) URL: write it as http://127.0.0.1:8081"),
        (("query", "Calls", "--hub", "http://hub:web"), "not an http(s) URL"),
        (("query", "Calls", "--hub", "http://[::1"), "not an http(s) URL"),
        (("simulate", "--listen", "127.0.0.1:99999"), "write it as 127.0.0.1:9001"),
        (("simulate", "--ledger", "/nowhere/at/all"), "ledger: /nowhere/at/all cannot be used"),
        (
            ("simulate", "--script", "/nowhere.yaml"),
            "/nowhere.yaml: cannot be read (No such file or directory)",
        ),
        (("run", "--config", "/nowhere/gatelog.yaml"), "/nowhere/gatelog.yaml: cannot be read"),
    ],
)
def test_the_users_mistakes_exit_with_2(gatelog: Gatelog, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = gatelog(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert says in err


def test_a_directory_around_the_data_is_told_from_the_data(gatelog: Gatelog, tmp_path: Path) -> None:
    """`gatelog demo --data DIR` keeps its data in DIR/data."""
    (tmp_path / "data" / "store").mkdir(parents=True)
    assert f"name {tmp_path}/data" in gatelog("query", "Calls", "--data", str(tmp_path)).err


def test_the_list_of_commands_says_whole_sentences(gatelog: Gatelog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for group in ((), ("spool",), ("token",)):
        assert "..." not in gatelog(*group, "--help").out.replace("OPTIONS] COMMAND [ARGS]...", "")


@pytest.mark.parametrize("group", [(), ("spool",), ("token",)])
def test_a_group_without_a_command_shows_its_help(gatelog: Gatelog, group: tuple[str, ...]) -> None:
    code, out, err = gatelog(*group)
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: {' '.join(('gatelog', *group))} [OPTIONS] COMMAND")


@pytest.mark.parametrize("command", [*commands()], ids=" ".join)
def test_what_prints_an_answer_can_print_json(gatelog: Gatelog, command: tuple[str, ...]) -> None:
    """Those that serve print nothing but that they do: their log lines are JSON by themselves."""
    serves = command[0] in {"run", "gateway", "hub", "simulate"}
    assert ("--json" in gatelog(*command, "--help").out) is not serves


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            ConfigError([ConfigProblem("hub.listen", "is not an address", "write host:port")]),
            2,
            "hub.listen: is",
        ),
        (
            KqlSyntaxError("expected a table", place=Place(3, 7), hint="try Calls"),
            2,
            "3:7: expected a table (try",
        ),
        (SpoolLockedError("another gateway writes it"), 2, "another gateway"),
        (StoreError("the store is gone"), 1, "the store is gone"),
        (GatelogError("odd"), 1, "odd"),
    ],
)
def test_errors_leave_with_a_line_and_a_code(
    gatelog: Gatelog, monkeypatch: pytest.MonkeyPatch, error: GatelogError, code: int, line: str
) -> None:
    def app(**_: object) -> None:
        raise error

    monkeypatch.setattr(sys.modules[main_module.__module__], "app", app)
    left, out, err = gatelog("anything")
    assert (left, out) == (code, "")
    assert err.startswith(f"error: {line}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_written_is_told(unbuffered: str) -> None:
    """As on a full disk, whether it is found when it is printed or at the end."""
    command = [sys.executable, "-m", "gatelog", "size", "--calls-per-month", "1"]
    with Path("/dev/full").open("w") as full:
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environment, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: cannot write: No space left on device\n"


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    """Time is not asserted (machines differ); what takes the time is."""
    program = (
        "import sys; from gatelog.cli.main import app; app(['--help'], standalone_mode=False);"
        f"print([m for m in {HEAVY} if m in sys.modules and m != 'yaml'], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert done.stderr.strip() == "[]"
