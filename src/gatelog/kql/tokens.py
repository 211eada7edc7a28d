"""What the text of a query is made of."""

from __future__ import annotations

from typing import Final, NamedTuple


class Token(NamedTuple):
    """A piece of the text. `kind` is one of the constants below; `start` and `end` are character offsets."""

    kind: str
    text: str
    start: int
    end: int


NAME: Final = "name"
"""A word, keyword or not: keywords are contextual in KQL. Includes hyphenated operators such as mv-expand."""

STRING: Final = "string"
LONG: Final = "long"
REAL: Final = "real"
TIMESPAN: Final = "timespan"
TYPED: Final = "typed"
"""A literal spelled `type(text)`, such as datetime(2024-01-01), with free text inside the parentheses."""

PUNCTUATION: Final = "punctuation"
"""Punctuation, and the operators that begin with `!` or end with `~`."""

INVALID: Final = "invalid"
"""Text that is no token: an unterminated string or a stray character."""

END: Final = "end"

PIPELINE_WORDS: Final = (
    *(
        "as",
        "assert-schema",
        "consume",
        "count",
        "distinct",
        "evaluate",
        "execute-and-cache",
        "extend",
        "facet",
    ),
    *(
        "filter",
        "find",
        "fork",
        "getschema",
        "invoke",
        "join",
        "limit",
        "lookup",
        "make-graph",
        "make-series",
    ),
    *(
        "mv-apply",
        "mv-expand",
        "mvapply",
        "mvexpand",
        "order",
        "parse",
        "parse-kv",
        "parse-where",
        "partition",
    ),
    *(
        "partition-by",
        "project",
        "project-away",
        "project-by-names",
        "project-keep",
        "project-rename",
        "project-reorder",
    ),
    *(
        "project-smart",
        "reduce",
        "render",
        "sample",
        "sample-distinct",
        "scan",
        "search",
        "serialize",
        "sort",
    ),
    *("summarize", "take", "top", "top-hitters", "top-nested", "union", "where"),
    *("graph-mark-components", "graph-match", "graph-shortest-paths", "graph-to-table"),
    *("graph-where-edges", "graph-where-nodes"),
)
"""Words that may follow a pipe."""

SOURCE_WORDS: Final = ("evaluate", "find", "macro-expand", "print", "range", "search", "union")
"""Words that may begin a pipeline in place of a table."""

HYPHENATED_WORDS: Final = (
    *(word for word in (*PIPELINE_WORDS, *SOURCE_WORDS) if "-" in word),
    *("granny-asc", "granny-desc", "partitioned-by"),
)

TEXT_OPERATORS: Final = (
    *("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs"),
    *("contains", "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs"),
)
"""Operators between two strings that also exist negated, with `!` in front."""

RESERVED_WORDS: Final = frozenset(
    (
        *("and", "or", "between", "has_any", "has_all", "true", "false", "asc", "desc", "first", "last"),
        *("by", "of", "others", "join", "missing", "project", "union", "mvexpand", "mvapply", "getschema"),
        *HYPHENATED_WORDS,
    )
)
"""Words that name a column or a table only when written ['word']."""

ASSIGNED_ONLY_WORDS: Final = frozenset(
    (
        *("accumulate", "as", "by", "consume", "contains", "datatable", "distinct", "extend", "externaldata"),
        *("filter", "find", "has", "in", "invoke", "limit", "materialize", "of", "parse", "print", "sample"),
        *(
            "scan",
            "search",
            "serialize",
            "set",
            "sort",
            "summarize",
            "take",
            "title",
            "to",
            "top",
            "toscalar",
        ),
        *("totable", "where"),
    )
)
"""Words that name a column where it gets its name, `title = x`, and need ['title'] where it is used."""

TYPES: Final = {
    "bool": "bool",
    "boolean": "bool",
    "date": "datetime",
    "datetime": "datetime",
    "decimal": "decimal",
    "double": "real",
    "dynamic": "dynamic",
    "float": "real",
    "guid": "guid",
    "int": "int",
    "int32": "int",
    "int64": "long",
    "long": "long",
    "real": "real",
    "string": "string",
    "time": "timespan",
    "timespan": "timespan",
    "uniqueid": "guid",
    "uuid": "guid",
}
"""Every spelling of a type, with its canonical name."""
