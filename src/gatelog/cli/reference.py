"""The reference page of all commands, written from their own `--help`."""

from __future__ import annotations

from collections.abc import Iterator

from typer.testing import CliRunner

from gatelog.cli.main import app

INTRODUCTION = """\
# Commands

What each command prints with `--help`. Errors go to standard error as `error: …`; the exit code is 2 when the
options, the configuration or the query are at fault, and 1 when gatelog or the machine is.
"""


def commands() -> Iterator[tuple[str, ...]]:
    """Every command that can be typed after `gatelog`, groups included."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield (command.callback.__name__,)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        name = str(group.typer_instance.info.name)
        for command in group.typer_instance.registered_commands:
            assert command.callback is not None
            yield (name, command.callback.__name__)


def render() -> str:
    """The whole page, Markdown."""
    runner = CliRunner(env={"COLUMNS": "100", "TERM": "dumb"})
    parts = [INTRODUCTION]
    for command in commands():
        text = runner.invoke(app, [*command, "--help"], prog_name="gatelog").output
        parts.append(f"## gatelog {' '.join(command)}\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)
