"""Commands of the shell: what begins with a dot. One that is not here is a management command for the hub."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple, Protocol

from gatelog.cli.shell.connection import AnswerTable, CommandError
from gatelog.kql import Catalog, Suggestion, SuggestionKind, known_functions, known_operators, spelled

FORMATS = ("table", "csv", "json")


class Host(Protocol):
    """What a command works on: the shell."""

    timespan: str | None
    form: str
    managed: bool
    catalog: Catalog

    def show(self, answer: AnswerTable) -> None:
        """Print a table."""

    def say(self, text: str) -> None:
        """Print a remark."""

    def explain(self, form: str, text: str) -> None:
        """Print how something is written, and what it does."""

    def export(self, name: str) -> None:
        """Write the last answer to a file."""


class Command(NamedTuple):
    """`usage` as `.help` shows it; `run` gets the host and what stands behind the name."""

    usage: str
    help: str
    run: Callable[[Host, str], None]
    choices: Callable[[Host], Iterable[str]] = lambda _: ()


def _help(host: Host, word: str) -> None:
    if word in host.catalog.saved:
        function = host.catalog.saved[word]
        form = f"{function.name}{function.parameters}"
        if host.form == "table":
            host.explain(form, "\n".join(filter(None, (function.docstring, function.body))))
        else:
            rows = [[form, function.docstring, function.body]]
            host.show(_texts(("saved function", "what it does", "body"), rows))
        return
    if word:
        found = [one for one in (*known_operators(), *known_functions()) if one.name == word]
        if not found:
            raise CommandError(f"there is no operator and no function '{word}'")
        if host.form == "table":
            for one in found:
                host.explain(f"{one.kind.value}  {one.signature}", one.documentation)
        else:
            rows = [[one.kind.value, one.signature, one.documentation] for one in found]
            host.show(_texts(("kind", "form", "what it does"), rows))
        return
    host.show(_texts(("command", "what it does"), [[one.usage, one.help] for one in COMMANDS.values()]))
    if host.managed:
        host.say("Any other command goes to the hub: .show functions, .create table …")


def _words(host: Host) -> Iterable[str]:
    """What `.help` knows, each name once."""
    known = (one.name for one in (*known_operators(), *known_functions()))
    return dict.fromkeys((*host.catalog.saved, *known))


def _tables(host: Host, _: str) -> None:
    tables = filter(None, map(host.catalog.find, host.catalog.names))
    rows = [[table.name, len(table.columns), ", ".join(c.name for c in table.columns)] for table in tables]
    columns = (("table", "string"), ("columns", "long"), ("names", "string"))
    host.show({"columns": [{"name": name, "type": kind} for name, kind in columns], "rows": rows})


def _schema(host: Host, text: str) -> None:
    """Of a table by its name as it is, or as a query spells it."""
    name = next((known for known in host.catalog.names if text in (known, spelled(known))), text)
    table = host.catalog.find(name)
    if table is None:
        near = "".join(f": did you mean '{one}'?" for one in get_close_matches(name, host.catalog.names, n=1))
        raise CommandError(f"there is no table '{name}'{near}" if name else "name a table: .schema Calls")
    host.show(_texts(("column", "type"), [[column.name, column.type.value] for column in table.columns]))


def _table_names(host: Host) -> Iterable[str]:
    return map(spelled, host.catalog.names)


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
    ".help": Command(".help [WORD]", "These commands; what an operator or a function does.", _help, _words),
    ".tables": Command(".tables", "The tables and their columns.", _tables),
    ".schema": Command(".schema TABLE", "The columns of a table.", _schema, _table_names),
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


SPOKEN: Mapping[str, str] = {"exit": ".quit", "quit": ".quit", "help": ".help"}
"""Words that people try first, alone in a line; a table of such a name is `['help']`."""

HUB_COMMANDS: Mapping[str, str] = {
    ".show tables": "The tables of the database.",
    ".show table": "T cslschema, details, …: one of them.",
    ".show functions": "The saved functions.",
    ".show function": "F: its parameters and body.",
    ".show queries": "What is being asked, and what was asked last.",
    ".show schema": "Every column of every table.",
    ".show version": "Of the hub.",
    ".create-or-alter function": "F(parameters) { body }: save a function.",
    ".drop function": "F: forget it.",
    ".create table": "T (column: type, …): a table of your own.",
    ".create-merge table": "T (column: type, …): the same, or more columns for one.",
    ".set-or-append": "T <| query: put what it answers into a table of your own.",
    ".ingest inline": "into table T <| lines of CSV.",
    ".drop table": "T: remove a table of your own.",
}
"""Commands that a hub carries out, the usual ones; all are in docs/reference/kusto.md."""

_BRACKETED = "['"
"""Begins a name with odd characters."""

_NAMES_ANEW = frozenset({".create table"})
"""Of these, what is named must not be there yet."""


def is_command(text: str) -> bool:
    """Whether a text is a command of the shell or of the hub, not a query."""
    return text.lstrip().startswith(".") or text.strip() in SPOKEN


def suggestions(host: Host, text: str) -> list[Suggestion]:
    """What may complete a command: its name, or what it works on."""
    typed = text.lstrip()
    name, space, rest = typed.partition(" ")
    if not space:
        own = [
            Suggestion(SuggestionKind.KEYWORD, known, known, one.usage, one.help)
            for known, one in COMMANDS.items()
            if known.startswith(name)
        ]
        return own + _hub_commands(host, typed)
    command = COMMANDS.get(name)
    if command is None:
        return _hub_commands(host, typed)
    return [
        Suggestion(SuggestionKind.VALUE, one, one)
        for one in command.choices(host)
        if rest == begun_word(rest) and _begins(one, rest)
    ]


def begun_word(typed: str) -> str:
    """The word at the end of what was typed, which a suggestion takes the place of: behind the last space, or
    from the bracket of a name on.
    """
    name = typed.rfind(_BRACKETED)
    if name >= 0 and "]" not in typed[name:]:
        return typed[name:]
    return typed.rpartition(" ")[2]


def _begins(name: str, word: str) -> bool:
    """Whether a word is the beginning of a name, as it is spelled or without its brackets."""
    return name.lower().startswith(word.lower()) or (
        name.lower().removeprefix(_BRACKETED).startswith(word.lower())
    )


def _hub_commands(host: Host, typed: str) -> list[Suggestion]:
    """Of the last word that was typed begins what is put in its place."""
    word = begun_word(typed)
    begun = typed.removesuffix(word).rstrip(" ")
    if begun in _NAMES_ANEW:
        return []
    if begun in HUB_COMMANDS:
        kind = begun.rpartition(" ")[2]
        names = {"table": host.catalog.names, "function": sorted(host.catalog.saved)}.get(kind, ())
        return [
            Suggestion(SuggestionKind.VALUE, name, name)
            for name in map(spelled, names)
            if host.managed and _begins(name, word)
        ]
    return [
        Suggestion(SuggestionKind.KEYWORD, known, known[len(begun) :].lstrip(), "", said)
        for known, said in HUB_COMMANDS.items()
        if host.managed and known.startswith(typed) and known != typed
    ]


def _texts(names: Iterable[str], rows: Iterable[list[str]]) -> AnswerTable:
    return {"columns": [{"name": name, "type": "string"} for name in names], "rows": [*rows]}
