"""Functions of Kusto that are valid and not built here: a query with one is refused, not called wrong."""

from __future__ import annotations

_PREFIXES = (
    "series_",
    "geo_",
    "hll",
    "tdigest",
    "punycode_",
    "unicode_",
    "current_",
    "ipv6_",
    "format_",
    "parse_",
)

_NAMES = frozenset(
    # one string, because a list of many quoted words reads worse
    """
    cluster current_cursor current_node_id cursor_after cursor_before_or_at cursor_current database
    entity_group extent_id extent_tags extentid external_table graph hash_combine hash_many materialized_view
    row_id row_rank rowstore_ordinal_range stored_query_result
    """.split()  # noqa: SIM905 # see above
)


def is_known_function(name: str) -> bool:
    """Whether Kusto has a function of this name."""
    return name in _NAMES or name.startswith(_PREFIXES)


_REASONS = {
    "Kusto does not document how it combines hashes: use hash(strcat(...))": ("hash_combine", "hash_many"),
    "there are no database cursors here: filter by a time column": (
        *("current_cursor", "cursor_after", "cursor_before_or_at", "cursor_current"),
    ),
    "no graphs are kept here: make one with make-graph": ("graph",),
    "rows are not kept in extents here": ("extent_id", "extentid", "extent_tags"),
    "a query is not told who asks, nor where": (
        *("current_principal", "current_principal_details", "current_cluster_endpoint"),
    ),
}


def reason_against(name: str) -> str:
    """Why a known function is not built, where there is more to say than that."""
    return next((reason for reason, names in _REASONS.items() if name in names), "")
