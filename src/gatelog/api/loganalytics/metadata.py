"""The schema of the record as the Log Analytics metadata API has it, for editors that complete queries.

    {"tables": [{"id", "name", "timespanColumn", "columns": [{"name", "type"}], …}],
     "functions": [{"id", "name", "parameters", "body", …}], "workspaces": [{"id", "name", …}]}

Only what the caller's queries may name is in it.
https://learn.microsoft.com/rest/api/logsquery/metadata/get
"""

from __future__ import annotations

from typing import Any

from gatelog.api.azure_resources import GLOBAL
from gatelog.kql import Catalog, SavedFunction, Table

_TIME = "TimeGenerated"


def metadata(catalog: Catalog, workspace: str, name: str) -> dict[str, Any]:
    """What `catalog` has; the record is the workspace with the id `workspace`, called `name`."""
    tables = [table for table in map(catalog.find, catalog.names) if table is not None]
    functions = list(catalog.saved.values())
    related = {"tables": [table.name for table in tables], "functions": [one.name for one in functions]}
    place = {"id": workspace, "name": name, "region": GLOBAL, "related": related}
    return {
        "tables": [_table(table) for table in tables],
        "functions": [_function(function) for function in functions],
        "workspaces": [place],
        "categories": [],
        "resourceTypes": [],
        "solutions": [],
        "queries": [],
    }


def _table(table: Table) -> dict[str, Any]:
    columns = [{"name": column.name, "type": column.type.value} for column in table.columns]
    time = {"timespanColumn": _TIME} if {"name": _TIME, "type": "datetime"} in columns else {}
    return {"id": table.name, "name": table.name, **time, "columns": columns}


def _function(function: SavedFunction) -> dict[str, Any]:
    """Clients take the parameters apart at `, `."""
    parameters = function.parameters.strip()[1:-1].strip()
    return {
        "id": function.name,
        "name": function.name,
        "displayName": function.name,
        "description": function.docstring,
        "parameters": parameters,
        "body": function.body.strip()[1:-1].strip(),
    }
