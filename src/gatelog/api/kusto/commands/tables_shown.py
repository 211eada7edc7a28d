"""`.show tables`, `.show table T …`.

https://learn.microsoft.com/azure/data-explorer/kusto/management/show-tables-command
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gatelog.api.kusto.commands import extents, mappings, policies, retention, schemas
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.principals import principals
from gatelog.api.kusto.commands.schemas import ShownTable, found_table, shown_tables
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.context import kusto_time
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.store import CATALOG, UserTable

_COLUMNS = columns_of("TableName:string,DatabaseName:string,Folder:string,DocString:string")
_DETAILS_COLUMNS = columns_of(
    "TableName:string,DatabaseName:string,Folder:string,DocString:string,TotalExtents:long,"
    "TotalExtentSize:real,TotalOriginalSize:real,TotalRowCount:long,HotExtents:long,HotExtentSize:real,"
    "HotOriginalSize:real,HotRowCount:long,AuthorizedPrincipals:string,RetentionPolicy:string,"
    "CachingPolicy:string,ShardingPolicy:string,MergePolicy:string,StreamingIngestionPolicy:string,"
    "MinExtentsCreationTime:datetime,MaxExtentsCreationTime:datetime,RowOrderPolicy:string"
)


def show_tables(text: CommandText, scene: Scene) -> CommandTable:
    """`.show tables [(T, …)] [details | extents]`."""
    shown = shown_tables(scene)
    if text.text == "(":
        wanted = text.parenthesized_list_of(lambda: text.entity("a table"))
        shown = [found_table(scene, name) for name in wanted]
    if text.accept_word("extents"):
        return extents.show(text, scene, [_of_users(scene, table.name) for table in shown])
    details = text.accept_word("details")
    text.end()
    return _details(scene, shown) if details else listed(scene, shown)


def show_table(text: CommandText, scene: Scene) -> CommandTable:
    """`.show table T [cslschema | schema as json | details | principals | policy … | ingestion … ]`."""
    if text.accept("*"):
        return policies.show_of_all(text, scene)
    name = text.entity("a table")
    if text.accept_word("policy"):
        return policies.show_policy(text, scene, name)
    if text.accept_word("ingestion"):
        return mappings.show_mapping(text, scene, found_table(scene, name).name)
    if text.accept_word("extents"):
        return extents.show(text, scene, [_of_users(scene, name)])
    show = _aspect(text)
    text.end()
    return show(scene, found_table(scene, name))


def _aspect(text: CommandText) -> Callable[[Scene, ShownTable], CommandTable]:
    if text.accept_word("cslschema"):
        return schemas.csl_table
    if text.accept_word("schema", "as", "json"):
        return schemas.json_table
    if text.accept_word("details"):
        return lambda scene, table: _details(scene, [table])
    if text.accept_word("principals"):
        return lambda scene, _: principals(scene)
    if text.token.kind == "name":
        raise bad_request(
            f".show table T {text.command_word()} is not known here; known are: cslschema, schema as json, "
            "details, policy, ingestion mappings, extents"
        )
    return lambda scene, table: listed(scene, [table])


def listed(scene: Scene, tables: list[ShownTable]) -> CommandTable:
    """A row a table."""
    rows = [[table.name, scene.database, table.folder, table.docstring] for table in tables]
    return CommandTable(_COLUMNS, rows)


def _of_users(scene: Scene, name: str) -> UserTable:
    """A table whose parts are shown."""
    if CATALOG.find(name) is not None:
        raise bad_request(f"'{name}' is a table of the record: only tables of the users' own show extents")
    return scene.user_table(name)


def _details(scene: Scene, tables: list[ShownTable]) -> CommandTable:
    return CommandTable(_DETAILS_COLUMNS, [_details_row(scene, table) for table in tables])


def _details_row(scene: Scene, table: ShownTable) -> list[Any]:
    """Sizes are known of the users' tables only; what has no counterpart here is null or empty."""
    users = scene.user_tables.find(table.name)
    names = [table.name, scene.database, table.folder, table.docstring]
    if users is None:
        kept = ["", retention.policy_text(scene.retention), "", "", "", ""]
        return [*names, *[None] * 8, *kept, None, None, ""]
    parts = scene.user_tables.rows.parts(users)
    sizes = [float(sum(part.bytes for part in parts)), float(sum(part.plain_bytes for part in parts))]
    amounts = [len(parts), *sizes, sum(part.rows for part in parts)]
    hints = [users.notes.policies.get(name, "") for name in ("caching", "sharding", "merge")]
    policies = ["", retention.policy_text(users.notes.retention), *hints, ""]
    written = [kusto_time(part.written) for part in parts] if parts else [None]
    return [
        *names,
        *amounts,
        *amounts,
        *policies,
        written[0],
        written[-1],
        users.notes.policies.get("roworder", ""),
    ]


COMMANDS: dict[str, Command] = {"show tables": show_tables, "show table": show_table}
"""By the words that name them."""
