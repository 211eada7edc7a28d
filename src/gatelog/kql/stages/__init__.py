"""The operators of a pipeline, one function each: from syntax node and input to relation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages import (
    columns,
    evaluate,
    expand,
    find,
    join,
    make_series,
    parse,
    parse_kv,
    partitioned,
    reduce,
    rows,
    scan,
    search,
    summarize,
    top_nested,
    union,
)
from gatelog.kql.stages.computing import copied, kept
from gatelog.kql.stages.graphs import GRAPH_OPERATORS, Graph, bind_make_graph, bind_of_graph
from gatelog.kql.stages.innerunique import settled
from gatelog.kql.stages.rows import bind_datatable

Stage: TypeAlias = Callable[[Any, Relation, Scope], Relation]
Source: TypeAlias = Callable[[Any, Scope], Relation]

STAGES: Mapping[type[ast.Operator], Stage] = {
    ast.Where: rows.bind_where,
    ast.Sort: rows.bind_sort,
    ast.Top: rows.bind_top,
    ast.Take: rows.bind_take,
    ast.Sample: rows.bind_sample,
    ast.Count: rows.bind_count,
    ast.Extend: columns.bind_extend,
    ast.Serialize: columns.bind_extend,
    ast.Project: columns.bind_project,
    ast.ProjectAway: columns.bind_project_away,
    ast.ProjectKeep: columns.bind_project_keep,
    ast.ProjectRename: columns.bind_project_rename,
    ast.ProjectReorder: columns.bind_project_reorder,
    ast.GetSchema: lambda _, relation, scope: columns.bind_get_schema(relation, scope),
    ast.Consume: lambda _, relation, __: rows.bind_consume(relation),
    ast.Summarize: summarize.bind_summarize,
    ast.Distinct: summarize.bind_distinct,
    ast.TopHitters: summarize.bind_top_hitters,
    ast.SampleDistinct: summarize.bind_sample_distinct,
    ast.ProjectByNames: columns.bind_project_by_names,
    ast.Join: join.bind_join,
    ast.Lookup: join.bind_lookup,
    ast.Union: union.bind_union,
    ast.MvExpand: expand.bind_mv_expand,
    ast.MvApply: partitioned.bind_mv_apply,
    ast.Partition: partitioned.bind_partition,
    ast.MakeSeries: make_series.bind_make_series,
    ast.Parse: parse.bind_parse,
    ast.ParseKv: parse_kv.bind_parse_kv,
    ast.Reduce: reduce.bind_reduce,
    ast.Search: search.bind_search,
    ast.Find: find.bind_find,
    ast.Scan: scan.bind_scan,
    ast.TopNested: top_nested.bind_top_nested,
    ast.Evaluate: evaluate.bind_evaluate,
    ast.MakeGraph: bind_make_graph,
    **dict.fromkeys(GRAPH_OPERATORS, bind_of_graph),
}
"""Operators with an input; the node is of the key's type."""

SOURCES: Mapping[type[ast.Operator], Source] = {
    ast.Print: columns.bind_print,
    ast.Range: rows.bind_range,
    ast.Search: lambda stage, scope: search.bind_search(stage, None, scope),
    ast.Find: lambda stage, scope: find.bind_find(stage, None, scope),
    ast.Union: lambda stage, scope: union.bind_union(stage, None, scope),
}
"""Operators that begin a pipeline."""

__all__ = ["GRAPH_OPERATORS", "SOURCES", "STAGES", "Graph", "bind_datatable", "copied", "kept", "settled"]
