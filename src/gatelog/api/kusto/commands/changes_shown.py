"""`.show commands`, `.show commands-and-queries`, `.show operations`, `.show ingestion failures`.

Commands that changed something, or failed to, since the hub began. As in the service, one sees one's own; who
may read bodies sees all, since texts can quote what was said.

https://learn.microsoft.com/azure/data-explorer/kusto/management/commands
https://learn.microsoft.com/azure/data-explorer/kusto/management/operations
https://learn.microsoft.com/azure/data-explorer/kusto/management/ingestion-failures
"""

from __future__ import annotations

from typing import Any

from gatelog.api.kusto.changes import Change
from gatelog.api.kusto.commands import queries
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.context import kusto_time, kusto_timespan
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Role

_COMMANDS_COLUMNS = columns_of(
    "ClientActivityId:string,CommandType:string,Text:string,Database:string,StartedOn:datetime,"
    "LastUpdatedOn:datetime,Duration:timespan,State:string,RootActivityId:guid,User:string,"
    "FailureReason:string,Application:string,Principal:string,TotalCpu:timespan,"
    "ResourcesUtilization:dynamic,ClientRequestProperties:dynamic,WorkloadGroup:string"
)
_OPERATIONS_COLUMNS = columns_of(
    "OperationId:guid,Operation:string,NodeId:string,StartedOn:datetime,LastUpdatedOn:datetime,"
    "Duration:timespan,State:string,Status:string,RootActivityId:guid,ShouldRetry:bool,Database:string,"
    "Principal:string,User:string"
)
_FAILURES_COLUMNS = columns_of(
    "OperationId:guid,Database:string,Table:string,FailedOn:datetime,IngestionSourcePath:string,"
    "Details:string,FailureKind:string,RootActivityId:guid,OperationKind:string,"
    "OriginatesFromUpdatePolicy:bool,ErrorCode:string,Principal:string,User:string,"
    "IngestionProperties:string,NumberOfSources:long,ShouldRetry:bool"
)
_BOTH_COLUMNS = columns_of(
    "ClientActivityId:string,CommandType:string,Text:string,Database:string,StartedOn:datetime,"
    "LastUpdatedOn:datetime,Duration:timespan,State:string,FailureReason:string,RootActivityId:guid,"
    "User:string,Application:string,Principal:string,TotalCpu:timespan,WorkloadGroup:string"
)
_INGESTIONS = frozenset(
    {"DataIngestInline", "TableSet", "TableAppend", "TableSetOrAppend", "TableSetOrReplace"}
)


def show_commands(text: CommandText, scene: Scene) -> CommandTable:
    """`.show commands`."""
    text.end()
    return CommandTable(_COMMANDS_COLUMNS, [_command(scene, change) for change in _seen(scene)])


def show_both(text: CommandText, scene: Scene) -> CommandTable:
    """`.show commands-and-queries`."""
    commands = show_commands(text, scene)
    asked = queries.show(text, scene, only_running=False)
    of_commands = [_chosen(commands, row) for row in commands.rows]
    of_queries = [_chosen(asked, row, CommandType="Query") for row in asked.rows]
    started = [column.name for column in _BOTH_COLUMNS].index("StartedOn")
    return CommandTable(_BOTH_COLUMNS, sorted([*of_commands, *of_queries], key=lambda row: row[started]))


def show_operations(text: CommandText, scene: Scene) -> CommandTable:
    """`.show operations [id | (id, …)]`."""
    wanted = text.guids() if text.token.kind != "end" else []
    text.end()
    seen = [change for change in _seen(scene) if not wanted or str(change.operation) in wanted]
    return CommandTable(_OPERATIONS_COLUMNS, [_operation(scene, change) for change in seen])


def show_failures(text: CommandText, scene: Scene) -> CommandTable:
    """`.show ingestion failures [with (OperationId = id)]`: of commands; a stream's failure is its answer."""
    wanted = _operation_of(text)
    text.end()
    failed = [change for change in _seen(scene) if change.fault and change.kind in _INGESTIONS]
    shown = [change for change in failed if wanted in {"", str(change.operation)}]
    return CommandTable(_FAILURES_COLUMNS, [_failure(scene, change) for change in shown])


def _seen(scene: Scene) -> list[Change]:
    who = scene.session.principal
    everything = who.role.includes(Role.LOG_WITH_BODIES)
    return [c for c in scene.changes.all() if everything or c.principal.name == who.name]


def _operation_of(text: CommandText) -> str:
    """`with (OperationId = id)`, or nothing."""
    if not text.accept_word("with"):
        return ""
    text.expect("(")
    text.expect_word("operationid")
    text.expect("=")
    [operation] = text.guids()
    text.expect(")")
    return operation


def _message(change: Change) -> str:
    return change.fault.message if change.fault else ""


def _times(change: Change) -> list[Any]:
    duration = kusto_timespan(change.ended - change.began)
    return [kusto_time(change.began), kusto_time(change.ended), duration, change.state.value]


def _command(scene: Scene, change: Change) -> list[Any]:
    """What is not known here is null."""
    who, operation = change.principal.name, str(change.operation)
    named = [change.origin.request_id, change.kind, change.text, scene.database, *_times(change)]
    failure = [operation, who, _message(change), change.origin.application, who]
    return [*named, *failure, None, None, None, "default"]


def _operation(scene: Scene, change: Change) -> list[Any]:
    who, operation = change.principal.name, str(change.operation)
    retry = change.fault is not None and not change.fault.permanent
    named = [operation, change.kind, "", *_times(change), _message(change), operation]
    return [*named, retry, scene.database, who, who]


def _failure(scene: Scene, change: Change) -> list[Any]:
    who, operation, fault = change.principal.name, str(change.operation), change.fault
    assert fault is not None
    kind = "Permanent" if fault.permanent else "Transient"
    named = [operation, scene.database, change.table, kusto_time(change.ended), ""]
    said = [fault.message, kind, operation, change.kind, False, fault.code]
    return [*named, *said, who, who, "", 1, not fault.permanent]


def _chosen(table: CommandTable, row: Any, **others: str) -> list[Any]:
    cells = dict(zip((column.name for column in table.columns), row, strict=True)) | others
    return [cells[column.name] for column in _BOTH_COLUMNS]


SHOW_COMMANDS: dict[str, Command] = {
    "show commands": show_commands,
    "show commands-and-queries": show_both,
    "show operations": show_operations,
    "show operation": show_operations,
    "show ingestion failures": show_failures,
}
"""By the words that name them."""
