"""Policies of tables, and of the database: those of the record are shown, those of the users' own changed.

.show table T policy P · .show table * policy P · .show database [D] policy P
.alter table T policy P '{…}' · .alter-merge … · .delete table T policy P

    retention                what it says happens: rows that are over go; of the record, what is configured
    streamingingestion       always on
    those of HINTS           about the work of a cluster, which has no counterpart here: kept as written and
                             shown, so that a script which sets up a table runs and finds what it wrote
    those of REFUSED         would change what rows there are, or who sees them

https://learn.microsoft.com/azure/data-explorer/kusto/management/policies
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from gatelog.api.json_faults import json_fault
from gatelog.api.kusto.commands import retention
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.schemas import ShownTable, found_table, shown_tables
from gatelog.api.kusto.commands.session import Scene
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import KqlType, cell_from_text, to_text
from gatelog.store import Retention, UserTable

HINTS = {
    "caching": "CachingPolicy",
    "ingestionbatching": "IngestionBatchingPolicy",
    "ingestiontime": "IngestionTimePolicy",
    "merge": "ExtentsMergePolicy",
    "partitioning": "PartitioningPolicy",
    "roworder": "RowOrderPolicy",
    "sharding": "ShardingPolicy",
}
"""Policies that change no answer, by their names in commands and in what shows them."""

REFUSED = {
    "update": "derive rows when they are asked for, with a saved function, or fill the table with .append",
    "row_level_security": "who sees what follows the role of their token",
    "restricted_view_access": "a table that prompts or answers filled is restricted by itself",
    "auto_delete": "use policy retention, or .drop table",
}
"""What to do instead of a policy that is not there."""

_TITLES = {"retention": "RetentionPolicy", "streamingingestion": "StreamingIngestionPolicy", **HINTS}
_COLUMNS = columns_of(
    "PolicyName:string,EntityName:string,Policy:string,ChildEntities:string,EntityType:string"
)
_STREAMING = '{"IsEnabled":true,"HintAllocatedRate":null}'


def show_policy(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """What follows `.show table T policy`; a policy that is not set is null."""
    return _shown(text, scene, [found_table(scene, name)])


def show_of_all(text: CommandText, scene: Scene) -> CommandTable:
    """`.show table * policy P`: of all tables that the caller may see."""
    text.expect_word("policy")
    return _shown(text, scene, shown_tables(scene))


def show_of_database(text: CommandText, scene: Scene) -> CommandTable:
    """What follows `.show database [D] policy`: those of the record. The users' tables have their own."""
    policy = _policy_name(text, {*_TITLES, *REFUSED})
    text.end()
    row = [_title(policy), f"[{scene.database}]", _text_of_record(scene, policy), "", "Database"]
    return CommandTable(_COLUMNS, [row])


def change_policy(text: CommandText, scene: Scene, name: str, *, merge: bool) -> CommandTable:
    """What follows `.alter[-merge] table T policy`."""
    table, policy = scene.user_table(name), _policy_name(text, set(_TITLES))
    if policy == "streamingingestion":
        _expect_enabled(text)
    elif policy == "retention":
        given = _given(text)
        kept = retention.changed(given, table.notes.retention if merge else Retention())
        table = scene.user_tables.annotate(table, replace(table.notes, retention=kept))
    else:
        policies = {**table.notes.policies, policy: _hint(text, policy)}
        table = scene.user_tables.annotate(table, replace(table.notes, policies=policies))
    return CommandTable(_COLUMNS, [_row(scene, table, policy)])


def delete_policy(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """What follows `.delete table T policy`: as if it had never been set."""
    table, policy = scene.user_table(name), _policy_name(text, set(_TITLES))
    text.end()
    policies = {name: said for name, said in table.notes.policies.items() if name != policy}
    notes = replace(table.notes, policies=policies)
    if policy == "retention":
        notes = replace(notes, retention=Retention())
    return CommandTable(_COLUMNS, [_row(scene, scene.user_tables.annotate(table, notes), policy)])


def _shown(text: CommandText, scene: Scene, tables: Iterable[ShownTable]) -> CommandTable:
    policy = _policy_name(text, {*_TITLES, *REFUSED})
    text.end()
    return CommandTable(_COLUMNS, [_row_of(scene, table.name, policy) for table in tables])


def _policy_name(text: CommandText, known: set[str]) -> str:
    policy = text.command_word()
    if policy in REFUSED and policy not in known:
        raise bad_request(f"tables have no {policy} policy here: {REFUSED[policy]}")
    if policy not in known:
        raise bad_request(f"tables have no {policy} policy here; known are {', '.join(sorted(known))}")
    return policy


def _expect_enabled(text: CommandText) -> None:
    if not text.accept_word("enable") and _decoded(text.text_value()).get("isenabled") is not True:
        raise bad_request("streaming ingestion cannot be switched off here")
    text.end()


def _hint(text: CommandText, policy: str) -> str:
    """The JSON of a policy that is only kept."""
    if policy == "ingestiontime":
        enabled = text.advance().text.lower()
        text.end()
        if enabled != "true":
            raise bad_request("the time at which a row came is always kept here")
        return '{"IsEnabled":true}'
    if text.token.kind != "name":
        said = text.text_value()
        text.end()
        _decoded(said)
        return said
    given = _given(text)
    hot = cell_from_text(KqlType.TIMESPAN, str(given.get("hot", "")))
    if policy != "caching" or hot is None:
        raise bad_request(f"policy {policy} is written as JSON")
    span = to_text(KqlType.TIMESPAN, hot)
    return msgspec.json.encode({"DataHotSpan": span, "IndexHotSpan": span}).decode()


def _given(text: CommandText) -> dict[str, Any]:
    """A policy as JSON, or as `softdelete = 10d recoverability = disabled`."""
    if text.token.kind != "name":
        said = _decoded(text.text_value())
        text.end()
        return said
    given = {}
    while text.token.kind == "name":
        name = {"softdelete": "softdeleteperiod"}.get(word := text.command_word(), word)
        text.expect("=")
        given[name] = text.advance().text
        text.accept(",")
    text.end()
    return given


def _decoded(text: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise bad_request(f"the policy is not a JSON object: {json_fault(error)}") from error
    return {name.lower(): value for name, value in document.items()}


def _row_of(scene: Scene, name: str, policy: str) -> list[Any]:
    users = scene.user_tables.find(name)
    if users is not None:
        return _row(scene, users, policy)
    return [_title(policy), f"[{scene.database}].[{name}]", _text_of_record(scene, policy), "", "Table"]


def _row(scene: Scene, table: UserTable, policy: str) -> list[Any]:
    return [_title(policy), f"[{scene.database}].[{table.name}]", _text(table, policy), "", "Table"]


def _title(policy: str) -> str:
    return _TITLES.get(policy, policy)


def _text_of_record(scene: Scene, policy: str) -> str:
    return retention.policy_text(scene.retention) if policy == "retention" else "null"


def _text(table: UserTable, policy: str) -> str:
    if policy == "retention":
        return retention.policy_text(table.notes.retention)
    return _STREAMING if policy == "streamingingestion" else table.notes.policies.get(policy, "null")
