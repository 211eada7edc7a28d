"""partition by value: the sub-query is bound once for each value of the key, and all answers are united.

This is Kusto's legacy strategy, with its limit. It is for what cannot be done in one go over all parts: a
sub-query with a source of its own, `as`, and operators that look at a part as a whole. The values are asked
for while the query is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql, ticks
from gatelog.kql.clickhouse.sql import Sql
from gatelog.kql.clickhouse.writer import written
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.bindings import TableBinding
from gatelog.kql.names.own_names import own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Computed, Filter, Relation
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.table_lists import Input
from gatelog.kql.stages.union import union_of
from gatelog.kql.terms import Term, null_of
from gatelog.kql.types import KqlType
from gatelog.kql.values.conversions import convert
from gatelog.kql.values.literals import literal_term

MOST_PARTS = 64
"""Values of the key, as in Kusto: the statement grows with each."""

PART = own_name("rows")
"""The name under which the sub-query finds the rows of its part."""

_READ: Mapping[KqlType, Callable[[Any], Any]] = {
    KqlType.STRING: str,
    KqlType.BOOL: bool,
    KqlType.INT: int,
    KqlType.LONG: int,
    KqlType.TIMESPAN: int,
    KqlType.REAL: float,
    KqlType.DECIMAL: lambda value: Decimal(str(value)),
    KqlType.GUID: lambda value: UUID(str(value)),
    KqlType.DATETIME: lambda value: int(value) + ticks.EPOCH,
}
"""What the engine answers as the value of a constant."""


Answer: TypeAlias = Callable[[Term], Relation]
"""What a sub-query answers for a value of the key."""


def bind_for_each_value(stage: ast.Partition, relation: Relation, scope: Scope) -> Relation:
    """The answers of the sub-query for every value of the key."""
    return answers_by_value(stage.by, relation, scope, lambda value: _answer(stage, relation, value, scope))


def answers_by_value(by: ast.Expression, relation: Relation, scope: Scope, answer: Answer) -> Relation:
    """One table of the answers for all values of the key `by`."""
    answers = [Input("", answer(value)) for value in _values(by, relation, scope)]
    if not answers:
        shape = copied(answer(null_of(KqlType.STRING)), scope.context)
        return Filter(shape.fields, shape, sql.boolean(False))
    return union_of(answers, None, scope)


def part_of(relation: Relation, by: ast.Expression, value: Term, scope: Scope) -> TableBinding:
    """The rows whose key has a value."""

    def rows() -> Relation:
        part = copied(relation, scope.context)
        key = bind(by, scope.over(part))
        same = sql.call("isNotDistinctFrom", key.sql, convert(value, key.type).sql)
        return Filter(part.fields, part, same)

    return TableBinding(rows)


def _answer(stage: ast.Partition, relation: Relation, value: Term, scope: Scope) -> Relation:
    if stage.explicit:
        assert isinstance(stage.by, ast.Name)
        return scope.bind_table(stage.subquery, scope.with_name(stage.by.value, value))
    source = ast.Pipeline(stage.span, ast.Name(stage.span, PART), stage.subquery.operators)
    return scope.bind_table(source, scope.with_name(PART, part_of(relation, stage.by, value, scope)))


def _values(by: ast.Expression, relation: Relation, scope: Scope) -> list[Term]:
    context = scope.context
    if context.ask is None:
        raise context.unsupported(by, "partition by values, where no query can be asked,")
    rows = copied(relation, context)
    key = bind(by, scope.over(rows))
    if key.type not in _READ:
        raise context.unsupported(by, f"partition by a {key.type}")
    field = context.field("value", key.type)
    distinct = Aggregate((field,), rows, (Computed(field, _asked(key)),), ())
    select = select_of(distinct, [field.sql_name]).limit(MOST_PARTS + 1, copy=False)
    found = [row[0] for row in context.ask(written(select))]
    if len(found) > MOST_PARTS:
        hint = "use operators that hint.strategy=native allows"
        raise context.error(by, f"this partition has more than {MOST_PARTS} parts", hint)
    read = _READ[key.type]
    return [null_of(key.type) if value is None else literal_term(key.type, read(value)) for value in found]


def _asked(key: Term) -> Sql:
    return ticks.since_1970(key.sql) if key.type is KqlType.DATETIME else key.sql
