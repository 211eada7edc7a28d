"""`.show cluster`: the nodes that answer. There is one, this hub.

https://learn.microsoft.com/azure/data-explorer/kusto/management/diagnostics
"""

from __future__ import annotations

import os

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.result import CommandTable, columns_of

_COLUMNS = columns_of(
    "NodeId:string,Address:string,Name:string,StartTime:datetime,IsAdmin:bool,MachineTotalMemory:long,"
    "MachineAvailableMemory:long,ProcessorCount:int,EnvironmentDescription:string"
)


def show(text: CommandText, scene: Scene) -> CommandTable:
    """What is known of the node; of its memory and its past nothing is."""
    text.end()
    row = ["gatelog", "", scene.database, None, True, None, None, os.cpu_count(), ""]
    return CommandTable(_COLUMNS, [row])


COMMANDS: dict[str, Command] = {"show cluster": show}
"""By the words that name them."""
