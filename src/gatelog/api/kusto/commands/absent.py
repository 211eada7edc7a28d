"""Kinds of things that a Kusto database may have and this one never does: their lists are empty.

Clients that complete or document queries (editors, agents) ask for all of them before they show anything, and
take an unknown command for a broken server.

https://learn.microsoft.com/kusto/management/show-external-tables
https://learn.microsoft.com/kusto/management/materialized-views/materialized-view-show-command
https://learn.microsoft.com/kusto/management/show-entity-group
https://learn.microsoft.com/kusto/management/graph/graph-models-show
"""

from __future__ import annotations

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.kql import Column

_COLUMNS = {
    "show external tables": columns_of(
        "TableName:string,TableType:string,Folder:string,DocString:string,Properties:string"
    ),
    "show materialized-views": columns_of(
        "Name:string,SourceTable:string,Query:string,MaterializedTo:datetime,LastRun:datetime,"
        "LastRunResult:string,IsHealthy:bool,IsEnabled:bool,Folder:string,DocString:string,"
        "AutoUpdateSchema:bool,EffectiveDateTime:datetime,Lookback:timespan,LookbackColumn:string"
    ),
    "show entity_groups": columns_of("Name:string,Entities:string"),
    # The last column is not documented, but clients take it away by its name.
    "show graph_models": columns_of("Name:string,CreationTime:datetime,Id:guid,DatabaseName:string"),
}


def _empty(columns: tuple[Column, ...]) -> Command:
    def show(text: CommandText, _: Scene) -> CommandTable:
        text.properties()
        text.end()
        return CommandTable(columns, [])

    return show


COMMANDS: dict[str, Command] = {name: _empty(columns) for name, columns in _COLUMNS.items()}
"""By the words that name them."""
