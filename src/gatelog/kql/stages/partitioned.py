"""Sub-queries that run once for each part of their input: mv-apply (a part is a row) and partition (the
rows of a key).

They are not run one by one: stages that work row by row stay as they are, groups get the part as one more
key, limits count within the part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gatelog.kql import ast, sql
from gatelog.kql.ast.walking import descendants
from gatelog.kql.expressions import bind
from gatelog.kql.relations import Aggregate, Compute, Computed, Limit, Relation, Sort, SortKey
from gatelog.kql.scope import Scope
from gatelog.kql.sql import Sql
from gatelog.kql.stages import columns, expand, join, make_series, parse, parse_kv, rows, scan, summarize
from gatelog.kql.stages.computing import column_for, with_windows
from gatelog.kql.stages.evaluate import bind_evaluate
from gatelog.kql.stages.partition_values import bind_for_each_value
from gatelog.kql.terms import Field, reference
from gatelog.kql.types import KqlType
from gatelog.kql.windows import WINDOW_FUNCTIONS, window

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
}
"""Stages that mean the same within a part as over the whole."""

_OWN_RULE = frozenset(
    {
        *(ast.Summarize, ast.Distinct, ast.Count, ast.Top, ast.Take, ast.Sample),
        *(ast.SampleDistinct, ast.TopHitters),
        *(ast.Scan, ast.MvApply, ast.MakeSeries),
    }
)
"""Stages that `_staged` knows how to apply to all parts at once."""

_JOINS_ROW_BY_ROW = ("inner", "leftouter", "leftsemi", "leftanti")
"""Kinds of join that look at each row of the left side by itself."""

_PLUGINS_ROW_BY_ROW = ("bag_unpack", "ipv4_lookup", "ipv6_lookup")
"""Plugins that look at each row by itself, and keep its other columns."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A relation in parts: `key` tells them apart, `carried` are the columns that belong to the part as a
    whole."""

    relation: Relation
    key: Field
    carried: tuple[Field, ...]


def bind_mv_apply(stage: ast.MvApply, relation: Relation, scope: Scope) -> Relation:
    """Each row with the rows that the sub-query makes of its expanded columns. What has the name of a column
    of the row takes its place; a column that was expanded under its own name is left to the sub-query.
    """
    if stage.context_id is not None:
        raise scope.context.unsupported(stage, "id of mv-apply")
    number = scope.context.field("part", KqlType.LONG, nullable=False)
    order_scope = replace(scope.over(relation), part=None)
    numbered = Compute(
        relation.fields,
        relation,
        (Computed(number, window(order_scope, sql.call("row_number"), "running")),),
        windowed=True,
    )
    most = expand.most_rows(stage.limit, scope)
    minds = bool(relation.order) or _minds_order(stage.subquery)
    index = stage.item_index or (expand.HIDDEN if minds else None)
    expanded = expand.expanded(stage.columns, index, numbered, scope, most=most)
    if index is not None:
        expanded = _in_order(expanded, number)
    taken = {_own_name(one.column) for one in stage.columns}
    carried = tuple(field for field in relation.fields if field.name not in taken)
    parts = _sub_query(stage.subquery, Parts(expanded, number, carried), scope)
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
    """The elements of each row in their order; the column of their places is shown if it was asked for."""
    place = expanded.fields[-1]
    keys = tuple(SortKey(field.sql_name, descending=False, nulls_first=True) for field in (number, place))
    shown = tuple(field for field in expanded.fields if field.name != expand.HIDDEN)
    return Sort(shown, expanded, keys)


def bind_partition(stage: ast.Partition, relation: Relation, scope: Scope) -> Relation:
    """The rows that the sub-query makes of the rows of each key, all together."""
    if stage.explicit or not all(map(_in_one_go, stage.subquery.operators)):
        return bind_for_each_value(stage, relation, scope)
    row_scope = scope.over(relation)
    key, extra = column_for(bind(stage.by, row_scope), "part", row_scope)
    source = Compute(
        relation.fields, with_windows(relation, row_scope), (extra,) if extra is not None else ()
    )
    return _sub_query(stage.subquery, Parts(source, key, ()), scope).relation


def _in_one_go(stage: ast.Operator) -> bool:
    """Whether a stage can be applied to all parts at once."""
    if isinstance(stage, ast.Join):
        return stage.kind in _JOINS_ROW_BY_ROW
    return type(stage) in _ROW_BY_ROW or type(stage) in _OWN_RULE


def _sub_query(query: ast.Pipeline, parts: Parts, scope: Scope) -> Parts:
    if query.source is not None:
        raise scope.context.unsupported(query, "a sub-query with a source of its own")
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
        case ast.Top() | ast.Take() | ast.Sample():
            bind_stage = rows.bind_top if isinstance(stage, ast.Top) else rows.bind_take
            return _limited(bind_stage(stage, parts.relation, scope), parts)  # type: ignore[arg-type]  # one of the two
        case ast.SampleDistinct():
            return _staged_all(summarize.sampled_values(stage), parts, scope)
        case ast.TopHitters():
            return _staged_all(summarize.counted_values(stage), parts, scope)
        case ast.Scan():
            return _scanned(stage, parts, scope)
        case ast.MvApply():
            return _revealed(lambda inner, _: bind_mv_apply(stage, inner, scope), parts)
        case ast.MakeSeries():
            return _revealed(lambda inner, names: _series(stage, inner, names, scope), parts)
        case ast.Evaluate(plugin=ast.Call(function=name), schema=None) if name in _PLUGINS_ROW_BY_ROW:
            return _revealed(lambda inner, _: bind_evaluate(stage, inner, scope), parts)
        case ast.Join(kind=kind) if kind not in _JOINS_ROW_BY_ROW:
            hint = f"these can: {', '.join(_JOINS_ROW_BY_ROW)}"
            raise scope.context.unsupported(stage, f"join kind={kind} inside mv-apply", hint)
        case _ if type(stage) in _ROW_BY_ROW:
            relation = _ROW_BY_ROW[type(stage)](stage, parts.relation, scope)  # type: ignore[operator]  # by its own type
            return Parts(relation, parts.key, parts.carried)
        case _:
            name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(stage).__name__).lower()
            raise scope.context.unsupported(stage, f"{name} inside mv-apply")


def _revealed(bind_stage: Callable[[Relation, list[str]], Relation], parts: Parts) -> Parts:
    """A stage that carries the columns of the part along as if they were columns of the rows."""
    hidden = (parts.key, *parts.carried)
    names = [f"{expand.HIDDEN}{place}" for place in range(len(hidden))]
    shown = [field.renamed(name) for field, name in zip(hidden, names, strict=True)]
    made = bind_stage(Compute((*parts.relation.fields, *shown), parts.relation, ()), names)
    found = {field.name: field for field in made.fields}
    rest = tuple(field for field in made.fields if field.name not in names)
    key, *carried = (found[name].renamed(field.name) for name, field in zip(names, hidden, strict=True))
    return Parts(Compute(rest, made, ()), key, tuple(carried))


def _series(stage: ast.MakeSeries, relation: Relation, hidden: list[str], scope: Scope) -> Relation:
    keys = tuple(ast.NamedExpression(stage.span, (), ast.Name(stage.span, name)) for name in hidden)
    return make_series.bind_make_series(replace(stage, by=(*stage.by, *keys)), relation, scope)


def _grouped(group: Relation, parts: Parts, scope: Scope) -> Parts:
    """A grouping with the part as one more key."""
    assert isinstance(group, Aggregate)
    key = scope.context.field("part", parts.key.type, nullable=parts.key.nullable)
    carried = [
        scope.context.field(field.name, field.type, nullable=field.nullable) for field in parts.carried
    ]
    kept = [
        Computed(
            made,
            _whole(reference(field).sql) if field.nullable else sql.call("any", sql.column(field.sql_name)),
        )
        for made, field in zip(carried, parts.carried, strict=True)
    ]
    relation = Aggregate(
        group.fields,
        group.input,
        (*group.keys, Computed(key, sql.column(parts.key.sql_name))),
        (*group.aggregates, *kept),
        group.ordered,
    )
    return Parts(relation, key, tuple(carried))


def _whole(value: Sql) -> Sql:
    """The value of the part's first row, null included."""
    return sql.call("tupleElement", sql.call("any", sql.call("tuple", value)), 1)


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
