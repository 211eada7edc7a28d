"""top-nested: the top values of a first expression, within each the top values of a second, and so on.

Each level is a grouping of the whole input by the expressions so far, joined to the level before it and
limited within that level's values.
"""

from __future__ import annotations

from gatelog.kql import ast
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.naming import Names, result_name
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Compute, Join, Limit, Relation, Sort, SortKey
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.stages.computing import copied
from gatelog.kql.stages.rows import row_count
from gatelog.kql.stages.summarize import bind_summarize, check_key
from gatelog.kql.stages.top_nested_others import bind_with_others, check_total
from gatelog.kql.terms import Field


def bind_top_nested(stage: ast.TopNested, relation: Relation, scope: Scope) -> Relation:
    """For each level its expression and its aggregate."""
    if any(level.others is not None for level in stage.levels):
        found = bind_with_others(stage.levels, relation, scope)
        return Compute(_named(stage.levels, found.fields), found, ())
    return _limited_levels(stage, relation, scope)


def _limited_levels(stage: ast.TopNested, relation: Relation, scope: Scope) -> Relation:
    found: Relation | None = None
    for place in range(1, len(stage.levels) + 1):
        grouped = _grouped(stage.levels[:place], copied(relation, scope.context), scope)
        found = _limited(stage.levels[place - 1], grouped, found, scope)
    assert found is not None
    return Compute(_named(stage.levels, found.fields), found, ())


def _grouped(levels: tuple[ast.TopNestedLevel, ...], relation: Relation, scope: Scope) -> Relation:
    """The input by the expressions of all levels, with the aggregate of the last."""
    last = levels[-1]
    kind = bind(last.of.value, scope.over(relation)).type
    check_key(kind, result_name(last.of.value), last.of, scope)
    keys = tuple(
        ast.NamedExpression(level.span, (ast.Name(level.span, f"key_{place}"),), level.of.value)
        for place, level in enumerate(levels)
    )
    total = ast.NamedExpression(last.span, (ast.Name(last.span, "total"),), last.by.value)
    grouped = bind_summarize(ast.Summarize(last.span, (total,), keys), relation, scope)
    check_total(last, grouped.fields[len(keys) :], scope)
    return grouped


def _limited(level: ast.TopNestedLevel, grouped: Relation, parent: Relation | None, scope: Scope) -> Relation:
    """The groups of a level within those of its parent, the first ones of each."""
    *above, own, total = grouped.fields
    joined = grouped if parent is None else _within(grouped, parent, above, (own, total))
    if level.count is None:
        return joined
    order = SortKey(total.sql_name, level.descending, not level.descending)
    in_order = Sort(joined.fields, joined, (order,))
    return Limit(
        joined.fields, in_order, row_count(level.count, scope), tuple(field.sql_name for field in above)
    )


def _within(grouped: Relation, parent: Relation, above: list[Field], own: tuple[Field, Field]) -> Relation:
    """The parent's columns, and this level's own two, for the groups that the parent kept."""
    parent_keys = parent.fields[::2]
    on = tuple(
        (sql.column(one.sql_name), sql.column(other.sql_name))
        for one, other in zip(parent_keys, above, strict=True)
    )
    return Join((*parent.fields, *own), parent, grouped, "INNER", on)


def _named(levels: tuple[ast.TopNestedLevel, ...], fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns under the names that Kusto gives them: the expression's, and aggregated_ with it."""
    names = Names()
    shown = []
    for place, level in enumerate(levels):
        base = level.of.names[0].value if level.of.names else result_name(level.of.value)
        key = names.counted() if base is None else names.add(base)
        total = level.by.names[0].value if level.by.names else f"aggregated_{key}"
        shown += [fields[2 * place].renamed(key), fields[2 * place + 1].renamed(names.add(total))]
    return tuple(shown)
