"""Whole queries: from syntax tree to relations.

binder          statements, pipelines, tables and the author's functions
declarations    set, alias, restrict: what they change for the statements behind them
parameters      what `declare query_parameters` declares and the request gives
function_calls  calls of the author's functions and of saved ones
scans           tables of the catalogue: their columns, JSON paths, time range
reused          tables that have a name, bound once and called anew for each other use
renaming        a bound relation once more, in columns of its own
materialized    a table that comes out another way each time, made once for all its uses
outputs         the answers: one for each query statement, several for fork and facet
"""
