"""The schema of the database, in the shapes that clients ask for.

    as rows      one for the database, one a table, one a column     .show databases schema
    as JSON      one text                                            .show database D schema as json
    as entities  one row a table or function                         .show databases entities

https://learn.microsoft.com/azure/data-explorer/kusto/management/show-schema-database
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import not_found
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import DOTNET_TYPES, Column, KqlType, SavedFunction, Table, ast
from gatelog.store import UserTable

_ROWS_COLUMNS = columns_of(
    "DatabaseName:string,TableName:string,ColumnName:string,ColumnType:string,IsDefaultTable:bool,"
    "IsDefaultColumn:bool,PrettyName:string,Version:string"
)
_JSON_COLUMNS = columns_of("DatabaseSchema:string")
_ENTITIES_COLUMNS = columns_of(
    "DatabaseName:string,EntityType:string,EntityName:string,DocString:string,Folder:string,"
    "CslInputSchema:string,Content:string,CslOutputSchema:string,Properties:dynamic"
)
_CSL_COLUMNS = columns_of("TableName:string,Schema:string,DatabaseName:string,Folder:string,DocString:string")

_MAJOR, _MINOR = 1, 0


class ShownTable(NamedTuple):
    """A table as its caller may see it."""

    name: str
    columns: tuple[Column, ...]
    folder: str
    docstring: str
    column_docstrings: Mapping[str, str] = MappingProxyType({})


def shown_tables(scene: Scene) -> list[ShownTable]:
    """All tables that the caller may name; the catalog leaves out columns that they may not."""
    found = (scene.catalog.find(name) for name in scene.catalog.names)
    return [shown_table(scene, table) for table in found if table is not None]


def found_table(scene: Scene, name: str) -> ShownTable:
    """One of them by its name; KustoError 400 if there is none."""
    table = scene.catalog.find(name)
    if table is None:
        raise not_found("Table", name)
    return shown_table(scene, table)


def shown_table(scene: Scene, table: Table) -> ShownTable:
    """One of them."""
    users = scene.user_tables.find(table.name)
    return of_users(users) if users else ShownTable(table.name, table.columns, "", "")


def of_users(table: UserTable) -> ShownTable:
    """A table of the users' own."""
    notes = table.notes
    return ShownTable(table.name, table.columns, notes.folder, notes.docstring, notes.column_docstrings)


def database_schema(text: CommandText, scene: Scene) -> CommandTable:
    """What follows `schema`: `[details] [if_later_than "v1.0"] [as json] [with (…)]`."""
    text.accept_word("details")
    if text.accept_word("if_later_than"):
        text.text_value()
    as_json = text.accept_word("as", "json")
    text.properties()
    text.end()
    return _schema_json(scene) if as_json else _schema_rows(scene)


def show_schema(text: CommandText, scene: Scene) -> CommandTable:
    """`.show schema [as json]`, `.show cluster schema`."""
    return database_schema(text, scene)


def csl_schema(columns: Iterable[Column]) -> str:
    """`a:string,b:long`; names that are no plain words in brackets."""
    return ",".join(f"{csl_name(column.name)}:{column.type}" for column in columns)


def csl_name(name: str) -> str:
    """A name as a query has to write it."""
    return name if name.isidentifier() else f"['{name}']"


def csl_schemas(scene: Scene) -> CommandTable:
    """`.show database cslschema`."""
    return CommandTable(_CSL_COLUMNS, [csl_row(scene, table) for table in shown_tables(scene)])


def csl_row(scene: Scene, table: ShownTable) -> list[Any]:
    """A row of `cslschema`."""
    return [table.name, csl_schema(table.columns), scene.database, table.folder, table.docstring]


def csl_table(scene: Scene, table: ShownTable) -> CommandTable:
    """`.show table T cslschema`."""
    return CommandTable(_CSL_COLUMNS, [csl_row(scene, table)])


def json_table(scene: Scene, table: ShownTable) -> CommandTable:
    """`.show table T schema as json`, and what commands answer that make or change a table."""
    schema = msgspec.json.encode({"Name": table.name, "OrderedColumns": ordered_columns(table)})
    row = [table.name, schema.decode(), scene.database, table.folder, table.docstring]
    return CommandTable(_CSL_COLUMNS, [row])


def ordered_columns(table: ShownTable) -> list[dict[str, Any]]:
    """Columns in the JSON of a schema."""
    return [_column_json(column, table.column_docstrings.get(column.name)) for column in table.columns]


def _column_json(column: Column, docstring: str | None) -> dict[str, Any]:
    described = {"DocString": docstring} if docstring else {}
    return {"Name": column.name, **_type(column.type), **described}


def entities(scene: Scene) -> CommandTable:
    """`.show databases entities`."""
    database = scene.database
    rows: list[list[Any]] = [[database, "Database", database, "", "", "", "", "", {}]]
    for table in shown_tables(scene):
        schema = csl_schema(table.columns)
        rows.append([database, "Table", table.name, table.docstring, table.folder, schema, "", schema, {}])
    for function in _functions(scene):
        inputs = function.parameters.strip()[1:-1]
        kept = [function.docstring, function.folder, inputs, function.body, "", {}]
        rows.append([database, "Function", function.name, *kept])
    return CommandTable(_ENTITIES_COLUMNS, rows)


def _schema_rows(scene: Scene) -> CommandTable:
    database = scene.database
    rows: list[list[Any]] = [[database, "", "", "", False, False, "", f"v{_MAJOR}.{_MINOR}"]]
    for table in shown_tables(scene):
        rows.append([database, table.name, "", "", False, False, "", ""])
        rows += [
            [database, table.name, column.name, DOTNET_TYPES[column.type], False, False, "", ""]
            for column in table.columns
        ]
    return CommandTable(_ROWS_COLUMNS, rows)


def _schema_json(scene: Scene) -> CommandTable:
    database = {
        "Name": scene.database,
        "Tables": {table.name: _table_json(table) for table in shown_tables(scene)},
        "ExternalTables": {},
        "MaterializedViews": {},
        "EntityGroups": {},
        "MajorVersion": _MAJOR,
        "MinorVersion": _MINOR,
        "Functions": {function.name: _function_json(scene, function) for function in _functions(scene)},
        "DatabaseAccessMode": "ReadWrite",
        "PrettyName": None,
    }
    text = msgspec.json.encode({"Plugins": [], "Databases": {scene.database: database}}).decode()
    return CommandTable(_JSON_COLUMNS, [[text]])


def _table_json(table: ShownTable) -> dict[str, Any]:
    return {
        "Name": table.name,
        "EntityType": "Table",
        "Folder": table.folder,
        "DocString": table.docstring,
        "DefaultColumn": None,
        "OrderedColumns": ordered_columns(table),
    }


def _function_json(scene: Scene, function: SavedFunction) -> dict[str, Any]:
    return {
        "Name": function.name,
        "InputParameters": _parameters(scene, function.name),
        "Body": function.body,
        "Folder": function.folder,
        "DocString": function.docstring,
        "FunctionKind": "Unknown",
        "OutputColumns": [],
    }


def _parameters(scene: Scene, name: str) -> list[dict[str, Any]]:
    """The parameters of a saved function: scalars with their type, tables with their columns."""
    tree = scene.catalog.functions.get(name)
    if tree is None:
        return []
    return [_parameter(parameter) for parameter in tree.parameters]


def _parameter(parameter: ast.ColumnDeclaration | ast.TabularParameter) -> dict[str, Any]:
    if isinstance(parameter, ast.ColumnDeclaration):
        return {"Name": parameter.name, **_type(KqlType(parameter.type))}
    columns = [{"Name": column.name, **_type(KqlType(column.type))} for column in parameter.columns]
    return {"Name": parameter.name, "Columns": columns}


def _type(kql_type: KqlType) -> dict[str, str]:
    return {"Type": DOTNET_TYPES[kql_type], "CslType": kql_type.value}


def _functions(scene: Scene) -> list[SavedFunction]:
    return list(scene.catalog.saved.values())


COMMANDS: dict[str, Command] = {"show schema": show_schema, "show cluster schema": show_schema}
"""By the words that name them."""
