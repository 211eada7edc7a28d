"""Sub-queries that run once for each part of their input: mv-apply (a part is a row) and partition (the
rows of a key).

They are not run one by one: stages that work row by row stay as they are, groups get the part as one more
key, limits count within the part. What that cannot be done for is in `row_queries` and `partition_values`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from gatelog.kql import ast
from gatelog.kql.ast.walking import descendants
from gatelog.kql.clickhouse import sql
from gatelog.kql.names.own_names import is_own
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Aggregate, Compute, Computed, Join, Limit, Relation, Sort, SortKey
from gatelog.kql.scalars.expressions import bind
from gatelog.kql.special.windows import WINDOW_FUNCTIONS
from gatelog.kql.stages import (
    columns,
    expand,
    join,
    make_series,
    parse,
    parse_kv,
    rows,
    scan,
    search,
    summarize,
)
from gatelog.kql.stages.computing import column_for, copied, kept, with_windows
from gatelog.kql.stages.evaluate import bind_evaluate
from gatelog.kql.stages.partition_values import bind_for_each_value
from gatelog.kql.stages.parts import Parts, of_part, revealed, with_hidden
from gatelog.kql.stages.row_queries import bind_for_each_row, row_number
from gatelog.kql.stages.top_nested import bind_top_nested
from gatelog.kql.terms import Field, Term
from gatelog.kql.types import KqlType

_ROW_BY_ROW = {
    ast.Where: rows.bind_where,
    ast.Extend: columns.bind_extend,
    ast.Project: columns.bind_project,
    ast.ProjectAway: columns.bind_project_away,
    ast.ProjectKeep: columns.bind_project_keep,
    ast.ProjectRename: columns.bind_project_rename,
    ast.ProjectReorder: columns.bind_project_reorder,
    ast.Sort: rows.bind_sort,
    ast.MvExpand: expand.bind_mv_expand,
    ast.Parse: parse.bind_parse,
    ast.ParseKv: parse_kv.bind_parse_kv,
    ast.ProjectByNames: columns.bind_project_by_names,
    ast.Serialize: columns.bind_extend,
    ast.Join: join.bind_join,
    ast.Lookup: join.bind_lookup,
    ast.Search: search.bind_search,
}
"""Stages that mean the same within a part as over the whole."""

_OWN_RULE = frozenset(
    {
        *(ast.Summarize, ast.Distinct, ast.Count, ast.Top, ast.Take, ast.Sample),
        *(ast.SampleDistinct, ast.TopHitters),
        *(ast.Scan, ast.MvApply, ast.MakeSeries, ast.TopNested),
    }
)
"""Stages that `_staged` knows how to apply to all parts at once."""

_JOINS_ROW_BY_ROW = ("inner", "leftouter", "leftsemi", "leftanti")
"""Kinds of join that look at each row of the left side by itself."""

_STRATEGIES = ("legacy", "native", "shuffle")

_PLUGINS_ROW_BY_ROW = ("bag_unpack", "ipv4_lookup", "ipv6_lookup")
"""Plugins that look at each row by itself, and keep its other columns."""


def bind_mv_apply(stage: ast.MvApply, relation: Relation, scope: Scope) -> Relation:
    """Each row with the rows that the sub-query makes of its expanded columns. What has the name of a column
    of the row takes its place; a column that was expanded under its own name is left to the sub-query.
    """
    if stage.context_id is not None:
        raise scope.context.unsupported(stage, "id of mv-apply")
    if stage.subquery.source is not None:
        raise scope.context.unsupported(stage.subquery, "a sub-query with a source of its own")
    taken = {_own_name(one.column) for one in stage.columns}
    carried = tuple(field for field in relation.fields if field.name not in taken)
    for operator in stage.subquery.operators:
        if not _in_one_go(operator):
            names = tuple(field.name for field in carried)
            return bind_for_each_row(stage, operator, names, relation, scope)
    number = row_number("part", relation, scope)
    numbered = Compute(relation.fields, relation, (number,), windowed=True)
    most = expand.most_rows(stage.limit, scope)
    minds = bool(relation.order) or _minds_order(stage.subquery)
    index = stage.item_index or (expand.HIDDEN if minds else None)
    expanded = expand.expanded(stage.columns, index, numbered, scope, most=most)
    if index is not None:
        expanded = _in_order(expanded, number.field)
    parts = _sub_query(stage.subquery, Parts(_shown(expanded), number.field, carried), scope)
    shown = columns.extended(parts.carried, parts.relation.fields)
    return Compute(tuple(shown), parts.relation, ())


def _own_name(column: ast.NamedExpression) -> str | None:
    """The name of a column that is expanded under it."""
    value = column.value
    return value.value if isinstance(value, ast.Name) and not column.names else None


def _minds_order(query: ast.Pipeline) -> bool:
    """Whether a sub-query speaks of the rows before or after."""
    return any(
        isinstance(node, ast.Scan) or (isinstance(node, ast.Call) and node.function in WINDOW_FUNCTIONS)
        for node in descendants(query)
    )


def _in_order(expanded: Relation, number: Field) -> Relation:
    """The elements of each row in their order."""
    place = expanded.fields[-1]
    keys = tuple(SortKey(field.sql_name, descending=False, nulls_first=True) for field in (number, place))
    return Sort(expanded.fields, expanded, keys)


def _shown(relation: Relation) -> Relation:
    """Without the columns that the sub-query does not know."""
    fields = tuple(field for field in relation.fields if not is_own(field.name))
    return relation if fields == relation.fields else Compute(fields, relation, ())


def bind_partition(stage: ast.Partition, relation: Relation, scope: Scope) -> Relation:
    """The rows that the sub-query makes of the rows of each key, all together."""
    _check_strategy(stage, scope)
    if stage.explicit or not all(map(_in_one_go, stage.subquery.operators)):
        return bind_for_each_value(stage, relation, scope)
    row_scope = scope.over(relation)
    key, extra = column_for(_key(bind(stage.by, row_scope)), "part", row_scope)
    source = Compute(
        relation.fields, with_windows(relation, row_scope), (extra,) if extra is not None else ()
    )
    return _sub_query(stage.subquery, Parts(source, key, ()), scope).relation


def _key(value: Term) -> Term:
    """What tells the parts apart: of a dynamic its JSON, as only that can be a key."""
    if value.type is not KqlType.DYNAMIC:
        return value
    return Term(KqlType.STRING, sql.if_null(value.sql, ""), nullable=False)


def _check_strategy(stage: ast.Partition, scope: Scope) -> None:
    """What is applied in one go is not asked of the author: a strategy only has to be one."""
    for hint in stage.hints:
        if hint.name != "hint.strategy" or hint.value == "legacy":
            continue
        if hint.value not in _STRATEGIES:
            raise scope.context.error(hint, f"there is no strategy '{hint.value}'", ", ".join(_STRATEGIES))
        if stage.explicit:
            message = f"a sub-query with a source of its own has no strategy '{hint.value}'"
            raise scope.context.error(hint, message, "write hint.strategy = legacy")


def _in_one_go(stage: ast.Operator) -> bool:
    """Whether a stage can be applied to all parts at once."""
    match stage:
        case ast.Join(kind=kind):
            return kind in _JOINS_ROW_BY_ROW
        case ast.Evaluate(plugin=ast.Call(function=name), schema=schema):
            return name in _PLUGINS_ROW_BY_ROW and schema is None
        case _:
            return type(stage) in _ROW_BY_ROW or type(stage) in _OWN_RULE


def _sub_query(query: ast.Pipeline, parts: Parts, scope: Scope) -> Parts:
    for stage in query.operators:
        scope.context.count_stage(stage)
    return _staged_all(query.operators, parts, scope)


def _staged_all(stages: Iterable[ast.Operator], parts: Parts, scope: Scope) -> Parts:
    for stage in stages:
        parts = _staged(stage, parts, replace(scope, part=parts.key))
    return parts


def _staged(stage: ast.Operator, parts: Parts, scope: Scope) -> Parts:
    match stage:
        case ast.Summarize():
            return _grouped(summarize.bind_summarize(stage, parts.relation, scope), parts, scope)
        case ast.Distinct():
            return _grouped(summarize.bind_distinct(stage, parts.relation, scope), parts, scope)
        case ast.Count():
            return _grouped(rows.bind_count(stage, parts.relation, scope), parts, scope)
        case ast.Top():
            return _limited(rows.bind_top(stage, parts.relation, scope), parts)
        case ast.Take():
            return _limited(rows.bind_take(stage, parts.relation, scope), parts)
        case ast.Sample():
            return _limited(rows.first_drawn(stage, parts.relation, scope), parts)
        case ast.SampleDistinct():
            return _staged_all(summarize.sampled_values(stage), parts, scope)
        case ast.TopHitters():
            return _staged_all(summarize.counted_values(stage), parts, scope)
        case ast.Scan():
            return _scanned(stage, parts, scope)
        case ast.MvApply():
            return revealed(lambda inner, _: bind_mv_apply(stage, inner, scope), parts)
        case ast.MakeSeries():
            return revealed(lambda inner, names: _series(stage, inner, names, scope), parts)
        case ast.Evaluate():
            return revealed(lambda inner, _: bind_evaluate(stage, inner, scope), parts)
        case ast.TopNested():
            return _nested(stage, parts, scope)
        case _:
            relation = _ROW_BY_ROW[type(stage)](stage, parts.relation, scope)  # type: ignore[operator]  # by its own type
            return Parts(relation, parts.key, parts.carried)


def _nested(stage: ast.TopNested, parts: Parts, scope: Scope) -> Parts:
    """A top-nested with a level more above its own, all values of the part; the columns that belong to the
    part are joined to what comes of it."""
    shown, names = with_hidden(parts)
    whole = kept(shown, scope.context) if parts.carried else shown
    made = bind_top_nested(
        replace(stage, levels=(_all_of(names[0], stage.span), *stage.levels)), whole, scope
    )
    key, _, *rest = made.fields
    if not parts.carried:
        return Parts(Compute(tuple(rest), made, ()), key, ())
    once = copied(whole, scope.context)
    own, *others = once.fields[-len(names) :]
    part = scope.context.field("part", own.type, nullable=own.nullable)
    carried = of_part(others, scope)
    fields = tuple(one.field for one in carried)
    by_part = Aggregate((part, *fields), once, (Computed(part, sql.column(own.sql_name)),), carried)
    on = ((sql.column(key.sql_name), sql.column(part.sql_name)),)
    joined = Join((*made.fields, *fields), made, by_part, "INNER", on)
    named = zip(fields, parts.carried, strict=True)
    return Parts(Compute(tuple(rest), joined, ()), key, tuple(one.renamed(two.name) for one, two in named))


def _all_of(name: str, span: ast.Span) -> ast.TopNestedLevel:
    """The level of all values of a column."""
    of = ast.NamedExpression(span, (), ast.Name(span, name))
    by = ast.NamedExpression(span, (), ast.Call(span, "count", ()))
    return ast.TopNestedLevel(span, count=None, of=of, others=None, by=by, descending=True)


def _series(stage: ast.MakeSeries, relation: Relation, hidden: list[str], scope: Scope) -> Relation:
    keys = tuple(ast.NamedExpression(stage.span, (), ast.Name(stage.span, name)) for name in hidden)
    return make_series.bind_make_series(replace(stage, by=(*stage.by, *keys)), relation, scope)


def _grouped(group: Relation, parts: Parts, scope: Scope) -> Parts:
    """A grouping with the part as one more key."""
    assert isinstance(group, Aggregate)
    key = scope.context.field("part", parts.key.type, nullable=parts.key.nullable)
    carried = of_part(parts.carried, scope)
    relation = Aggregate(
        group.fields,
        group.input,
        (*group.keys, Computed(key, sql.column(parts.key.sql_name))),
        (*group.aggregates, *carried),
        group.ordered,
    )
    return Parts(relation, key, tuple(one.field for one in carried))


def _scanned(stage: ast.Scan, parts: Parts, scope: Scope) -> Parts:
    """A scan of each part."""
    carried = (parts.key, *parts.carried)
    key = Computed(scope.context.field("part", parts.key.type), sql.column(parts.key.sql_name))
    relation, shown = scan.scanned_parts(stage, parts.relation, (key,), carried, scope)
    size = len(carried)
    return Parts(Compute(shown[size:], relation, ()), shown[0], shown[1:size])


def _limited(limit: Relation, parts: Parts) -> Parts:
    """A limit within the part."""
    assert isinstance(limit, Limit)
    within = Limit(limit.fields, limit.input, limit.count, (parts.key.sql_name,))
    return Parts(within, parts.key, parts.carried)
