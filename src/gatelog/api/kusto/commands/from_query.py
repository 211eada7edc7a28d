"""`.set`, `.append`, `.set-or-append`, `.set-or-replace`: the rows of a query become rows of a table.

                    T is there        T is not there
.set                fails             made and filled
.append             rows are added    fails
.set-or-append      rows are added    made and filled
.set-or-replace     rows are put in place of the old ones    made and filled

`extend_schema = true` adds the columns that only the query has, `recreate_schema = true` (where rows are
replaced) takes the query's in place of the table's. `async` answers the id of an operation, which has
ended then.

The rows do not leave the store. In place of a query there may be a command that shows something. What reads
bodies, or shows its author more than others see, makes its table one that only they may read who may read
bodies. https://learn.microsoft.com/azure/data-explorer/kusto/management/data-ingestion/ingest-from-query
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from gatelog.api.kusto.commands import tables
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.ingestion_properties import check_properties, is_true
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request, conflict
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Principal, Role
from gatelog.api.questions import Question
from gatelog.errors import KqlError
from gatelog.kql import Column, Compiled
from gatelog.store import Filling, UserTable

_COLUMNS = columns_of(
    "ExtentId:guid,OriginalSize:real,ExtentSize:real,CompressedSize:real,IndexSize:real,RowCount:long"
)
_OPERATION_COLUMNS = columns_of("OperationId:guid")
_NO_EXTENT = str(UUID(int=0))
_SOMEBODY = Principal("", Role.LOG)
"""Who may not read bodies, and asked nothing."""


class Mode(NamedTuple):
    """What a command does: `makes` a table that is not there, `adds` to one that is, `replaces` its rows."""

    makes: bool
    adds: bool
    replaces: bool


def fill(text: CommandText, scene: Scene, mode: Mode) -> CommandTable:
    """The rows of the query that follows `<|` into a table."""
    is_async = text.words()[:1] == ["async"] and text.peek().kind in {"name", "string", "punctuation"}
    if is_async and text.peek().text != "with":
        text.expect_word("async")
        _into(text, scene, mode)
        return CommandTable(_OPERATION_COLUMNS, [[str(scene.operation)]])
    return _into(text, scene, mode)


def _into(text: CommandText, scene: Scene, mode: Mode) -> CommandTable:
    name, properties = text.entity("a table"), text.properties()
    text.end()
    if text.input is None or not text.input.strip():
        raise text.error("'<|' and a query")
    check_properties(properties)
    compiled, reads_bodies = _compiled(scene, text.input)
    if mode.makes and scene.existing(name) is None:
        notes = tables.new_notes(scene, name, properties, restricted=reads_bodies)
        return _answer(scene.user_tables.make(notes, _filling(scene, compiled)))
    table = scene.user_table(name)
    if not mode.adds:
        raise conflict(f"Table '{name}' already exists; use .append, .set-or-append or .set-or-replace")
    recreates = mode.replaces and is_true(properties, "recreate_schema")
    columns = (
        compiled.columns if recreates else _columns(table, compiled, is_true(properties, "extend_schema"))
    )
    if reads_bodies and not table.notes.restricted:
        table = scene.user_tables.restrict(table)
        compiled, _ = _compiled(scene, text.input)  # it may read this very table, whose id is another now
    notes = tables.described_notes(table, properties)
    if mode.replaces:
        return _answer(scene.user_tables.replace(table, notes, columns, _filling(scene, compiled)))
    scene.user_tables.check_shape(replace(table, notes=notes), columns)
    count = scene.user_tables.append(table, columns, _filling(scene, compiled))
    if notes != table.notes:
        tables.described(scene, scene.user_table(name), properties)
    return _answer(count)


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
    query, catalog = scene.query_of(principal, source)
    question = Question(query, request.options.scope, request.parameters, now=now, catalog=catalog)
    compiled = scene.questions.compile(principal, question)
    if len(compiled) != 1:
        raise bad_request(f"the query answers {len(compiled)} tables, and one is needed")
    return compiled[0]


def _filling(scene: Scene, compiled: Compiled) -> Filling:
    return Filling(compiled.sql, compiled.columns, scene.questions.budget)


def _answer(count: int) -> CommandTable:
    return CommandTable(_COLUMNS, [[_NO_EXTENT, None, None, None, None, count]])


def _columns(table: UserTable, compiled: Compiled, extends: bool) -> Sequence[Column]:
    """The table's columns, of the types of the query's; `extends`: with those that only the query has."""
    query, known = ([column.type.value for column in one.columns] for one in (compiled, table))
    if query == known:
        return table.columns
    if extends and query[: len(known)] == known:
        return [*table.columns, *compiled.columns[len(known) :]]
    raise bad_request(
        "Invalid query for ingestion: Query schema does not match table schema. "
        f"QuerySchema=({', '.join(query)}), TableSchema=({', '.join(known)})"
    )


COMMANDS: dict[str, Command] = {
    "set": partial(fill, mode=Mode(makes=True, adds=False, replaces=False)),
    "append": partial(fill, mode=Mode(makes=False, adds=True, replaces=False)),
    "set-or-append": partial(fill, mode=Mode(makes=True, adds=True, replaces=False)),
    "set-or-replace": partial(fill, mode=Mode(makes=True, adds=True, replaces=True)),
}
"""By the words that name them."""
