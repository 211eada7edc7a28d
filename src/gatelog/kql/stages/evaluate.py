"""evaluate: the plugins, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from gatelog.kql import ast
from gatelog.kql.names.scope import Scope
from gatelog.kql.relations import Relation
from gatelog.kql.stages.activity_plugins import ACTIVITY_PLUGINS
from gatelog.kql.stages.bag_unpack import bag_unpack
from gatelog.kql.stages.basket import basket
from gatelog.kql.stages.diffpatterns import autocluster, diffpatterns
from gatelog.kql.stages.funnel import funnel_sequence_completion
from gatelog.kql.stages.funnel_sequence import funnel_sequence
from gatelog.kql.stages.geo_lookup import geo_line_lookup, geo_polygon_lookup
from gatelog.kql.stages.ip_lookup import ipv4_lookup, ipv6_lookup
from gatelog.kql.stages.pivot import narrow, pivot
from gatelog.kql.stages.row_plugins import dcount_intersect, rows_near
from gatelog.kql.stages.sequence_detect import sequence_detect
from gatelog.kql.stages.user_counts import active_users_count, sliding_window_counts
from gatelog.kql.stages.written_plugins import WRITTEN_PLUGINS
from gatelog.kql.text.diagnostics import did_you_mean

Plugin: TypeAlias = "Callable[[ast.Evaluate, ast.Call, Relation, Scope], Relation]"


def _preview(stage: ast.Evaluate, call: ast.Call, _: Relation, scope: Scope) -> NoReturn:
    """Refuses `preview` where it cannot be: its two answers are those of the last operator, see `outputs`."""
    if len(call.arguments) != 1:
        raise scope.context.error(stage, "preview takes the number of rows to show")
    raise scope.context.error(stage, "preview has two answers, it can only end a query")


PLUGINS: Mapping[str, Plugin] = {
    "bag_unpack": bag_unpack,
    "pivot": pivot,
    "narrow": narrow,
    "ipv4_lookup": ipv4_lookup,
    "ipv6_lookup": ipv6_lookup,
    "geo_polygon_lookup": geo_polygon_lookup,
    "geo_line_lookup": geo_line_lookup,
    "active_users_count": active_users_count,
    "sliding_window_counts": sliding_window_counts,
    "dcount_intersect": dcount_intersect,
    "rows_near": rows_near,
    "basket": basket,
    "diffpatterns": diffpatterns,
    "autocluster": autocluster,
    "funnel_sequence": funnel_sequence,
    "funnel_sequence_completion": funnel_sequence_completion,
    "sequence_detect": sequence_detect,
    "preview": _preview,
    **ACTIVITY_PLUGINS,
    **WRITTEN_PLUGINS,
}
"""The plugins by name."""

_ELSEWHERE = "queries read this database only"
_NO_PROGRAM = "no program runs beside the engine"

REFUSED_PLUGINS: Mapping[str, str] = {
    "diffpatterns_text": "how it finds its patterns is not published; reduce each side by itself",
    "python": _NO_PROGRAM,
    "r": _NO_PROGRAM,
    "csharp": _NO_PROGRAM,
    "dax_request": _ELSEWHERE,
    "external_datatable": _ELSEWHERE,
    "execute_query": _ELSEWHERE,
    "execute_show_command": _ELSEWHERE,
    "identity": "what it does is not published",
    "identity_v3": "what it does is not published",
    "estimate_rows_count": "tables keep no estimate: write count",
    "infer_storage_schema": _ELSEWHERE,
    "infer_storage_schema_with_suggestions": _ELSEWHERE,
    "sql_request": _ELSEWHERE,
    "mysql_request": _ELSEWHERE,
    "postgresql_request": _ELSEWHERE,
    "cosmosdb_sql_request": _ELSEWHERE,
    "azure_digital_twins_query_request": _ELSEWHERE,
    "http_request": _ELSEWHERE,
    "http_request_post": _ELSEWHERE,
    "ai_embed_text": _ELSEWHERE,
    "ai_embeddings": _ELSEWHERE,
    "ai_chat_completion": _ELSEWHERE,
    "ai_chat_completion_prompt": _ELSEWHERE,
}
"""Plugins of Kusto that are not built, each with the reason."""


def bind_evaluate(stage: ast.Evaluate, relation: Relation, scope: Scope) -> Relation:
    """The plugin that the stage names."""
    call = stage.plugin
    plugin = PLUGINS.get(call.function) if isinstance(call, ast.Call) else None
    if plugin is None or not isinstance(call, ast.Call):
        name = call.function if isinstance(call, ast.Call) else "evaluate"
        hint = REFUSED_PLUGINS.get(name) or did_you_mean(name, PLUGINS) or f"these are: {', '.join(PLUGINS)}"
        raise scope.context.unsupported(stage, f"the plugin {name}", hint)
    return plugin(stage, call, relation, scope)
