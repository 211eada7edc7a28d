"""Extents: the parts in which the engine keeps the rows of the users' tables. It merges them as it likes.

.show table T extents · .show tables (T, …) extents · .show database [D] extents · .show cluster extents
.drop extents from T · .drop extents older 10 days from T | all tables
.drop extent id [from T] · .drop extents (id, …) [from T] · .drop extents [whatif] <| query

The query answers a column ExtentId. https://learn.microsoft.com/azure/data-explorer/kusto/management/extent-commands
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.context import kusto_time
from gatelog.api.kusto.faults import bad_request, not_found
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.questions import Question
from gatelog.store import Part, UserTable

_COLUMNS = columns_of(
    "ExtentId:guid,DatabaseName:string,TableName:string,MaxCreatedOn:datetime,OriginalSize:real,"
    "ExtentSize:real,CompressedSize:real,IndexSize:real,Blocks:long,Segments:long,ExtentContainerId:string,"
    "RowCount:long,MinCreatedOn:datetime,Tags:string,Kind:string,DeletedRowCount:long"
)
_DROPPED_COLUMNS = columns_of("ExtentId:guid,TableName:string,CreatedOn:datetime")
_UNITS = {
    "days": timedelta(days=1),
    "day": timedelta(days=1),
    "hours": timedelta(hours=1),
    "hour": timedelta(hours=1),
}


class Extent(NamedTuple):
    """A part, and whose it is."""

    table: UserTable
    part: Part


def show(text: CommandText, scene: Scene, tables: Iterable[UserTable]) -> CommandTable:
    """What follows `extents`: nothing, or ids in brackets."""
    wanted = text.guids() if text.text == "(" else []
    text.accept_word("hot")
    text.end()
    shown = [one for one in _of(scene, tables) if not wanted or str(one.part.id) in wanted]
    return CommandTable(_COLUMNS, [_row(scene, extent) for extent in shown])


def show_of_all(text: CommandText, scene: Scene) -> CommandTable:
    """`.show cluster extents`, `.show extents`."""
    return show(text, scene, seen_tables(scene))


def drop(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop extents`, `.drop extent`."""
    pretends = text.accept_word("whatif")
    if text.input is not None:
        text.end()
        chosen = _chosen(scene, seen_tables(scene), _ids_of_query(scene, text.input))
    elif text.token.kind == "name" and text.words()[:1] in (["from"], ["older"]):
        chosen = _by_age(text, scene)
    else:
        ids = text.guids()
        tables = (
            [scene.user_table(text.entity("a table"))] if text.accept_word("from") else seen_tables(scene)
        )
        text.end()
        chosen = _chosen(scene, tables, ids)
    if not pretends:
        _drop(scene, chosen)
    rows = [[str(part.id), table.name, kusto_time(part.written)] for table, part in chosen]
    return CommandTable(_DROPPED_COLUMNS, rows)


def seen_tables(scene: Scene) -> list[UserTable]:
    """The users' tables that the caller may read."""
    return [table for table in scene.user_tables.all() if scene.catalog.find(table.name) is not None]


def _of(scene: Scene, tables: Iterable[UserTable]) -> list[Extent]:
    return [Extent(table, part) for table in tables for part in scene.user_tables.rows.parts(table)]


def _by_age(text: CommandText, scene: Scene) -> list[Extent]:
    before = None
    if text.accept_word("older"):
        count = text.advance().text
        unit = _UNITS.get(text.command_word())
        if unit is None or not (count.isascii() and count.isdecimal()):
            raise bad_request("the age is written as `older 10 days` or `older 10 hours`")
        try:
            before = scene.now - int(count) * unit
        except (OverflowError, ValueError) as error:
            raise bad_request("the age reaches back before the year 1") from error
    text.expect_word("from")
    everything = text.accept_word("all", "tables")
    tables = seen_tables(scene) if everything else [scene.user_table(text.entity("a table"))]
    text.end()
    found = _of(scene, tables)
    return found if before is None else [one for one in found if one.part.written <= before]


def _ids_of_query(scene: Scene, source: str) -> list[str]:
    principal, request = scene.session.principal, scene.session.request
    query, catalog = scene.query_of(principal, source)
    options = request.options
    question = Question(query, options.scope, request.parameters, now=options.now, catalog=catalog)
    answer = scene.questions.ask(principal, question).tables[-1]
    places = [place for place, column in enumerate(answer.columns) if column.name == "ExtentId"]
    if len(places) != 1:
        raise bad_request("the query answers no column ExtentId")
    return [str(row[places[0]]) for row in answer.rows]


def _chosen(scene: Scene, tables: Iterable[UserTable], ids: Collection[str]) -> list[Extent]:
    known = {str(extent.part.id): extent for extent in _of(scene, tables)}
    for name in ids:
        if name not in known:
            raise not_found("Extent", name)
    return [known[name] for name in dict.fromkeys(ids)]


def _drop(scene: Scene, extents: Iterable[Extent]) -> None:
    by_table: dict[str, list[Extent]] = {}
    for extent in extents:
        by_table.setdefault(extent.table.id, []).append(extent)
    for dropped in by_table.values():
        scene.user_tables.rows.drop_parts(dropped[0].table, [extent.part for extent in dropped])


def _row(scene: Scene, extent: Extent) -> list[Any]:
    """What has no counterpart here is empty or null."""
    part, written = extent.part, kusto_time(extent.part.written)
    named = [str(part.id), scene.database, extent.table.name, written]
    sizes = [float(part.plain_bytes), float(part.bytes), float(part.packed_bytes)]
    return [
        *named,
        *sizes,
        float(part.bytes - part.packed_bytes),
        None,
        None,
        "",
        part.rows,
        written,
        "",
        "",
        0,
    ]


SHOW_COMMANDS: dict[str, Command] = {"show extents": show_of_all, "show cluster extents": show_of_all}
CHANGE_COMMANDS: dict[str, Command] = {"drop extents": drop, "drop extent": drop}
"""By the words that name them."""
