"""The words of a command, and what does it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from gatelog.api.kusto.changes import Changes
from gatelog.api.kusto.commands import (
    absent,
    changes_shown,
    cluster,
    columns,
    databases,
    extents,
    from_query,
    functions,
    inline,
    plan,
    principals,
    queries,
    records,
    refused,
    schemas,
    script,
    tables,
    tables_shown,
)
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.piped import is_command, pipe_of
from gatelog.api.kusto.commands.session import Command, Scene, Session
from gatelog.api.kusto.commands.shown_rows import ShownRows, Source
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.result import CommandTable
from gatelog.api.services import Services

log = logging.getLogger("gatelog.api.kusto")

SHOW_COMMANDS: Mapping[str, Command] = {
    **databases.COMMANDS,
    **schemas.COMMANDS,
    **tables_shown.COMMANDS,
    **functions.SHOW_COMMANDS,
    **queries.SHOW_COMMANDS,
    **changes_shown.SHOW_COMMANDS,
    **extents.SHOW_COMMANDS,
    **cluster.COMMANDS,
    **principals.COMMANDS,
    **plan.COMMANDS,
    **absent.COMMANDS,
}
"""Commands that change nothing."""

OWN_COMMANDS: Mapping[str, Command] = queries.OWN_COMMANDS
"""Commands about what the caller does: no right is needed for them."""

CHANGE_COMMANDS: Mapping[str, Command] = {
    **tables.COMMANDS,
    **columns.COMMANDS,
    **records.COMMANDS,
    **extents.CHANGE_COMMANDS,
    **functions.CHANGE_COMMANDS,
    **inline.COMMANDS,
    **from_query.COMMANDS,
    **script.COMMANDS,
}
"""Commands that need the right to write."""

_COMMANDS: Mapping[str, Command] = {**SHOW_COMMANDS, **OWN_COMMANDS, **CHANGE_COMMANDS}


class Commands:
    """Runs commands on the services of a hub; `database` is what the record is called."""

    def __init__(self, services: Services, database: str) -> None:
        self._services = services
        self._database = database
        self._changes = Changes(lambda: services.questions.now())

    def run(self, session: Session, *, shows_only: bool = False) -> CommandTable:
        """Run one command; blocks. KustoError, KqlError, StoreError, ControlError."""
        text = CommandText(session.request.text)
        words = text.words()
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count])
            command = _COMMANDS.get(name)
            if command is not None:
                return self._run(command, name, text, session, shows_only)
            if reason := refused.REASONS.get(name):
                raise bad_request(f"the command .{name} is not offered here: {reason}")
        raise bad_request(
            f"the command .{' '.join(words[:2])} is not known here; known are: {', '.join(_known(words))}"
        )

    def scene(self, session: Session) -> Scene:
        """What a command of this session works with; StoreUnavailableError while the store is away."""
        services = self._services
        rows = ShownRows(services.store().user_tables)
        return Scene(
            session,
            self._database,
            services.questions,
            services.functions,
            services.store().user_tables,
            lambda text: self.run(session._replace(request=session.request._replace(text=text))),
            lambda principal, text: self._source(rows, session._replace(principal=principal), text),
            self._changes,
            uuid4(),
            rows,
            services.retention,
        )

    @contextmanager
    def shown(self, session: Session) -> Iterator[Source]:
        """A command that shows something, and what is piped behind it, as a query while the context lasts."""
        with ShownRows(self._services.store().user_tables) as rows:
            yield self._source(rows, session, session.request.text)

    def _source(self, rows: ShownRows, session: Session, text: str) -> Source:
        """The query that a text is, or that a command with a pipe is."""
        if not is_command(text):
            return Source(text)
        pipe = pipe_of(text)
        asked = session.request._replace(text=text.removesuffix(pipe))
        table = self.run(session._replace(request=asked), shows_only=True)
        return rows.source(table, pipe, self._services.questions.catalog(session.principal))

    def _run(
        self, command: Command, name: str, text: CommandText, session: Session, shows_only: bool
    ) -> CommandTable:
        scene = self.scene(session)
        if shows_only and name not in SHOW_COMMANDS:
            raise bad_request(f".{name} changes something: it goes to /v1/rest/mgmt, by itself")
        for word in name.split():
            text.expect_word(word)
        if name not in CHANGE_COMMANDS:
            return command(text, scene)
        scene.check_may_write()
        log.info("command", extra={"principal": session.principal.name, "command": name})
        noted = self._changes.noted(
            scene.operation,
            _kind(name),
            _subject(text),
            session.request.text,
            session.principal,
            session.origin,
        )
        with noted, scene.rows:
            return command(text, scene)


def _kind(name: str) -> str:
    """`create-or-alter table` as Kusto names such commands: TableCreateOrAlter."""
    verb, *what = name.replace(" async", "").split()
    words = [*(what or ["table"]), *verb.split("-")] if verb != "ingest" else ["data", verb, *what]
    return "".join(word.removesuffix("s").capitalize() for word in words)


def _subject(text: CommandText) -> str:
    """The word of a command that names what it is about."""
    between = {"async", "into", "table", "ifnotexists"}
    names = (token.text for token in text.tokens[text.position :] if token.kind in {"name", "string"})
    return next((name for name in names if name not in between), "").strip("'\"")


def _known(words: list[str]) -> list[str]:
    """Commands with the same first word, or all first words."""
    names = sorted(_COMMANDS)
    alike = [f".{name}" for name in names if words and name.split()[0] == words[0]]
    return alike or sorted({f".{name.split()[0]} …" for name in names})
