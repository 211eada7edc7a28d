"""The answers of a query: one for each query statement, several for fork, facet and some plugins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.relations import Relation
from gatelog.kql.stages.funnel_sequence import answers_of
from gatelog.kql.tables.schema import RenderHint

PRIMARY_RESULT = "PrimaryResult"
"""What the query services call an answer to which the author gave no name."""


class Output(NamedTuple):
    """An answer: its name, its rows, and how the author wants it drawn."""

    name: str
    relation: Relation
    render: RenderHint | None


def result_name_of(operators: Sequence[ast.Operator]) -> str:
    """The name that a final `as` gives; render and consume may still follow it."""
    for stage in reversed(operators):
        if isinstance(stage, ast.As):
            return stage.name.value
        if not isinstance(stage, ast.Render | ast.Consume):
            break
    return PRIMARY_RESULT


def only_names(query: ast.Pipeline) -> bool:
    """Whether a query statement is there to name tables for the statements behind it, as let is."""
    *_, last = query.operators or (None,)
    return isinstance(last, ast.GraphToTable) and bool(branches(last))


Branch: TypeAlias = "tuple[str, ast.Pipeline]"
"""The name of an answer, and the sub-query that gives it."""


def branched(operators: Sequence[ast.Operator]) -> tuple[Sequence[ast.Operator], Sequence[Branch]]:
    """What stands before an operator that has several answers, and these: no answers if there is none at the
    end. A render behind it is for each of them."""
    end = len(operators)
    while end and isinstance(operators[end - 1], ast.Render):
        end -= 1
    if not end:
        return operators, []
    drawn = operators[end:]
    answers = [
        (name, replace(query, operators=(*query.operators, *drawn)))
        for name, query in branches(operators[end - 1])
    ]
    return operators[: end - 1], answers


def branches(stage: ast.Operator) -> list[Branch]:
    """The sub-queries of an operator that has several answers, each to be run over the same input; none of
    any other.

    For facet: what stands behind `with`, then for each column its values and how often they occur. For
    `evaluate preview(n)`: so many rows, and how many there are; for `evaluate funnel_sequence(...)` three.
    """
    match stage:
        case ast.Fork() | ast.Facet():
            return list(_listed(stage))
        case ast.GraphToTable(tables=tables) if any(table.name is not None for table in tables):
            return [_table_of_graph(stage, table) for table in tables if table.name is not None]
        case ast.Evaluate(plugin=ast.Call(function="preview", arguments=(count,)), span=span):
            counted: tuple[ast.Operator, ...] = (ast.Take(span, count), ast.Count(span))
            return [(PRIMARY_RESULT, ast.Pipeline(span, None, (one,))) for one in counted]
        case ast.Evaluate(plugin=ast.Call(function="funnel_sequence") as call, span=span):
            parts = answers_of(stage, call)
            return [(PRIMARY_RESULT, ast.Pipeline(span, None, (one,))) for one in parts]
        case _:
            return []


def _table_of_graph(stage: ast.GraphToTable, table: ast.GraphTable) -> Branch:
    assert table.name is not None
    alone = replace(stage, tables=(replace(table, name=None),))
    return table.name.value, ast.Pipeline(stage.span, None, (alone, ast.As(stage.span, table.name)))


def _listed(stage: ast.Fork | ast.Facet) -> Iterator[Branch]:
    if isinstance(stage, ast.Fork):
        for branch in stage.branches:
            given = branch.name.value if branch.name is not None else None
            yield given or result_name_of(branch.subquery.operators), branch.subquery
        return
    if stage.subquery is not None:
        yield result_name_of(stage.subquery.operators), stage.subquery
    for column in stage.columns:
        yield column.value, _values_of(column)


def _values_of(column: ast.Name) -> ast.Pipeline:
    """`summarize count_column = count() by column`."""
    span = column.span
    count = ast.NamedExpression(span, (ast.Name(span, f"count_{column.value}"),), ast.Call(span, "count", ()))
    summarize = ast.Summarize(span, (count,), (ast.NamedExpression(span, (), column),))
    return ast.Pipeline(span, None, (summarize,))
