"""Ingestion mappings of a table of the users' own.

.create[-or-alter] table T ingestion csv|json mapping 'name' '[…]'
.show table T ingestion [csv|json] mappings · .show table T ingestion csv|json mapping 'name'
.show database [D] ingestion [csv|json] mappings · .show cluster ingestion [csv|json] mappings
.drop table T ingestion csv|json mapping 'name'

https://learn.microsoft.com/azure/data-explorer/kusto/management/mappings
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Scene
from gatelog.api.kusto.faults import bad_ingestion, bad_request, conflict, not_found
from gatelog.api.kusto.ingest import KINDS, by_mapping
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import KqlType, cell_from_text, to_text
from gatelog.store import IngestionMapping, UserTable

MAPPINGS_MAX = 100
"""Mappings of one table."""

_COLUMNS = columns_of(
    "Name:string,Kind:string,Mapping:string,LastUpdatedOn:datetime,Database:string,Table:string"
)


def create_mapping(text: CommandText, scene: Scene, name: str, *, replaces: bool) -> CommandTable:
    """What follows `.create table T ingestion`."""
    table, kind = scene.user_table(name), _kind(text)
    text.expect_word("mapping")
    title, definition = text.entity("a mapping"), text.text_value()
    text.end()
    by_mapping(kind, definition, table.columns)
    if table.mapping(title, kind) is not None and not replaces:
        raise conflict(f"Mapping '{title}' of kind '{kind}' already exists; use .create-or-alter")
    others = _without(table, title, kind)
    if len(others) >= MAPPINGS_MAX:
        raise bad_request(f"the table {name} has {MAPPINGS_MAX} mappings already, which is the limit")
    mapping = IngestionMapping(title, kind, definition, scene.now)
    scene.user_tables.annotate(table, replace(table.notes, mappings=(*others, mapping)))
    return _shown(scene, table, [mapping])


def drop_mapping(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """What follows `.drop table T ingestion`: answers the mappings that remain."""
    table, kind = scene.user_table(name), _kind(text)
    text.expect_word("mapping")
    title = text.entity("a mapping")
    text.end()
    _existing(table, title, kind)
    others = _without(table, title, kind)
    scene.user_tables.annotate(table, replace(table.notes, mappings=others))
    return _shown(scene, table, others)


def show_mapping(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """What follows `.show table T ingestion`: one mapping or all of them; a table of the record has none."""
    table = scene.user_tables.find(name)
    start = text.position
    if text.words()[:1] != ["mappings"]:
        kind = _kind(text)
        if text.accept_word("mapping"):
            title = text.entity("a mapping")
            text.end()
            if table is None:
                raise not_found("MappingPersistent", title)
            return _shown(scene, table, [_existing(table, title, kind)])
    text.go_to(start)
    return show_mappings(text, scene, [table] if table is not None else [])


def show_mappings(text: CommandText, scene: Scene, tables: Iterable[UserTable]) -> CommandTable:
    """What follows `.show database [D] ingestion`, `.show cluster ingestion`: `[kind] mappings`."""
    kind = _kind(text) if text.words()[:1] != ["mappings"] else ""
    text.expect_word("mappings")
    text.end()
    return CommandTable(
        _COLUMNS,
        [_row(scene, table, m) for table in tables for m in table.notes.mappings if kind in {"", m.kind}],
    )


def _kind(text: CommandText) -> str:
    kind = text.command_word()
    if kind not in KINDS:
        message = f"mappings of kind {kind} are not supported here; supported are {', '.join(KINDS)}"
        raise bad_ingestion("FormatNotSupported", "FormatNotSupportedException", message)
    return kind


def _existing(table: UserTable, title: str, kind: str) -> IngestionMapping:
    mapping = table.mapping(title, kind)
    if mapping is None:
        raise not_found("MappingPersistent", title)
    return mapping


def _without(table: UserTable, title: str, kind: str) -> tuple[IngestionMapping, ...]:
    return tuple(m for m in table.notes.mappings if (m.name, m.kind) != (title, kind))


def _shown(scene: Scene, table: UserTable, mappings: Iterable[IngestionMapping]) -> CommandTable:
    return CommandTable(_COLUMNS, [_row(scene, table, mapping) for mapping in mappings])


def _row(scene: Scene, table: UserTable, mapping: IngestionMapping) -> list[Any]:
    kind = mapping.kind.capitalize()
    return [mapping.name, kind, mapping.text, _time(mapping), scene.database, table.name]


def _time(mapping: IngestionMapping) -> str:
    ticks = cell_from_text(KqlType.DATETIME, mapping.updated.isoformat())
    return to_text(KqlType.DATETIME, ticks)
