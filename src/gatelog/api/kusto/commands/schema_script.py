"""`.show database schema as csl script`: the commands that make the users' tables and functions again, empty.

What the caller sees of them; the tables of the record are everywhere. `.execute database script` runs it.
https://learn.microsoft.com/azure/data-explorer/kusto/management/show-schema-database
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gatelog.api.kusto.commands import retention
from gatelog.api.kusto.commands.extents import seen_tables
from gatelog.api.kusto.commands.schemas import csl_name, csl_schema
from gatelog.api.kusto.commands.session import Scene
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import SavedFunction
from gatelog.store import Retention, UserTable

_COLUMNS = columns_of("DatabaseSchemaScript:string")


def schema_script(scene: Scene) -> CommandTable:
    """A row a command."""
    commands = [command for table in seen_tables(scene) for command in _of_table(table)]
    commands += [_of_function(function) for function in scene.catalog.saved.values()]
    return CommandTable(_COLUMNS, [[command] for command in commands])


def _of_table(table: UserTable) -> Iterator[str]:
    notes, name = table.notes, csl_name(table.name)
    described = _with({"folder": notes.folder, "docstring": notes.docstring})
    yield f".create-merge table {name} ({csl_schema(table.columns)}){described}"
    if notes.column_docstrings:
        said = [f"{csl_name(column)}: {_quoted(text)}" for column, text in notes.column_docstrings.items()]
        yield f".alter table {name} column-docstrings ({', '.join(said)})"
    if notes.retention != Retention():
        yield f".alter table {name} policy retention {_quoted(retention.policy_text(notes.retention))}"
    for policy, text in notes.policies.items():
        written = "true" if policy == "ingestiontime" else _quoted(text)
        yield f".alter table {name} policy {policy} {written}"
    for mapping in notes.mappings:
        what = f"{mapping.kind} mapping {_quoted(mapping.name)} {_quoted(mapping.text)}"
        yield f".create-or-alter table {name} ingestion {what}"


def _of_function(function: SavedFunction) -> str:
    view = "true" if function.view else ""
    said = {"folder": function.folder, "docstring": function.docstring, "view": view}
    described = _with({**said, "skipvalidation": "true"})
    return (
        f".create-or-alter function{described} {csl_name(function.name)}{function.parameters} {function.body}"
    )


def _with(properties: Mapping[str, str]) -> str:
    said = [f"{name}={_quoted(text)}" for name, text in properties.items() if text]
    return f" with ({', '.join(said)})" if said else ""


def _quoted(text: str) -> str:
    """A string of KQL: it escapes as JSON does."""
    return json.dumps(text)
