"""Commands about columns of tables of the users' own.

.alter column T.C type = long            the values that it had are gone
.rename column T.C to D · .rename columns D = T.C, …          two may take each other's names
.drop column T.C · .drop table T columns (C, …)
.alter table T column-docstrings (C: 'text', …) · .alter-merge …

The name of a column may have the table's, and that the database's, before it.
https://learn.microsoft.com/azure/data-explorer/kusto/management/columns
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.schemas import json_table, of_users
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request, not_found
from gatelog.api.kusto.requests import check_database
from gatelog.api.kusto.result import CommandTable
from gatelog.kql import Column, KqlType
from gatelog.store import UserTable


def alter(text: CommandText, scene: Scene) -> CommandTable:
    """`.alter column T.C type = long`."""
    table, name = _column(text, scene)
    text.expect_word("type")
    text.expect("=")
    column = Column(name, KqlType(text.type_name()))
    text.end()
    if column not in table.columns:
        table = scene.user_tables.retype(table, column)
    return json_table(scene, of_users(table))


def rename(text: CommandText, scene: Scene) -> CommandTable:
    """`.rename column T.C to D`."""
    table, name = _column(text, scene)
    text.expect_word("to")
    new = text.entity("a column")
    text.end()
    return _renamed(scene, table, {name: new})


def rename_several(text: CommandText, scene: Scene) -> CommandTable:
    """`.rename columns D = T.C, …`, all of one table."""
    new, (table, name) = _new_name(text), _column(text, scene)
    names = {name: new}
    while text.accept(","):
        new, (other, name) = _new_name(text), _column(text, scene)
        if other.id != table.id:
            raise bad_request("the columns are of different tables: rename those of one table at a time")
        if name in names:
            raise bad_request(f"the column {name} cannot get two names")
        names[name] = new
    text.end()
    return _renamed(scene, table, names)


def drop(text: CommandText, scene: Scene) -> CommandTable:
    """`.drop column T.C`."""
    table, name = _column(text, scene)
    text.end()
    return _without(scene, table, [name])


def drop_several(text: CommandText, scene: Scene, table_name: str) -> CommandTable:
    """What follows `.drop table T columns`."""
    table = scene.user_table(table_name)
    names = text.parenthesized_list_of(lambda: text.entity("a column"))
    text.end()
    return _without(scene, table, [_known(table, name) for name in names])


def describe(text: CommandText, scene: Scene, table_name: str, *, merges: bool) -> CommandTable:
    """What follows `.alter[-merge] table T column-docstrings`; `merges`: columns that are not named keep
    theirs.
    """
    table = scene.user_table(table_name)
    said = dict(text.parenthesized_list_of(lambda: _docstring(text)))
    text.end()
    for name in said:
        _known(table, name)
    kept = table.notes.column_docstrings if merges else {}
    texts = {name: docstring for name, docstring in {**kept, **said}.items() if docstring}
    return _described(scene, table, texts)


def _column(text: CommandText, scene: Scene) -> tuple[UserTable, str]:
    """`[database.]table.column`: a table that the caller may change, and a column that it has."""
    *databases, table_name, name = ["", *text.path("a column")]
    if not table_name or len(databases) > 2:
        raise text.error("the name of a table, a dot, and that of a column")
    for database in databases[1:]:
        check_database(database, scene.database)
    table = scene.user_table(table_name)
    return table, _known(table, name)


def _known(table: UserTable, name: str) -> str:
    if all(column.name != name for column in table.columns):
        raise not_found("Column", name)
    return name


def _new_name(text: CommandText) -> str:
    name = text.entity("a column")
    text.expect("=")
    return name


def _docstring(text: CommandText) -> tuple[str, str]:
    name = text.entity("a column")
    text.expect(":")
    return name, text.text_value()


def _renamed(scene: Scene, table: UserTable, names: dict[str, str]) -> CommandTable:
    texts = {names.get(name, name): said for name, said in table.notes.column_docstrings.items()}
    return _described(scene, scene.user_tables.rename_columns(table, names), texts)


def _without(scene: Scene, table: UserTable, names: Iterable[str]) -> CommandTable:
    gone = set(names)
    kept = [column for column in table.columns if column.name not in gone]
    texts = {name: said for name, said in table.notes.column_docstrings.items() if name not in gone}
    return _described(scene, scene.user_tables.reshape(table, kept), texts)


def _described(scene: Scene, table: UserTable, texts: dict[str, str]) -> CommandTable:
    if texts != table.notes.column_docstrings:
        table = scene.user_tables.annotate(table, replace(table.notes, column_docstrings=texts))
    return json_table(scene, of_users(table))


COMMANDS: dict[str, Command] = {
    "alter column": alter,
    "rename column": rename,
    "rename columns": rename_several,
    "drop column": drop,
}
"""By the words that name them."""
