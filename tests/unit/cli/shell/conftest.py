"""A shell over a connection that answers what it is told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from gatelog.cli.shell import suggestions
from gatelog.cli.shell.editing import QueryCompleter, editor
from gatelog.cli.shell.shell import Shell
from gatelog.kql import Catalog, Column, KqlType, Table

CATALOG = Catalog(
    [Table("Calls", (Column("ModelName", KqlType.STRING), Column("Tokens", KqlType.LONG)), "c")]
)
ONE_ROW = {
    "columns": [{"name": "ModelName", "type": "string"}, {"name": "Tokens", "type": "long"}],
    "rows": [["gpt-4o", 1200]],
}


class FakeConnection:
    """Keeps what it is asked; `answer` is what it gives, or raises, after those `before`."""

    name = "http://hub.test"
    managed = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.commands: list[str] = []
        self.before: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | BaseException = ONE_ROW
        self.names: Catalog | Exception = CATALOG

    def ask(self, query: str, timespan: str | None) -> list[dict[str, Any]]:
        self.asked.append((query, timespan))
        return [*self.before, self._given()]

    def command(self, text: str) -> dict[str, Any]:
        self.commands.append(text)
        return self._given()

    def _given(self) -> dict[str, Any]:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def catalog(self) -> Catalog:
        if isinstance(self.names, Exception):
            raise self.names
        return self.names

    def close(self) -> None:
        """Nothing is held."""


class Screen:
    """A shell, what it printed, and a keyboard."""

    def __init__(self) -> None:
        self.connection = FakeConnection()
        self.file = io.StringIO()
        self.console = Console(file=self.file, width=100, height=40, color_system=None)
        self.shell = Shell(self.connection, self.console, clock=iter(range(1000)).__next__)

    @property
    def text(self) -> str:
        """Everything on the screen."""
        return self.file.getvalue()

    def after(self, *entries: str) -> str:
        """What is printed for some entries."""
        begin = len(self.text)
        for entry in entries:
            assert self.shell.execute(entry)
        return self.text[begin:]

    def type(self, keys: str, *, at_menu: str = "") -> list[str]:
        """Type into the prompt until the shell is left; what was asked. `at_menu`: keys for an open menu."""
        with _keyboard() as keyboard:
            keyboard.send_text(keys)
            completer = QueryCompleter(lambda: self.shell.catalog, lambda text: suggestions(self.shell, text))
            session = editor(
                completer, self.shell.toolbar, history=InMemoryHistory(), input=keyboard, output=DummyOutput()
            )
            if at_menu:
                _type_at_menu(session.default_buffer, keyboard, at_menu)
            self.shell.run(session)
        return [query for query, _ in self.connection.asked]


def _type_at_menu(buffer: Buffer, keyboard: PipeInput, keys: str) -> None:
    def type_on(_: Buffer) -> None:
        buffer.on_completions_changed -= type_on
        keyboard.send_text(keys)

    buffer.on_completions_changed += type_on


@contextmanager
def _keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        yield keyboard


@pytest.fixture
def screen() -> Screen:
    """A fresh shell."""
    return Screen()
