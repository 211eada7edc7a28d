"""The answers of a query: one for each query statement, several for fork and facet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatelog.kql import ast
from gatelog.kql.relations import Relation
from gatelog.kql.schema import RenderHint

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


def branches(stage: ast.Fork | ast.Facet) -> Iterator[tuple[str, ast.Pipeline]]:
    """The sub-queries with the names of their answers, each to be run over the same input.

    For facet: what stands behind `with`, then for each column its values and how often they occur.
    """
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
