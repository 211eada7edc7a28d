"""evaluate: the plugins, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gatelog.kql import ast
from gatelog.kql.relations import Relation
from gatelog.kql.scope import Scope, nearest
from gatelog.kql.stages.bag_unpack import bag_unpack
from gatelog.kql.stages.geo_lookup import geo_line_lookup, geo_polygon_lookup
from gatelog.kql.stages.ip_lookup import ipv4_lookup, ipv6_lookup
from gatelog.kql.stages.pivot import narrow, pivot
from gatelog.kql.stages.row_plugins import dcount_intersect, rows_near
from gatelog.kql.stages.user_counts import active_users_count, sliding_window_counts
from gatelog.kql.stages.written_plugins import WRITTEN_PLUGINS

Plugin: TypeAlias = "Callable[[ast.Evaluate, ast.Call, Relation, Scope], Relation]"

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
    **WRITTEN_PLUGINS,
}
"""The plugins by name."""


def bind_evaluate(stage: ast.Evaluate, relation: Relation, scope: Scope) -> Relation:
    """The plugin that the stage names."""
    call = stage.plugin
    plugin = PLUGINS.get(call.function) if isinstance(call, ast.Call) else None
    if plugin is None or not isinstance(call, ast.Call):
        name = call.function if isinstance(call, ast.Call) else "evaluate"
        hint = nearest(name, list(PLUGINS)) or f"these are: {', '.join(PLUGINS)}"
        raise scope.context.unsupported(stage, f"the plugin {name}", hint)
    return plugin(stage, call, relation, scope)
