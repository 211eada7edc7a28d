"""Commands that make, change and drop tables of the users' own.

.create table T (…) [with (…)]        nothing happens if T is there, whatever its columns
.create-merge table T (…)             adds the columns that T lacks
.create tables T (…), U (…)           several at once; also .create-merge tables
.alter table T (…)                    exactly these columns, in this order
.alter-merge table T (…)              as create-merge, for a table that is there
.alter table T docstring 'text' · folder 'text'
.rename table T to U · .drop table T [ifexists] · .drop tables (T, …) [ifexists] · .clear table T data

https://learn.microsoft.com/azure/data-explorer/kusto/management/tables
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from gatelog.api.kusto.commands import mappings, retention, schemas
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.schemas import ShownTable, shown_tables
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.commands.tables_shown import listed
from gatelog.api.kusto.faults import conflict
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import Column
from gatelog.store import CATALOG, TableNotes, UserTable

_CLEARED_COLUMNS = columns_of("TableName:string,Status:string")


def create(text: CommandText, scene: Scene) -> CommandTable:
    """`.create table T`, or a mapping of T."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.create_mapping(text, scene, name, replaces=False)
    columns, properties = _declaration(text)
    if scene.existing(name) is None:
        return _shown(scene, new_table(scene, name, columns, properties))
    return _shown(scene, scene.user_table(name))


def create_several(text: CommandText, scene: Scene, *, merges: bool) -> CommandTable:
    """`.create[-merge] tables T (…), U (…) [with (…)]`; `merges`: those that are there get what they lack."""
    declared = text.list_of(lambda: (text.entity("a table"), text.schema()), until=("with",))
    properties = text.properties()
    text.end()
    for name, columns in declared:
        if scene.existing(name) is None:
            new_table(scene, name, columns, properties)
        elif merges:
            _merged(scene, scene.user_table(name), columns, properties)
    return listed(scene, [_as_shown(scene.user_table(name)) for name, _ in declared])


def create_merge(text: CommandText, scene: Scene) -> CommandTable:
    """`.create-merge table`."""
    name = text.entity("a table")
    columns, properties = _declaration(text)
    if scene.existing(name) is None:
        return _shown(scene, new_table(scene, name, columns, properties))
    return _shown(scene, _merged(scene, scene.user_table(name), columns, properties))


def alter_merge(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter-merge table`, of columns or of a policy."""
    name = text.entity("a table")
    if text.accept_word("policy"):
        return retention.change_policy(text, scene, name, merge=True)
    columns, properties = _declaration(text)
    return _shown(scene, _merged(scene, scene.user_table(name), columns, properties))


def create_or_alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.create-or-alter table T ingestion … mapping`."""
    name = text.entity("a table")
    text.expect_word("ingestion")
    return mappings.create_mapping(text, scene, name, replaces=True)


def alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter table`, of columns, a policy, a mapping, the docstring or the folder."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.create_mapping(text, scene, name, replaces=True)
    if text.accept_word("policy"):
        return retention.change_policy(text, scene, name, merge=False)
    table = scene.user_table(name)
    for note in ("docstring", "folder"):
        if text.accept_word(note):
            value = text.text_value()
            text.end()
            return _shown(scene, _annotated(scene, table, {note: value}))
    columns, properties = _declaration(text)
    return _shown(scene, _annotated(scene, scene.user_tables.reshape(table, columns), properties))


def rename(text: CommandText, scene: Scene) -> CommandTable:
    """`.rename table T to U`."""
    table = scene.user_table(text.entity("a table"))
    text.expect_word("to")
    name = text.entity("a table")
    text.end()
    _check_free(scene, name)
    renamed = scene.user_tables.annotate(table, replace(table.notes, name=name))
    return listed(scene, [_as_shown(renamed)])


def drop(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop table T [ifexists]`: answers the tables that remain. Or a mapping of T."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.drop_mapping(text, scene, name)
    return _dropped(text, scene, [name])


def drop_several(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop tables (T, …) [ifexists]`."""
    return _dropped(text, scene, text.parenthesized_list_of(lambda: text.entity("a table")))


def clear(text: CommandText, scene: Scene) -> CommandTable:
    """`.clear table T data`."""
    table = scene.user_table(text.entity("a table"))
    text.expect_word("data")
    text.end()
    scene.user_tables.clear(table)
    return CommandTable(_CLEARED_COLUMNS, [[table.name, "Succeeded"]])


def new_table(
    scene: Scene,
    name: str,
    columns: Sequence[Column],
    properties: Mapping[str, str],
    *,
    restricted: bool = False,
) -> UserTable:
    """Make a table. KustoError 400 if the record has one of that name."""
    _check_free(scene, name)
    notes = TableNotes(
        name=name,
        created=scene.now,
        docstring=properties.get("docstring", ""),
        folder=properties.get("folder", ""),
        restricted=restricted,
    )
    return scene.user_tables.create(notes, columns)


def _declaration(text: CommandText) -> tuple[tuple[Column, ...], dict[str, str]]:
    declared = text.schema(), text.properties()
    text.end()
    return declared


def _merged(
    scene: Scene, table: UserTable, columns: Sequence[Column], properties: Mapping[str, str]
) -> UserTable:
    """A column that is there must keep its type: `reshape` checks it."""
    declared = {column.name: column for column in columns}
    kept = [declared.get(column.name, column) for column in table.columns]
    known = {column.name for column in table.columns}
    added = [column for column in columns if column.name not in known]
    changed = scene.user_tables.reshape(table, [*kept, *added])
    return _annotated(scene, changed, properties)


def _annotated(scene: Scene, table: UserTable, properties: Mapping[str, str]) -> UserTable:
    noted = {name: text for name, text in properties.items() if name in {"docstring", "folder"}}
    return scene.user_tables.annotate(table, replace(table.notes, **noted)) if noted else table


def _dropped(text: CommandText, scene: Scene, names: Sequence[str]) -> CommandTable:
    forgiving = text.accept_word("ifexists")
    text.end()
    # Where it need not be there, one that the caller may not see is not there.
    wanted = [name for name in names if not forgiving or scene.catalog.find(name) is not None]
    for table in [scene.user_table(name) for name in wanted]:
        scene.user_tables.drop(table)
    return listed(scene, shown_tables(scene))


def _check_free(scene: Scene, name: str) -> None:
    if CATALOG.find(name) is not None:
        raise conflict(f"Table '{name}' is a table of the record: choose another name")
    if scene.functions.find(name) is not None:
        raise conflict(f"'{name}' is a function: choose another name")


def _as_shown(table: UserTable) -> ShownTable:
    return ShownTable(table.name, table.columns, table.notes.folder, table.notes.docstring)


def _shown(scene: Scene, table: UserTable) -> CommandTable:
    return schemas.json_table(scene, _as_shown(table))


COMMANDS: dict[str, Command] = {
    "create table": create,
    "create-merge table": create_merge,
    "create tables": partial(create_several, merges=False),
    "create-merge tables": partial(create_several, merges=True),
    "create-or-alter table": create_or_alter,
    "alter table": alter,
    "alter-merge table": alter_merge,
    "rename table": rename,
    "drop table": drop,
    "drop tables": drop_several,
    "clear table": clear,
}
"""By the words that name them."""
