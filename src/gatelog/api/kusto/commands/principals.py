"""Who may do what: the caller, and nobody else. The tokens of others are in the configuration.

.show principal roles · .show principal 'fqn' roles
.show principal access [with (accesstype='ingest', table='T', …)]
.show cluster principals · .show database [D] principals
.show table T principals · .show function F principals

Clients name themselves by ids that mean nothing here: whoever is named, the answer is about the caller.
https://learn.microsoft.com/azure/data-explorer/kusto/management/security-roles
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Principal, Role

_ROLES_COLUMNS = columns_of("Scope:string,DisplayName:string,AADObjectID:string,Role:string")
_PRINCIPALS_COLUMNS = columns_of(
    "Role:string,PrincipalType:string,PrincipalDisplayName:string,PrincipalObjectId:string,"
    "PrincipalFQN:string,Notes:string"
)
_ACCESS_COLUMNS = columns_of("PrincipalFQN:string,AccessType:string,EntityName:string,IsAuthorized:bool")
"""Not documented; clients read the fourth."""

_INGEST = "ingest"
_QUERY = "query"
_NAMES = {Role.METRICS: "Monitor", Role.LOG: "Viewer", Role.LOG_WITH_BODIES: "UnrestrictedViewer"}


def show_principal(text: CommandText, scene: Scene) -> CommandTable:
    """`.show principal ['fqn'] roles | access [with (…)]`."""
    if text.token.kind == "string":
        text.text_value()
    if text.accept_word("access"):
        return _access(text, scene)
    text.expect_word("roles")
    text.end()
    principal = scene.session.principal
    rows = [
        [f"Database {scene.database}", principal.name, _object_id(principal), role]
        for role in _roles(principal)
    ]
    return CommandTable(_ROLES_COLUMNS, rows)


def show_cluster_principals(text: CommandText, scene: Scene) -> CommandTable:
    """`.show cluster principals`."""
    text.end()
    return principals(scene)


def principals(scene: Scene) -> CommandTable:
    """The caller's roles, which hold for all of the database."""
    caller = scene.session.principal
    names = ["gatelog token", caller.name, _object_id(caller), _full_name(caller), ""]
    return CommandTable(
        _PRINCIPALS_COLUMNS, [[f"Database {scene.database} {role}", *names] for role in _roles(caller)]
    )


def _access(text: CommandText, scene: Scene) -> CommandTable:
    asked = text.properties()
    text.end()
    caller, table = scene.session.principal, asked.get("table", "")
    kind = asked.get("accesstype", _QUERY).lower()
    is_seen = not table or scene.catalog.find(table) is not None
    if kind == _QUERY:
        allowed = is_seen
    else:
        is_users = not table or scene.user_tables.find(table) is not None
        allowed = is_seen and is_users and _may_write(caller)
    return CommandTable(_ACCESS_COLUMNS, [[_full_name(caller), kind, table or scene.database, allowed]])


def _roles(principal: Principal) -> list[str]:
    return [_NAMES[principal.role], *(["User", "Ingestor"] if _may_write(principal) else [])]


def _may_write(principal: Principal) -> bool:
    return principal.may_write and principal.role is not Role.METRICS


def _full_name(principal: Principal) -> str:
    return f"gatelog={principal.name}"


def _object_id(principal: Principal) -> str:
    return str(uuid5(NAMESPACE_URL, f"gatelog:principal:{principal.name}"))


COMMANDS: dict[str, Command] = {
    "show principal": show_principal,
    "show cluster principals": show_cluster_principals,
}
"""By the words that name them."""
