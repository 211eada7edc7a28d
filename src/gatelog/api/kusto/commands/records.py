"""Rows of tables of the users' own that go.

.delete table T records [with (whatif = true)] <| T | where …        single ones
.clear table T data                                                  all
.clear table T cache streamingingestion schema · .clear database …   none: there is no such cache here

Single rows are named by a query that leaves them as they are: T, then `where`, `extend` and `project`, and no
other table. https://learn.microsoft.com/azure/data-explorer/kusto/management/soft-delete-command
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from gatelog.api.kusto.commands import policies
from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.ingestion_properties import is_true
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.faults import bad_request
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.questions import QUERY_CHARACTERS_MAX
from gatelog.kql import Catalog, Column, KqlType, LiteralParser, compile
from gatelog.store import UserTable

_COLUMNS = columns_of("ExtentId:guid,TableName:string,RecordsMatchPredicate:long")
_OPERATION_COLUMNS = columns_of("OperationId:guid")
_CLEARED_COLUMNS = columns_of("TableName:string,Status:string")
_CACHES_COLUMNS = columns_of("NodeId:string,Status:string")
_NO_EXTENT = str(UUID(int=0))

_PLACE = (Column("_part", KqlType.STRING), Column("_part_offset", KqlType.LONG))
"""Where the engine has a row: columns that every table of it has."""

_OPERATORS = frozenset({"where", "filter", "extend", "project"})
_RANDOM = frozenset({"rand", "new_guid"})
"""Functions that would name other rows each time they are asked."""

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def delete(text: CommandText, scene: Scene) -> CommandTable:
    """`.delete table T records`, or a policy of T."""
    name = text.entity("a table")
    if text.accept_word("policy"):
        return policies.delete_policy(text, scene, name)
    return _deleted(text, scene, name)


def delete_async(text: CommandText, scene: Scene) -> CommandTable:
    """`.delete async table T records`: the operation has ended when it is answered."""
    _deleted(text, scene, text.entity("a table"))
    return CommandTable(_OPERATION_COLUMNS, [[str(scene.operation)]])


def clear(text: CommandText, scene: Scene) -> CommandTable:
    """`.clear table T data`, or the cache of its schema."""
    table = scene.user_table(text.entity("a table"))
    if text.text == "cache":
        return clear_cache(text, scene)
    text.expect_word("data")
    text.end()
    scene.user_tables.rows.clear(table)
    return CommandTable(_CLEARED_COLUMNS, [[table.name, "Succeeded"]])


def clear_cache(text: CommandText, _: Scene) -> CommandTable:
    """`cache streamingingestion schema`: scripts give the command after they have changed a table, and here
    the change is seen at once.
    """
    for word in ("cache", "streamingingestion", "schema"):
        text.expect_word(word)
    text.end()
    return CommandTable(_CACHES_COLUMNS, [["", "Succeeded"]])


def _deleted(text: CommandText, scene: Scene, name: str) -> CommandTable:
    table = scene.user_table(name)
    text.expect_word("records")
    pretends = is_true(text.properties(), "whatif")
    text.end()
    if text.input is None:
        raise text.error("'<|' and a query")
    places, budget = _places(scene, table, text.input), scene.questions.budget
    rows = scene.user_tables.rows
    count = rows.matching(places, budget) if pretends else rows.delete(table, places, budget)
    return CommandTable(_COLUMNS, [[_NO_EXTENT, table.name, count]])


def _places(scene: Scene, table: UserTable, predicate: str) -> str:
    """The statement that answers where the rows are."""
    if any(column.name in {place.name for place in _PLACE} for column in table.columns):
        raise bad_request(
            f"rows of '{table.name}' cannot be told apart: rename its column _part or _part_offset"
        )
    seen = table.kql_table()
    placed = replace(seen, columns=(*seen.columns, *_PLACE), not_null=frozenset({_PLACE[1].name}))
    query = f"{_row_by_row(table, predicate)}\n| project {', '.join(column.name for column in _PLACE)}"
    request = scene.session.request
    return compile(
        query, Catalog([placed]), now=request.options.now or scene.now, parameters=request.parameters
    ).sql


def _row_by_row(table: UserTable, predicate: str) -> str:
    """The predicate without anything that would take the rows' places from it."""
    if len(predicate) > QUERY_CHARACTERS_MAX:
        raise bad_request(f"a query has at most {QUERY_CHARACTERS_MAX} characters")
    parser = LiteralParser(predicate)
    if parser.name("a table").value != table.name:
        raise bad_request(f"the predicate begins with the table whose records go: {table.name} | where …")
    depth, kinds, kept = 0, set(), predicate
    for before, token in zip(parser.tokens, parser.tokens[1:], strict=False):
        depth += (before.text in _OPENING) - (before.text in _CLOSING)
        if before.text == ";" or (before.text == "|" and (depth or token.text not in _OPERATORS)):
            raise bad_request("the predicate can only use the operators where, extend and project")
        if before.text in _RANDOM and token.text == "(":
            raise bad_request(f"the predicate cannot use {before.text}(): it names other records each time")
        if _named(before.text, token.kind, token.text) in {place.name for place in _PLACE}:
            raise bad_request(f"the predicate cannot name {' or '.join(place.name for place in _PLACE)}")
        if before.text == "|":
            kinds.add(token.text)
            if token.text == "project":
                kept = f"{kept[: token.start]}extend {kept[token.end :]}"  # of the same length
    if not kinds & {"where", "filter"}:
        raise bad_request("the predicate needs at least one where; .clear table removes all records")
    return kept


def _named(before: str, kind: str, text: str) -> str:
    """The name that a token writes after another, also as `['name']`; nothing if it writes none."""
    if kind == "string" and before == "[":
        return str(LiteralParser(text).string().value)
    return text if kind == "name" else ""


COMMANDS: dict[str, Command] = {
    "delete table": delete,
    "delete async table": delete_async,
    "clear table": clear,
    "clear database": clear_cache,
}
"""By the words that name them."""
