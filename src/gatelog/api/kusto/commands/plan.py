"""`.show queryplan [with (…)] <| query`: what a query would do. It is compiled, not run.

QueryText    the query                                  as it came
RelopTree    {"Statements": [{"Kind", "Operators"}]}    its statements, operator by operator
QueryPlan    {"Statements": ["SELECT …"]}               what the engine would be given
Stats        {"Duration", "PlanSize", "RelopSize"}
Error        the message                                in place of the last three, for a wrong query
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from gatelog.api.kusto.commands.grammar import CommandText
from gatelog.api.kusto.commands.session import Command, Scene
from gatelog.api.kusto.context import kusto_timespan
from gatelog.api.kusto.result import CommandTable, columns_of
from gatelog.api.questions import Question
from gatelog.errors import KqlError
from gatelog.kql import Compiled, ast, parser

_COLUMNS = columns_of("ResultType:string,Format:string,Content:string")


def show(text: CommandText, scene: Scene) -> CommandTable:
    """A row for each kind of result."""
    text.properties()
    text.end()
    if text.input is None or not text.input.strip():
        raise text.error("'<|' and a query")
    query = text.input.strip()
    return CommandTable(_COLUMNS, [["QueryText", "text", query], *_rows(scene, query)])


def _rows(scene: Scene, query: str) -> list[list[str]]:
    began = time.monotonic()
    request, principal = scene.session.request, scene.session.principal
    question = Question(query, request.options.scope, request.parameters, now=request.options.now)
    try:
        compiled = scene.questions.compile(principal, question)
    except KqlError as error:
        return [["Error", "text", str(error)]]
    tree = _json({"Statements": list(_statements(query))})
    plan = _json({"Statements": [one.sql for one in compiled]})
    stats = {
        "Duration": kusto_timespan(timedelta(seconds=time.monotonic() - began)),
        "PlanSize": len(plan),
        "RelopSize": len(tree),
        "Results": [_schema(one) for one in compiled],
    }
    return [["RelopTree", "json", tree], ["QueryPlan", "json", plan], ["Stats", "json", _json(stats)]]


def _statements(query: str) -> Iterator[dict[str, Any]]:
    for statement in parser.parse(query).statements:
        shown: dict[str, Any] = {"Kind": type(statement).__name__}
        if isinstance(statement, ast.QueryStatement):
            source, operators = statement.pipeline.source, statement.pipeline.operators
            parts = operators if source is None else (source, *operators)
            shown["Operators"] = [_part(query, part) for part in parts]
        else:
            shown["Text"] = _text(query, statement)
        yield shown


def _part(query: str, part: ast.Node) -> dict[str, str]:
    return {"Kind": type(part).__name__, "Text": _text(query, part)}


def _text(query: str, node: ast.Node) -> str:
    return query[node.span.start : node.span.end].strip()


def _schema(compiled: Compiled) -> str:
    return ", ".join(f"{column.name}: {column.type}" for column in compiled.columns)


def _json(document: dict[str, Any]) -> str:
    return msgspec.json.encode(document).decode()


COMMANDS: dict[str, Command] = {"show queryplan": show}
"""By the words that name them."""
