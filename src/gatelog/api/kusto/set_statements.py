"""`set` statements of a query that are request properties: they win over those of the request.

    set notruncation;  set truncationmaxrecords = 10;  set query_take_max_records = 5;  T | …

What concerns the language itself (query_now, the scope) is the compiler's; the rest changes nothing here.
https://learn.microsoft.com/azure/data-explorer/kusto/query/set-statement
"""

from __future__ import annotations

import re
from typing import Any

from gatelog.api.kusto.options import Options, read_options
from gatelog.kql import ast, parser

_FIELDS = {
    "notruncation": "truncates",
    "truncationmaxrecords": "records",
    "truncation_max_records": "records",
    "truncationmaxsize": "bytes",
    "truncation_max_size": "bytes",
    "query_take_max_records": "take",
    "deferpartialqueryfailures": "defer_failures",
}
"""Names of properties, and the options that they set."""

_SET = re.compile(r"\bset\s")


def with_set_statements(options: Options, query: str) -> Options:
    """The options of a request as its query changes them. KqlSyntaxError; KustoError 400 for a value."""
    if not _SET.search(query):
        return options
    statements = parser.parse(query).statements
    given = {s.name.lower(): _value(s) for s in statements if isinstance(s, ast.SetOption)}
    properties = {name: value for name, value in given.items() if name in _FIELDS}
    read = read_options(properties)
    return options._replace(**{_FIELDS[name]: getattr(read, _FIELDS[name]) for name in properties})


def _value(statement: ast.SetOption) -> Any:
    """An option without a value is set to true."""
    if statement.value is None:
        return True
    return statement.value.value if isinstance(statement.value, ast.Literal) else statement.name
