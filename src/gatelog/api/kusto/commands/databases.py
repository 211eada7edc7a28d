"""`.show databases` and its relatives. There is one database: the record.

https://learn.microsoft.com/azure/data-explorer/kusto/management/show-databases
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from uuid import NAMESPACE_URL, UUID, uuid5

from gatelog.api.kusto.commands import extents, mappings, policies, retention, schemas
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.principals import principals
from gatelog.api.kusto.commands.schema_script import schema_script
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.requests import check_database
from gatelog.api.kusto.result import CommandTable, columns_of

_COLUMNS = columns_of(
    "DatabaseName:string,PersistentStorage:string,Version:string,IsCurrent:bool,DatabaseAccessMode:string,"
    "PrettyName:string,DatabaseId:guid,InTransitionTo:string,SuspensionState:string"
)
_DETAILS_COLUMNS = columns_of(
    "DatabaseName:string,PersistentStorage:string,Version:string,IsCurrent:bool,DatabaseAccessMode:string,"
    "PrettyName:string,AuthorizedPrincipals:string,RetentionPolicy:string,MergePolicy:string,"
    "CachingPolicy:string,ShardingPolicy:string,StreamingIngestionPolicy:string,"
    "IngestionBatchingPolicy:string,TotalSize:real,DatabaseId:guid,InTransitionTo:string,"
    "NumberOfTables:int,NumberOfExternalTables:int,NumberOfMaterializedViews:int,EncryptionScope:int,"
    "SuspensionState:string"
)
_IDENTITY_COLUMNS = columns_of(
    "DatabaseName:string,PersistentStorage:string,Version:string,IsCurrent:bool,DatabaseAccessMode:string,"
    "PrettyName:string,CurrentUserIsUnrestrictedViewer:bool,DatabaseId:guid,InTransitionTo:string,"
    "SuspensionState:string"
)
_VERSION_COLUMNS = columns_of(
    "BuildVersion:string,BuildTime:datetime,ServiceType:string,ProductVersion:string"
)

SCHEMA_VERSION = "v1.0"
Show = Callable[[Scene], CommandTable]
_ACCESS = "ReadWrite"
_ASPECTS = frozenset(
    {"schema", "cslschema", "details", "entities", "identity", "principals", "extents", "ingestion", "policy"}
)


def show_databases(text: CommandText, scene: Scene) -> CommandTable:
    """`.show databases [(name, …)] [schema … | details | entities | identity]`."""
    if text.text == "(":
        for name in text.parenthesized_list_of(lambda: text.entity("a database")):
            check_database(name, scene.database)
    return _of_databases(text, scene, _databases)


def show_database(text: CommandText, scene: Scene) -> CommandTable:
    """`.show database [name] [schema … | details | entities | identity | principals | extents | ingestion
    mappings | policy …]`.
    """
    if text.token.kind != "end" and not _ASPECTS.intersection(text.words()[:1]):
        check_database(text.entity("a database"), scene.database)
    if text.accept_word("principals"):
        return _ended(text, principals(scene))
    if text.accept_word("extents"):
        return extents.show_of_all(text, scene)
    if text.accept_word("policy"):
        return policies.show_of_database(text, scene)
    if text.accept_word("ingestion"):
        return show_mappings(text, scene)
    return _of_databases(text, scene, _identity)


def show_mappings(text: CommandText, scene: Scene) -> CommandTable:
    """`.show cluster ingestion [kind] mappings`: of the one database."""
    return mappings.show_mappings(text, scene, extents.seen_tables(scene))


def _of_databases(text: CommandText, scene: Scene, otherwise: Show) -> CommandTable:
    if text.accept_word("schema", "as", "csl", "script"):
        text.properties()
        return _ended(text, schema_script(scene))
    if text.accept_word("schema"):
        return schemas.database_schema(text, scene)
    if text.accept_word("cslschema"):
        return _ended(text, schemas.csl_schemas(scene))
    if text.accept_word("entities"):
        text.properties()
        return _ended(text, schemas.entities(scene))
    if text.accept_word("details"):
        return _ended(text, _details(scene))
    if text.accept_word("identity"):
        return _ended(text, _identity(scene))
    return _ended(text, otherwise(scene))


def show_version(text: CommandText, _: Scene) -> CommandTable:
    """`.show version`."""
    text.end()
    number = version("gatelog")
    return CommandTable(_VERSION_COLUMNS, [[number, None, "Engine", f"gatelog {number}"]])


def database_id(database: str) -> UUID:
    """The same for the same name, everywhere."""
    return uuid5(NAMESPACE_URL, f"gatelog:{database.lower()}")


def _ended(text: CommandText, table: CommandTable) -> CommandTable:
    text.end()
    return table


def _databases(scene: Scene) -> CommandTable:
    name = scene.database
    row = [name, "", SCHEMA_VERSION, False, _ACCESS, None, str(database_id(name)), "", ""]
    return CommandTable(_COLUMNS, [row])


def _identity(scene: Scene) -> CommandTable:
    name = scene.database
    row = [name, "", SCHEMA_VERSION, True, _ACCESS, None, False, str(database_id(name)), "", ""]
    return CommandTable(_IDENTITY_COLUMNS, [row])


def _details(scene: Scene) -> CommandTable:
    """What has no counterpart here is null: there are no such policies."""
    kept = retention.policy_text(scene.retention)
    name, tables = scene.database, len(scene.catalog.names)
    policies_shown = ["", kept, *[""] * 5]
    row = [name, "", SCHEMA_VERSION, False, _ACCESS, None, *policies_shown, None, str(database_id(name)), ""]
    return CommandTable(_DETAILS_COLUMNS, [[*row, tables, 0, 0, None, ""]])


COMMANDS: dict[str, Command] = {
    "show databases": show_databases,
    "show cluster databases": show_databases,
    "show cluster ingestion": show_mappings,
    "show database": show_database,
    "show version": show_version,
}
"""By the words that name them."""
