"""`.set`, `.append`, `.set-or-append`, `.set-or-replace`: the rows of a query become rows of a table.

                    T is there        T is not there
.set                fails             made and filled
.append             rows are added    fails
.set-or-append      rows are added    made and filled
.set-or-replace     rows are put in place of the old ones    made and filled

The rows do not leave the store. In place of a query there may be a command that shows something. What reads
bodies, or shows its author more than others see, makes its table one that only they may read who may read
bodies. https://learn.microsoft.com/azure/data-explorer/kusto/management/data-ingestion/ingest-from-query
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from uuid import UUID

from gatelog.api.kusto.commands import tables
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request, conflict
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Question
from gatelog.errors import KqlError
from gatelog.kql import Compiled
from gatelog.store import UserTable

_COLUMNS = columns_of(
    "ExtentId:guid,OriginalSize:real,ExtentSize:real,CompressedSize:real,IndexSize:real,RowCount:long"
)
_NO_EXTENT = str(UUID(int=0))
_SOMEBODY = Principal("", Role.LOG)
"""Who may not read bodies, and asked nothing."""

_SCHEMA_CHANGES = ("extend_schema", "recreate_schema")


def fill(text: CommandText, scene: Scene, *, makes: bool, adds: bool, replaces: bool) -> CommandTable:
    """`makes` a table that is not there, `adds` to one that is, `replaces` its rows."""
    if text.words()[:1] == ["async"] and len(text.words()) > 1:
        raise bad_request("async is not offered here: the command ends when its rows are there")
    name, properties = text.entity("a table"), text.properties()
    text.end()
    if text.input is None or not text.input.strip():
        raise text.error("'<|' and a query")
    _check_properties(properties)
    compiled, reads_bodies = _compiled(scene, text.input)
    if makes and scene.existing(name) is None:
        table = tables.new_table(scene, name, compiled.columns, properties, restricted=reads_bodies)
        return _filled(scene, table, compiled, replaces=False, is_new=True)
    table = scene.user_table(name)
    if not adds:
        raise conflict(f"Table '{name}' already exists; use .append, .set-or-append or .set-or-replace")
    _check_schema(compiled, table)
    if reads_bodies and not table.notes.restricted:
        table = scene.user_tables.restrict(table)
        compiled, _ = _compiled(scene, text.input)  # it may read this very table, whose id is another now
    return _filled(scene, table, compiled, replaces=replaces, is_new=False)


def _compiled(scene: Scene, source: str) -> tuple[Compiled, bool]:
    """The query for the engine, and whether it is another one for somebody who may not read bodies."""
    principal, now = scene.session.principal, scene.session.request.options.now or scene.now
    compiled = _only(scene, principal, source, now)
    if not principal.role.includes(Role.LOG_WITH_BODIES):
        return compiled, False
    try:
        reads_bodies = _only(scene, _SOMEBODY, source, now).sql != compiled.sql
    except KqlError:
        reads_bodies = True
    return compiled, reads_bodies


def _only(scene: Scene, principal: Principal, source: str, now: datetime) -> Compiled:
    request = scene.session.request
    query = scene.query_of(principal, source)
    question = Question(query, request.options.scope, request.parameters, now=now)
    compiled = scene.questions.compile(principal, question)
    if len(compiled) != 1:
        raise bad_request(f"the query answers {len(compiled)} tables, and one is needed")
    return compiled[0]


def _filled(
    scene: Scene, table: UserTable, compiled: Compiled, *, replaces: bool, is_new: bool
) -> CommandTable:
    budget = scene.questions.budget
    try:
        count = scene.user_tables.fill(table, compiled.sql, compiled.columns, budget, replace=replaces)
    except Exception:
        if is_new:
            scene.user_tables.drop(table)
        raise
    return CommandTable(_COLUMNS, [[_NO_EXTENT, None, None, None, None, count]])


def _check_schema(compiled: Compiled, table: UserTable) -> None:
    query, known = ([column.type.value for column in one.columns] for one in (compiled, table))
    if query != known:
        raise bad_request(
            "Invalid query for ingestion: Query schema does not match table schema. "
            f"QuerySchema=({', '.join(query)}), TableSchema=({', '.join(known)})"
        )


def _check_properties(properties: Mapping[str, str]) -> None:
    for name in _SCHEMA_CHANGES:
        if properties.get(name, "").lower() == "true":
            raise bad_request(f"{name} is not offered here: use .alter-merge table first")


COMMANDS: dict[str, Command] = {
    "set": partial(fill, makes=True, adds=False, replaces=False),
    "append": partial(fill, makes=False, adds=True, replaces=False),
    "set-or-append": partial(fill, makes=True, adds=True, replaces=False),
    "set-or-replace": partial(fill, makes=True, adds=True, replaces=True),
}
"""By the words that name them."""
