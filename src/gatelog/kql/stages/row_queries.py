"""mv-apply by row: the sub-query is bound once for each row of the input, and all answers are united.

It is for what cannot be done for all rows at once: operators that look at the elements of a row as a whole
table (union, reduce, plugins, graphs) or give them a name (as, invoke). The rows are read once; how many they
are is asked for while the query is compiled.

    rows, numbered ─┬─ row 1, expanded ─ sub-query ─┐
                    ├─ row 2, expanded ─ sub-query ─┴─ union ─┐
                    └──────────────────────────────────── join by number ──►
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.clickhouse.writer import written
from gatelog.kql.lowering.lower import select_of
from gatelog.kql.names.bindings import TableBinding
from gatelog.kql.names.own_names import is_own, own_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Filter, Join, Relation, Sort, SortKey
from gatelog.kql.special.windows import window
from gatelog.kql.stages import expand
from gatelog.kql.stages.columns import extended
from gatelog.kql.stages.computing import copied, kept
from gatelog.kql.stages.partition_values import MOST_PARTS, PART
from gatelog.kql.stages.table_lists import Input
from gatelog.kql.stages.union import union_of
from gatelog.kql.terms import Field
from gatelog.kql.types import KqlType

LONG = KqlType.LONG

_NUMBER = own_name("row")
"""The name under which the number of a row passes through the stages unseen."""


def bind_for_each_row(
    stage: ast.MvApply, cause: ast.Operator, carried: tuple[str, ...], relation: Relation, scope: Scope
) -> Relation:
    """The answers of the sub-query for every row, beside the columns `carried` of the row; `cause` is the
    operator that cannot be done for all rows at once."""
    rows = kept(_numbered(relation, scope), scope.context)
    answers = [_answer(stage, rows, 1, scope)]
    count = _row_count(cause, relation, scope)
    answers += [_answer(stage, rows, number, scope) for number in range(2, count + 1)]
    united = union_of([Input("", answer) for answer in _marked(answers, scope)], None, scope)
    mark, *found = united.fields
    beside = _with_elements(stage, rows, scope)
    joined = _on_number("INNER", (united, mark), beside, (*beside.fields, *united.fields))
    shown = [field for field in beside.fields[:-1] if field.name in carried]
    return Compute(tuple(extended(shown, found)), joined, ())


def _marked(answers: Sequence[Relation], scope: Scope) -> Iterable[Relation]:
    """Each with its number as a first column."""
    for number, answer in enumerate(answers, start=1):
        mark = scope.context.field(_NUMBER, LONG, nullable=False)
        yield Compute((mark, *answer.fields), answer, (Computed(mark, sql.literal(number)),))


def _with_elements(stage: ast.MvApply, rows: Relation, scope: Scope) -> Relation:
    """The rows that have anything to expand: of the others there is no answer, whatever the sub-query is."""
    beside, source = (copied(rows, scope.context) for _ in range(2))
    number = source.fields[-1]
    expanded = expand.expanded(stage.columns, None, source, scope)
    having = Compute((number,), expanded, ())
    return _on_number("LEFT SEMI", (beside, beside.fields[-1]), having, beside.fields)


def _on_number(
    kind: str, left: tuple[Relation, Field], right: Relation, fields: tuple[Field, ...]
) -> Relation:
    """A join by the numbers of rows: of the left side in a given column, of the right in its last."""
    relation, number = left
    pair = (sql.column(number.sql_name), sql.column(right.fields[-1].sql_name))
    return Join(fields, relation, right, kind, (pair,))


def _row_count(cause: ast.Operator, relation: Relation, scope: Scope) -> int:
    context = scope.context
    if context.ask is None:
        raise context.unsupported(cause, "this operator inside mv-apply, where no query can be asked,")
    count = context.field("count", LONG, nullable=False)
    counted = Aggregate((count,), copied(relation, context), (), (Computed(count, sql.call("count")),))
    ((found,),) = context.ask(written(select_of(counted, [count.sql_name])))
    assert isinstance(found, int)
    if found > MOST_PARTS:
        message = f"with this operator mv-apply is done row by row, over {MOST_PARTS} rows at most"
        raise context.error(cause, message, "mv-expand the rows, and summarize them by a key")
    return found


def row_number(name: str, relation: Relation, scope: Scope) -> Computed:
    """The number of each row of a whole relation, from 1, whatever part of a query this stage is in."""
    order_scope = replace(scope.over(relation), part=None)
    number = sql.call("toInt64", window(order_scope, sql.call("row_number"), "running"))
    return Computed(scope.context.field(name, LONG, nullable=False), number)


def _numbered(relation: Relation, scope: Scope) -> Relation:
    """The rows with their number as a last column."""
    number = row_number(_NUMBER, relation, scope)
    return Compute((*relation.fields, number.field), relation, (number,), windowed=True)


def _answer(stage: ast.MvApply, rows: Relation, number: int, scope: Scope) -> Relation:
    """What the sub-query answers for one row."""
    elements = TableBinding(lambda: _elements(stage, rows, number, scope))
    source = ast.Pipeline(stage.span, ast.Name(stage.span, PART), stage.subquery.operators)
    return scope.bind_table(source, scope.with_name(PART, elements))


def _elements(stage: ast.MvApply, rows: Relation, number: int, scope: Scope) -> Relation:
    """The elements of one row, in their order."""
    copy = copied(rows, scope.context)
    *shown, place = copy.fields
    row = Filter(tuple(shown), copy, sql.eq(sql.column(place.sql_name), number))
    most = expand.most_rows(stage.limit, scope)
    expanded = expand.expanded(stage.columns, stage.item_index or expand.HIDDEN, row, scope, most=most)
    index = expanded.fields[-1]
    key = SortKey(index.sql_name, descending=False, nulls_first=True, unique=True)
    return Sort(_without_hidden(expanded.fields), expanded, (key,))


def _without_hidden(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(field for field in fields if not is_own(field.name))
