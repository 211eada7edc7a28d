"""`.execute database script [with (ContinueOnErrors = true, ThrowOnErrors = true)] <| commands`: one after
the other, each of them beginning a line with its dot.

https://learn.microsoft.com/azure/data-explorer/kusto/management/execute-database-script
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from uuid import UUID

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.ingestion_properties import is_true
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request, fault_of
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.errors import GatelogError

COMMANDS_MAX = 1_000
"""Commands of one script: it holds a place among the hub's workers until it ends."""

SECONDS_MAX = 600
"""Time in which the commands of a script begin: what the service gives a command."""

_COLUMNS = columns_of("OperationId:guid,CommandType:string,CommandText:string,Result:string,Reason:string")
_NO_OPERATION = str(UUID(int=0))
_BEGIN = re.compile(r"^(?=\.)", re.MULTILINE)


def execute(text: CommandText, scene: Scene) -> CommandTable:
    """Run every command; a row for each. Those that show something are skipped. What follows a failure is
    left out, unless the properties say otherwise; the failure is raised where they say so.
    """
    properties = text.properties()
    text.end()
    commands = list(_commands(text.input or ""))
    if not 1 <= len(commands) <= COMMANDS_MAX:
        raise bad_request(f"a script has 1 to {COMMANDS_MAX} commands, each at the beginning of a line")
    rows, began = [], time.monotonic()
    for command in commands:
        kind = CommandText(command).command_word()
        if kind == "show":
            rows.append([_NO_OPERATION, kind, command, "Skipped", ""])
            continue
        try:
            if kind == "execute":
                raise bad_request("a script cannot have another one in it")
            if time.monotonic() - began > SECONDS_MAX:
                raise bad_request(
                    f"the script has run for {SECONDS_MAX} seconds, and no command begins after that"
                )
            scene.run(command)
            rows.append([_NO_OPERATION, kind, command, "Completed", ""])
        except GatelogError as error:
            if is_true(properties, "throwonerrors"):
                raise
            rows.append([_NO_OPERATION, kind, command, "Failed", fault_of(error).message])
            if not is_true(properties, "continueonerrors"):
                break
    return CommandTable(_COLUMNS, rows)


def _commands(script: str) -> Iterator[str]:
    """The commands; lines that are comments between them belong to none. KustoError 400 if something else
    comes before the first.
    """
    for part in _BEGIN.split(script.lstrip()):
        lines = part.split("\n")
        while lines and (lines[-1].lstrip().startswith("//") or not lines[-1].strip()):
            lines.pop()
        if lines and not part.startswith("."):
            raise bad_request(f"a script begins with a command, not with {lines[-1]!r:.100}")
        if lines:
            yield "\n".join(lines)


COMMANDS: dict[str, Command] = {"execute database script": execute}
"""By the words that name them."""
