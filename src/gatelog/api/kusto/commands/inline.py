"""`.ingest inline into table T [with (…)] <| data`, or with each record in brackets.

https://learn.microsoft.com/azure/data-explorer/kusto/management/data-ingestion/ingest-inline
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.ingestion_properties import check_properties, is_true
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.ingest import columns_of_cells, find_format, picks_of
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.store import UserTable

_COLUMNS = columns_of("ExtentId:guid,ItemLoaded:string,Duration:timespan,HasErrors:bool,OperationId:guid")
_MAPPINGS = ("ingestionmapping", "ingestionmappingreference")
_NO_EXTENT = str(UUID(int=0))
"""What the service answers where it made no extent: there are none here."""

_RECORD = re.compile(r'\s*+\[((?:"(?:[^"]|"")*+"|[^"\]])*+)\]\s*+')
"""Possessive: quotes side by side can be read in many ways, and trying them all would never end."""


def ingest_inline(text: CommandText, scene: Scene) -> CommandTable:
    """All of the data becomes rows, or none of it."""
    text.expect_word("into")
    text.accept_word("table")
    name = scene.user_table(text.entity("a table")).name
    properties = text.properties()
    check_properties(properties)
    data = text.input
    if data is None:
        data = _bracketed(text.query[text.token.start :])
    else:
        text.end()
    form = find_format(properties.get("format", "csv"))
    mapping, reference = (properties.get(kind, "") for kind in _MAPPINGS)
    skip_first = is_true(properties, "ignorefirstrecord")
    # What separates `<|` from the data is none of it.
    content = data if form.name == "raw" else data.lstrip(" \r\n")

    def cells(table: UserTable) -> list[list[Any]]:
        picks = picks_of(table, form, reference, mapping)
        return columns_of_cells(scene.database, table, form, picks, content, skip_first=skip_first)

    scene.insert(name, cells)
    return CommandTable(_COLUMNS, [[_NO_EXTENT, "inline", "00:00:00", False, _NO_EXTENT]])


def _bracketed(text: str) -> str:
    """`[a,1] [b,2]` as lines."""
    records, place = [], 0
    while match := _RECORD.match(text, place):
        records.append(match[1])
        place = match.end()
    if not records or place < len(text):
        raise bad_request("the data follows `<|`, or stands in brackets, a pair for each record")
    return "\n".join(records)


COMMANDS: dict[str, Command] = {"ingest inline": ingest_inline}
"""By the words that name them."""
