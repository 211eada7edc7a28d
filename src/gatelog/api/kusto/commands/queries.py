"""`.show queries`, `.show running queries`, `.cancel query`: what is asked of the hub, through any surface.

A text can quote what was said in a call, and so can the reason of a failure. They are shown to those who may
read bodies, and to the one who asked; a role that sees no calls sees only its own queries.

https://learn.microsoft.com/azure/data-explorer/kusto/management/queries
"""

from __future__ import annotations

from functools import partial
from typing import Any

from gatelog.api.activity import Asked, State
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.context import kusto_time, kusto_timespan
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.principal import Principal, Role

_COLUMNS = columns_of(
    "ClientActivityId:string,Text:string,Database:string,StartedOn:datetime,LastUpdatedOn:datetime,"
    "Duration:timespan,State:string,RootActivityId:guid,User:string,FailureReason:string,TotalCpu:timespan,"
    "CacheStatistics:dynamic,Application:string,MemoryPeak:long,ScannedExtentsStatistics:dynamic,"
    "Principal:string,ClientRequestProperties:dynamic,ResultSetStatistics:dynamic,WorkloadGroup:string"
)
_CANCELLED_COLUMNS = columns_of("ClientRequestId:string,ReasonPhrase:string,RunningQueryCanceled:bool")


def show(text: CommandText, scene: Scene, *, only_running: bool) -> CommandTable:
    """The last queries, in the order in which they began."""
    text.end()
    principal = scene.session.principal
    seen = [asked for asked in scene.questions.activity.all() if _may_see(principal, asked)]
    wanted = [asked for asked in seen if asked.state is State.RUNNING or not only_running]
    return CommandTable(_COLUMNS, [_row(scene, asked) for asked in wanted])


def cancel(text: CommandText, scene: Scene) -> CommandTable:
    """`.cancel query 'ClientRequestId' [with (reason = 'text')]`: the caller's own queries of that name."""
    name = text.text_value()
    reason = text.properties().get("reason", "")
    text.end()
    activity, principal = scene.questions.activity, scene.session.principal
    meant = [
        asked
        for asked in activity.all()
        if asked.state is State.RUNNING and asked.origin.request_id == name and _is_own(principal, asked)
    ]
    for asked in meant:
        activity.stop(asked.name, reason)
    return CommandTable(_CANCELLED_COLUMNS, [[name, reason, bool(meant)]])


def _may_see(principal: Principal, asked: Asked) -> bool:
    return principal.role.includes(Role.LOG) or _is_own(principal, asked)


def _may_read(principal: Principal, asked: Asked) -> bool:
    return principal.role.includes(Role.LOG_WITH_BODIES) or _is_own(principal, asked)


def _is_own(principal: Principal, asked: Asked) -> bool:
    return principal.name == asked.principal.name


def _row(scene: Scene, asked: Asked) -> list[Any]:
    """What is not known here is null."""
    ended = asked.ended or scene.now
    readable = _may_read(scene.session.principal, asked)
    who = asked.principal.name
    return [
        asked.origin.request_id,
        asked.text if readable else "",
        scene.database,
        kusto_time(asked.began),
        kusto_time(ended),
        kusto_timespan(ended - asked.began),
        asked.state.value,
        str(asked.name),
        who,
        asked.failure if readable else "",
        None,
        None,
        asked.origin.application,
        None,
        None,
        who,
        None,
        None,
        "default",
    ]


SHOW_COMMANDS: dict[str, Command] = {
    "show queries": partial(show, only_running=False),
    "show running queries": partial(show, only_running=True),
}
OWN_COMMANDS: dict[str, Command] = {"cancel query": cancel}
"""By the words that name them."""
