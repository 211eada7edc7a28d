"""How long the statement of operators may be that read their input several times."""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.clickhouse.writer import written
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation

LONGEST_STATEMENT = 200_000
"""Characters: the engine reads 262,144, and what stands behind the operator needs some. One behind another
multiplies them."""


def with_short_statement(relation: Relation, node: ast.Node, scope: Scope) -> Relation:
    """The relation that an operator at `node` made; refuses one that the engine would not read."""
    if len(written(select_of(relation, [field.sql_name for field in relation.fields]))) > LONGEST_STATEMENT:
        message = (
            f"this reads its input several times, together more than {LONGEST_STATEMENT} characters of SQL"
        )
        raise scope.context.error(
            node,
            message,
            "project what is of interest before it, and use few such operators behind each other",
        )
    return relation
