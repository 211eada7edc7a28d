"""Commands of the service that are known, and why they are not carried out here."""

from __future__ import annotations

_TOKENS = "who may do what is said by hub.tokens in the configuration"
_ONE_DATABASE = "the record is the one database; its name is hub.database in the configuration"
_ELSEWHERE = "data is not fetched from elsewhere: send it to /v1/rest/ingest, or with .ingest inline"
_QUEUE = (
    "there is no queued ingestion: use the streaming client (KustoStreamingIngestClient), "
    "/v1/rest/ingest or .ingest inline"
)
_VIEWS = (
    "materialized views are not kept up to date here: save the query as a function (.create function), or "
    "keep its rows with .set-or-replace"
)
_EXTENTS = "the engine keeps its parts by itself; rows move with .append and .set-or-replace"
_NO_CLUSTER = "there is no cluster behind this hub"
_GONE = "what was dropped is gone"
_NO_EXPORT = "a client writes what it is answered: /query answers CSV, Arrow and Parquet"

REASONS = {
    "add": _TOKENS,
    "set access": _TOKENS,
    "drop database": _ONE_DATABASE,
    "create database": _ONE_DATABASE,
    "attach": _ONE_DATABASE,
    "detach": _ONE_DATABASE,
    "alter database": _ONE_DATABASE,
    "alter-merge database": _ONE_DATABASE,
    "delete database": _ONE_DATABASE,
    "ingest into": _ELSEWHERE,
    "ingest async": _ELSEWHERE,
    "ingest-from-storage-queued": _ELSEWHERE,
    "create external": _ELSEWHERE,
    "create-or-alter external": _ELSEWHERE,
    "alter external": _ELSEWHERE,
    "drop external": _ELSEWHERE,
    "get ingestion": _QUEUE,
    "get kusto": _QUEUE,
    "show queued": _QUEUE,
    "create materialized-view": _VIEWS,
    "create async": _VIEWS,
    "create-or-alter materialized-view": _VIEWS,
    "alter materialized-view": _VIEWS,
    "drop materialized-view": _VIEWS,
    "delete materialized-view": _VIEWS,
    "show materialized-view": _VIEWS,
    "create entity_group": _NO_CLUSTER,
    "create-or-alter entity_group": _NO_CLUSTER,
    "alter cluster": _NO_CLUSTER,
    "alter-merge cluster": _NO_CLUSTER,
    "show capacity": _NO_CLUSTER,
    "show diagnostics": _NO_CLUSTER,
    "show workload_groups": _NO_CLUSTER,
    "show callstacks": _NO_CLUSTER,
    "show memory": _NO_CLUSTER,
    "show plugins": _NO_CLUSTER,
    "show follower": _NO_CLUSTER,
    "move extents": _EXTENTS,
    "replace extents": _EXTENTS,
    "attach extents": _EXTENTS,
    "alter extent": _EXTENTS,
    "alter-merge extent": _EXTENTS,
    "merge": _EXTENTS,
    "undo": _GONE,
    "recover": _GONE,
    "purge": "use .delete table T records, or .clear table T data: neither leaves the rows behind",
    "export": _NO_EXPORT,
    "create-or-alter continuous-export": _NO_EXPORT,
    "create graph_model": "graphs are made in the query, with make-graph",
    "create-or-alter graph_model": "graphs are made in the query, with make-graph",
    "cancel operation": "an operation ends when it is answered",
    "show journal": ".show commands has the last changes, the hub's log every one with its author",
    "show database journal": ".show commands has the last changes, the hub's log every one with its author",
}
"""By the first words of a command."""
