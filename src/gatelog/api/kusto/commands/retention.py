"""Policies of a table of the users' own: how long its rows are kept. Streaming ingestion is always on.

https://learn.microsoft.com/azure/data-explorer/kusto/management/retention-policy
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Scene
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import KqlType, cell_from_text, to_text
from gatelog.store import Retention, UserTable

_COLUMNS = columns_of(
    "PolicyName:string,EntityName:string,Policy:string,ChildEntities:string,EntityType:string"
)
_SECOND = 10_000_000
_FOR_EVER_DAYS = 36_500
"""What Kusto writes, and takes, for rows that are never removed: a hundred years."""

_STREAMING = '{"IsEnabled":true,"HintAllocatedRate":null}'


def show_policy(text: CommandText, scene: Scene, name: str) -> CommandTable:
    """`.show table T policy retention | streamingingestion`."""
    policy = _policy_name(text)
    text.end()
    return _shown(scene, scene.user_table(name), policy)


def change_policy(text: CommandText, scene: Scene, name: str, *, merge: bool) -> CommandTable:
    """`.alter[-merge] table T policy retention '{…}'` or `softdelete = 10d [recoverability = …]`, and
    `policy streamingingestion enable`.
    """
    table, policy = scene.user_table(name), _policy_name(text)
    if policy == "streamingingestion":
        _expect_enabled(text)
        return _shown(scene, table, policy)
    given = _written_as_properties(text) if text.token.kind == "name" else _decoded(text.text_value())
    text.end()
    retention = _retention(given, table.notes.retention if merge else Retention())
    return _shown(scene, scene.user_tables.annotate(table, replace(table.notes, retention=retention)), policy)


def policy_text(retention: Retention) -> str:
    """A retention policy as JSON."""
    period = f"{_FOR_EVER_DAYS}.00:00:00"
    if retention.seconds is not None:
        period = to_text(KqlType.TIMESPAN, int(retention.seconds * _SECOND))
    return msgspec.json.encode({"SoftDeletePeriod": period, "Recoverability": "Disabled"}).decode()


def _policy_name(text: CommandText) -> str:
    policy = text.command_word()
    if policy not in {"retention", "streamingingestion"}:
        raise bad_request(f"tables have no {policy} policy here, only retention and streamingingestion")
    return policy


def _expect_enabled(text: CommandText) -> None:
    if not text.accept_word("enable") and _decoded(text.text_value()).get("isenabled") is not True:
        raise bad_request("streaming ingestion cannot be switched off here")
    text.end()


def _written_as_properties(text: CommandText) -> dict[str, Any]:
    """`softdelete = 10d recoverability = disabled`, which .alter-merge takes."""
    given = {}
    while text.token.kind == "name":
        name = {"softdelete": "softdeleteperiod"}.get(word := text.command_word(), word)
        text.expect("=")
        given[name] = text.advance().text
    return given


def _decoded(text: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise bad_request(f"the policy is not a JSON object: {error}") from error
    return {name.lower(): value for name, value in document.items()}


def _retention(given: dict[str, Any], otherwise: Retention) -> Retention:
    if str(given.get("recoverability", "disabled")).lower() == "enabled":
        raise bad_request("rows that are over cannot be recovered here: Recoverability must be Disabled")
    period = given.get("softdeleteperiod")
    if period is None:
        return otherwise
    ticks = cell_from_text(KqlType.TIMESPAN, str(period))
    if ticks is None or ticks <= 0:
        raise bad_request(f"SoftDeletePeriod cannot be {period!r:.100}: write days.hours:minutes:seconds")
    seconds = ticks / _SECOND
    return Retention(None if seconds >= _FOR_EVER_DAYS * 86_400 else seconds)


def _shown(scene: Scene, table: UserTable, policy: str) -> CommandTable:
    titles = {"retention": "RetentionPolicy", "streamingingestion": "StreamingIngestionPolicy"}
    text = policy_text(table.notes.retention) if policy == "retention" else _STREAMING
    return CommandTable(_COLUMNS, [[titles[policy], f"[{scene.database}].[{table.name}]", text, "", "Table"]])
