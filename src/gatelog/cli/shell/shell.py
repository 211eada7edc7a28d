"""The interactive shell: reads a query or a command, asks, prints, and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from rich.console import Console

from gatelog.app import HubError, printable
from gatelog.cli.shell import commands
from gatelog.cli.shell.connection import AnswerTable, CommandError, Connection
from gatelog.cli.shell.output import (
    as_csv,
    as_json,
    print_answer,
    print_error,
    print_query_error,
)
from gatelog.cli.waiting import waiting
from gatelog.errors import GatelogError, KqlError
from gatelog.kql import Catalog, render_of

HINTS: Final = ("; or an empty line runs", ".help", "Tab completes", "Alt-Enter runs at once")
"""What the toolbar says while there is room, the most useful first."""


class Shell:
    """One session: a connection, settings, the names that queries may use (`catalog`), and the last answer.

    `clock` gives seconds for the timing.
    """

    def __init__(
        self,
        connection: Connection,
        console: Console,
        *,
        timespan: str | None = None,
        form: str = "table",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.timespan = timespan
        self.form = form
        self.managed = connection.managed
        self._connection = connection
        self._console = console
        self._clock = clock
        self._last: AnswerTable | None = None
        self.catalog = Catalog()

    def run(self, session: PromptSession[str]) -> None:
        """Read and answer until the user leaves."""
        self.say(f"gatelog, connected to {self._connection.name}. Ask in KQL, or type .help")
        self._learn_names()
        while True:
            try:
                text = session.prompt()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if not self.execute(text):
                return

    def execute(self, text: str) -> bool:
        """Answer one query or command, whatever comes of it; False to leave."""
        text = text.strip()
        try:
            if commands.is_command(text):
                self._command(text)
            elif text:
                self._query(text)
        except EOFError:
            return False
        except KeyboardInterrupt:
            self.say("cancelled")
        except KqlError as error:
            print_query_error(text, error, self._console)
        except HubError as error:
            if error.query_error is None:
                print_error(str(error), self._console)
            else:
                print_query_error(text, error.query_error, self._console)
        except GatelogError as error:
            print_error(str(error), self._console)
        return True

    def toolbar(self) -> str:
        """The line below the prompt: what is asked, and as many hints as fit beside it."""
        line = f" {self._connection.name} · {self.timespan or 'all time'} "
        for hint in HINTS:
            if len(line) + len(hint) + 3 <= self._console.width:
                line += f"· {hint} "
        return line

    def show(self, answer: AnswerTable) -> None:
        """Print a table of the shell's own."""
        print_answer(answer, self.form, None, self._console)

    def say(self, text: str) -> None:
        """Print a remark."""
        self._console.print(printable(text), style="dim", markup=False, highlight=False)

    def explain(self, form: str, text: str) -> None:
        """Print how something is written, and below it what it does, both whole."""
        self._console.print(printable(form), style="bold", markup=False, highlight=False)
        self._console.print(printable(text), markup=False, highlight=False)

    def export(self, name: str) -> None:
        """Write the last answer to a file, as JSON if its name says so, else as CSV."""
        if self._last is None:
            raise CommandError("there is no answer yet: ask first")
        text = as_json(self._last) if name.endswith(".json") else as_csv(self._last)
        try:
            Path(name).write_text(text, newline="")
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}") from error
        self.say(f"{len(self._last['rows']):,} rows in {name}")

    def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        command = commands.COMMANDS.get(commands.SPOKEN.get(text, name))
        if command is not None:
            command.run(self, rest.strip())
            return
        with waiting("waiting for the hub", self._console):
            answer = self._connection.command(text)
        self.show(answer)
        self._learn_names()

    def _learn_names(self) -> None:
        """What queries may name: at the start, and after commands that may change it."""
        try:
            self.catalog = self._connection.catalog()
        except GatelogError as error:
            print_error(f"names are not known: {error}", self._console)

    def _query(self, text: str) -> None:
        hint = render_of(text)
        began = self._clock()
        with waiting("waiting for the answer", self._console):
            *others, self._last = self._connection.ask(text, self.timespan)
        seconds = self._clock() - began
        for answer in others:
            print_answer(answer, self.form, None, self._console)
            self.say(f"{_counted(answer)}: {answer['name']}")
        print_answer(self._last, self.form, hint, self._console)
        name = f": {self._last['name']}," if others else ""
        self.say(f"{_counted(self._last)}{name} in {seconds:.3f} s")


def _counted(answer: AnswerTable) -> str:
    count = len(answer["rows"])
    return f"{count:,} row{'' if count == 1 else 's'}"
