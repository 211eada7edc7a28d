"""Commands that make, change and drop tables of the users' own.

.create table T (…) [with (…)]        nothing happens if T is there, whatever its columns
.create table T based-on U [ifnotexists] [with (…)]        columns and all that is noted of U
.create-merge table T (…)             adds the columns that T lacks
.create tables T (…), U (…)           several at once; also .create-merge tables
.alter table T (…)                    exactly these columns, in this order
.alter-merge table T (…)              as create-merge, for a table that is there
.alter table T docstring 'text' · folder 'text'
.rename table T to U · .rename tables U = T [ifexists], …        also names that change places
.drop table T [ifexists] · .drop tables (T, …) [ifexists]

https://learn.microsoft.com/azure/data-explorer/kusto/management/tables
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from gatelog.api.kusto.commands import columns as table_columns
from gatelog.api.kusto.commands import mappings, policies, schemas
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.schemas import of_users, shown_tables
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.commands.tables_shown import listed
from gatelog.api.kusto.faults import bad_request, conflict, not_found
from gatelog.api.kusto.result import CommandTable
from gatelog.kql import Column
from gatelog.store import CATALOG, TableNotes, UserTable

_DESCRIPTIONS = ("docstring", "folder")


def create(text: CommandText, scene: Scene) -> CommandTable:
    """`.create table T`, or a mapping of T."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.create_mapping(text, scene, name, replaces=False)
    if text.accept_word("based-on"):
        return _create_alike(text, scene, name)
    columns, properties = _declaration(text)
    if scene.existing(name) is None:
        return _shown(scene, _new_table(scene, name, columns, properties))
    return _shown(scene, scene.user_table(name))


def _create_alike(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """What follows `.create table T based-on`."""
    source = text.entity("a table")
    keeps = text.accept_word("ifnotexists")
    properties = text.properties()
    text.end()
    if scene.existing(name) is not None:
        if not keeps:
            raise conflict(f"Table '{name}' already exists")
        return _shown(scene, scene.user_table(name))
    _check_free(scene, name)
    columns, notes = _likeness(scene, source)
    described = {note: said for note, said in properties.items() if note in _DESCRIPTIONS}
    notes = replace(notes, name=name, created=scene.now, **described)
    return _shown(scene, scene.user_tables.create(notes, columns))


def _likeness(scene: Scene, name: str) -> tuple[Sequence[Column], TableNotes]:
    """What a table like another has from it; of a table of the record that is its columns."""
    seen = scene.catalog.find(name)
    if seen is None:
        raise not_found("Table", name)
    users = scene.user_tables.find(name)
    return (users.columns, users.notes) if users else (seen.columns, TableNotes(name, scene.now))


def create_several(text: CommandText, scene: Scene, *, merges: bool) -> CommandTable:
    """`.create[-merge] tables T (…), U (…) [with (…)]`: all that are new, or none. `merges`: those that are
    there get what they lack, one after the other.
    """
    declared = text.list_of(lambda: (text.entity("a table"), text.schema()), until=("with",))
    properties = text.properties()
    text.end()
    names = [name for name, _ in declared]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise bad_request(f"Table '{twice}' is declared twice: write its columns in one list")
    known = [(name, columns) for name, columns in declared if scene.existing(name) is not None]
    lacking = [(scene.user_table(name), columns) for name, columns in known] if merges else []
    for table, columns in lacking:
        scene.user_tables.check_shape(table, _with_lacking(table, columns))
    made = [
        (new_notes(scene, name, properties), columns)
        for name, columns in declared
        if (name, columns) not in known
    ]
    scene.user_tables.create_all(made)
    for table, columns in lacking:
        _merged(scene, table, columns, properties)
    return listed(scene, [of_users(scene.user_table(name)) for name, _ in declared])


def create_merge(text: CommandText, scene: Scene) -> CommandTable:
    """`.create-merge table`."""
    name = text.entity("a table")
    columns, properties = _declaration(text)
    if scene.existing(name) is None:
        return _shown(scene, _new_table(scene, name, columns, properties))
    return _shown(scene, _merged(scene, scene.user_table(name), columns, properties))


def alter_merge(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter-merge table`, of columns, their docstrings or a policy."""
    name = text.entity("a table")
    if text.accept_word("policy"):
        return policies.change_policy(text, scene, name, merge=True)
    if text.accept_word("column-docstrings"):
        return table_columns.describe(text, scene, name, merges=True)
    columns, properties = _declaration(text)
    return _shown(scene, _merged(scene, scene.user_table(name), columns, properties))


def create_or_alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.create-or-alter table T ingestion … mapping`."""
    name = text.entity("a table")
    text.expect_word("ingestion")
    return mappings.create_mapping(text, scene, name, replaces=True)


def alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter table`, of columns, their docstrings, a policy, a mapping, the docstring or the folder."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.create_mapping(text, scene, name, replaces=True)
    if text.accept_word("policy"):
        return policies.change_policy(text, scene, name, merge=False)
    if text.accept_word("column-docstrings"):
        return table_columns.describe(text, scene, name, merges=False)
    table = scene.user_table(name)
    for note in _DESCRIPTIONS:
        if text.accept_word(note):
            value = text.text_value()
            text.end()
            return _shown(scene, described(scene, table, {note: value}))
    columns, properties = _declaration(text)
    return _shown(scene, described(scene, scene.user_tables.reshape(table, columns), properties))


def rename(text: CommandText, scene: Scene) -> CommandTable:
    """`.rename table T to U`."""
    table = scene.user_table(text.entity("a table"))
    text.expect_word("to")
    name = text.entity("a table")
    text.end()
    _check_free(scene, name)
    renamed = scene.user_tables.annotate(table, replace(table.notes, name=name))
    return listed(scene, [of_users(renamed)])


def rename_several(text: CommandText, scene: Scene) -> CommandTable:
    """`.rename tables U = T [ifexists], …`, all or none of them."""
    wanted = text.list_of(lambda: _renaming(text))
    text.end()
    if len({old for _, old, _ in wanted}) < len(wanted):
        raise bad_request("a table cannot get two names")
    # Where it need not be there, one that the caller may not see is not there.
    names = {
        scene.user_table(old).name: new
        for new, old, forgiving in wanted
        if not forgiving or scene.catalog.find(old) is not None
    }
    for new in names.values():
        if new not in names:
            scene.existing(new)
            _check_free(scene, new)
    scene.user_tables.rename(names)
    return listed(scene, [of_users(scene.user_table(new)) for new in names.values()])


def _renaming(text: CommandText) -> tuple[str, str, bool]:
    new = text.entity("a table")
    text.expect("=")
    return new, text.entity("a table"), text.accept_word("ifexists")


def drop(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop table T [ifexists]`: answers the tables that remain. Or columns, or a mapping, of T."""
    name = text.entity("a table")
    if text.accept_word("ingestion"):
        return mappings.drop_mapping(text, scene, name)
    if text.accept_word("columns"):
        return table_columns.drop_several(text, scene, name)
    return _dropped(text, scene, [name])


def drop_several(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop tables (T, …) [ifexists]`."""
    return _dropped(text, scene, text.parenthesized_list_of(lambda: text.entity("a table")))


def new_notes(
    scene: Scene, name: str, properties: Mapping[str, str], *, restricted: bool = False
) -> TableNotes:
    """What is noted of a table that is to be made. KustoError 400 if something else has its name."""
    _check_free(scene, name)
    return TableNotes(
        name=name,
        created=scene.now,
        docstring=properties.get("docstring", ""),
        folder=properties.get("folder", ""),
        restricted=restricted,
    )


def _new_table(
    scene: Scene, name: str, columns: Sequence[Column], properties: Mapping[str, str]
) -> UserTable:
    return scene.user_tables.create(new_notes(scene, name, properties), columns)


def _declaration(text: CommandText) -> tuple[tuple[Column, ...], dict[str, str]]:
    declared = text.schema(), text.properties()
    text.end()
    return declared


def _merged(
    scene: Scene, table: UserTable, columns: Sequence[Column], properties: Mapping[str, str]
) -> UserTable:
    """A column that is there must keep its type: `reshape` checks it."""
    changed = scene.user_tables.reshape(table, _with_lacking(table, columns))
    return described(scene, changed, properties)


def _with_lacking(table: UserTable, columns: Sequence[Column]) -> list[Column]:
    """The columns of `table` as they are declared, then those that it lacks."""
    declared = {column.name: column for column in columns}
    kept = [declared.get(column.name, column) for column in table.columns]
    known = {column.name for column in table.columns}
    return [*kept, *(column for column in columns if column.name not in known)]


def described_notes(table: UserTable, properties: Mapping[str, str]) -> TableNotes:
    """The notes of a table with the docstring and the folder that `with (…)` says."""
    return replace(table.notes, **{name: text for name, text in properties.items() if name in _DESCRIPTIONS})


def described(scene: Scene, table: UserTable, properties: Mapping[str, str]) -> UserTable:
    """The table with the docstring and the folder that `with (…)` says."""
    notes = described_notes(table, properties)
    return scene.user_tables.annotate(table, notes) if notes != table.notes else table


def _dropped(text: CommandText, scene: Scene, names: Sequence[str]) -> CommandTable:
    forgiving = text.accept_word("ifexists")
    text.end()
    # Where it need not be there, one that the caller may not see is not there.
    wanted = [name for name in names if not forgiving or scene.catalog.find(name) is not None]
    scene.user_tables.drop(*(scene.user_table(name) for name in wanted))
    return listed(scene, shown_tables(scene))


def _check_free(scene: Scene, name: str) -> None:
    if CATALOG.find(name) is not None:
        raise conflict(f"Table '{name}' is a table of the record: choose another name")
    if scene.functions.find(name) is not None:
        raise conflict(f"'{name}' is a function: choose another name")


def _shown(scene: Scene, table: UserTable) -> CommandTable:
    return schemas.json_table(scene, of_users(table))


COMMANDS: dict[str, Command] = {
    "create table": create,
    "create-merge table": create_merge,
    "create tables": partial(create_several, merges=False),
    "create-merge tables": partial(create_several, merges=True),
    "create-or-alter table": create_or_alter,
    "alter table": alter,
    "alter-merge table": alter_merge,
    "rename table": rename,
    "rename tables": rename_several,
    "drop table": drop,
    "drop tables": drop_several,
}
"""By the words that name them."""
