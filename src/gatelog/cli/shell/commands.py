"""Commands of the shell: what begins with a dot. One that is not here is a management command for the hub."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from gatelog.cli.shell.connection import AnswerTable, CommandError
from gatelog.kql import Catalog, Suggestion, SuggestionKind, known_functions, known_operators

FORMATS = ("table", "csv", "json")


class Host(Protocol):
    """What a command works on: the shell."""

    timespan: str | None
    form: str
    catalog: Catalog

    def show(self, answer: AnswerTable) -> None:
        """Print a table."""

    def say(self, text: str) -> None:
        """Print a remark."""

    def export(self, name: str) -> None:
        """Write the last answer to a file."""


class Command(NamedTuple):
    """`usage` as `.help` shows it; `run` gets the host and what stands behind the name."""

    usage: str
    help: str
    run: Callable[[Host, str], None]
    choices: Callable[[Host], Iterable[str]] = lambda _: ()


def _help(host: Host, word: str) -> None:
    if word:
        found = [one for one in (*known_operators(), *known_functions()) if one.name == word]
        if not found:
            raise CommandError(f"there is no operator and no function '{word}'")
        rows = [[one.kind.value, one.signature, one.documentation] for one in found]
        host.show(_texts(("kind", "form", "what it does"), rows))
        return
    host.show(_texts(("command", "what it does"), [[one.usage, one.help] for one in COMMANDS.values()]))
    host.say("Any other command goes to the hub: .show tables, .create table …")


def _tables(host: Host, _: str) -> None:
    tables = filter(None, map(host.catalog.find, host.catalog.names))
    rows = [
        [table.name, str(len(table.columns)), ", ".join(c.name for c in table.columns)] for table in tables
    ]
    host.show(_texts(("table", "columns", "names"), rows))


def _schema(host: Host, name: str) -> None:
    table = host.catalog.find(name)
    if table is None:
        raise CommandError(f"there is no table '{name}'" if name else "name a table: .schema Calls")
    host.show(_texts(("column", "type"), [[column.name, column.type.value] for column in table.columns]))


def _functions(host: Host, part: str) -> None:
    saved = [[one.name, f"{one.name}{one.parameters}", one.docstring] for one in host.catalog.saved.values()]
    built = [[one.name, one.signature, one.documentation] for one in known_functions()]
    host.show(_texts(("name", "form", "what it does"), [row for row in saved + built if part in row[0]]))


def _timespan(host: Host, text: str) -> None:
    if text:
        host.timespan = None if text == "off" else text
    host.say(f"timespan: {host.timespan or 'off'}")


def _format(host: Host, name: str) -> None:
    if name and name not in FORMATS:
        raise CommandError(f"there is no format '{name}': {', '.join(FORMATS)}")
    host.form = name or host.form
    host.say(f"format: {host.form}")


def _export(host: Host, name: str) -> None:
    if not name:
        raise CommandError("name a file: .export calls.csv, or .json")
    host.export(name)


def _quit(_: Host, __: str) -> None:
    raise EOFError


COMMANDS: Mapping[str, Command] = {
    ".help": Command(".help [WORD]", "These commands; what an operator or a function does.", _help),
    ".tables": Command(".tables", "The tables and their columns.", _tables),
    ".schema": Command(".schema TABLE", "The columns of a table.", _schema, lambda host: host.catalog.names),
    ".functions": Command(".functions [PART]", "Functions whose names hold PART.", _functions),
    ".timespan": Command(
        ".timespan P1D|off",
        "Ask only for this time (ISO 8601).",
        _timespan,
        lambda _: ("PT1H", "P1D", "P7D", "off"),
    ),
    ".format": Command(".format table|csv|json", "How answers are printed.", _format, lambda _: FORMATS),
    ".export": Command(".export FILE", "Write the last answer to a .csv or .json file.", _export),
    ".quit": Command(".quit", "Leave; so does Ctrl-D.", _quit),
}


def suggestions(host: Host, text: str) -> list[Suggestion]:
    """What may complete a command: its name, or what it works on."""
    name, space, rest = text.lstrip().partition(" ")
    if not space:
        return [
            Suggestion(SuggestionKind.KEYWORD, known, known, one.usage, one.help)
            for known, one in COMMANDS.items()
            if known.startswith(name)
        ]
    command = COMMANDS.get(name)
    choices = command.choices(host) if command is not None else ()
    return [
        Suggestion(SuggestionKind.VALUE, one, one) for one in choices if one.lower().startswith(rest.lower())
    ]


def _texts(names: Iterable[str], rows: Iterable[list[str]]) -> AnswerTable:
    return {"columns": [{"name": name, "type": "string"} for name in names], "rows": [*rows]}
