"""Filters behind an innerunique join. Of the left rows of one key that join takes one, whichever; what a
filter asks of the left side Kusto asks before, so that the row that is taken is one that passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.ast.walking import descendants
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Filter, Join, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.values.comparisons import condition


def narrowed(relation: Relation, predicate: ast.Expression, scope: Scope) -> Relation:
    """The relation; an innerunique join in it, below filters at most, takes left rows for which those
    conditions of the predicate are true that are of the left side alone."""
    match relation:
        case Filter(input=source):
            inner = narrowed(source, predicate, scope)
            return relation if inner is source else replace(relation, input=inner)
        case Join(left=Aggregate(input=left) as chosen, one_left=True):
            rows = left
            for node in _conditions(predicate):
                rows = _filtered(rows, node, scope) if _asks_left(node, relation, scope) else rows
            return relation if rows is left else replace(relation, left=replace(chosen, input=rows))
        case _:
            return relation


def settled(relation: Relation) -> Relation:
    """The relation for several uses: no filter of one of them chooses which left row the others see."""
    match relation:
        case Filter(input=source):
            inner = settled(source)
            return relation if inner is source else replace(relation, input=inner)
        case Join(one_left=True):
            return replace(relation, one_left=False)
        case _:
            return relation


def _conditions(node: ast.Expression) -> Iterator[ast.Expression]:
    if isinstance(node, ast.Binary) and node.op == "and":
        yield from _conditions(node.left)
        yield from _conditions(node.right)
    else:
        yield node


def _asks_left(node: ast.Expression, join: Join, scope: Scope) -> bool:
    """Whether an expression over the join reads columns of the left side and nothing else."""
    if _has_table(node):
        return False
    with scope.context.at(node):
        asked = sql.columns_read(bind(node, scope.over(join)).sql)
    return bool(asked) and asked <= {field.sql_name for field in join.left.fields}


def _has_table(node: ast.Expression) -> bool:
    return any(isinstance(found, ast.Pipeline) for found in descendants(node))


def _filtered(rows: Relation, node: ast.Expression, scope: Scope) -> Relation:
    """The rows for which the condition is true; all of them where it draws another value each time."""
    drawn = scope.context.draws
    with scope.context.at(node):
        test = condition(bind(node, scope.over(rows))).predicate
    return rows if scope.context.draws > drawn else Filter(rows.fields, rows, test)
