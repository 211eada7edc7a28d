"""The record as an Azure Data Explorer database: its REST API, and what its clients ask beside their queries.

requests · options · context     what came                 query       a query to its tables
result · rows · values           tables of typed columns   commands    what begins with a dot
v1 · v2 · completion             the two shapes of answers ingest      data to rows of a table
faults · answers                 errors, HTTP              sign_in     who the client's token is from
"""

from gatelog.api.kusto.endpoints import KustoApi

__all__ = ["KustoApi"]
