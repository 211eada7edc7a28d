"""What the text of a query is made of."""

from __future__ import annotations

from typing import Final

import msgspec


class Token(msgspec.Struct, frozen=True, gc=False):
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
        *("by", "of", "others", "missing", "project", "union"),
        *HYPHENATED_WORDS,
    )
)
"""Words that the grammar needs for itself, wherever they stand."""

REFERRED_ONLY_WORDS: Final = frozenset({"kind", "with_source", "withsource"})
"""Words that name what exists already, `where kind == 1`, and need ['kind'] where a column gets its name."""

BRACKETED_WORDS: Final = (
    RESERVED_WORDS
    | REFERRED_ONLY_WORDS
    | frozenset(
        (
            *("boolean", "byte", "char", "date", "datetime", "decimal", "double", "dynamic", "float", "int"),
            *("int16", "int32", "int64", "int8", "long", "real", "string", "time", "timespan", "uint"),
            *("uint16", "uint32", "uint64", "uint8", "ulong", "uniqueid"),
            *("anomalychart", "areachart", "barchart", "card", "columnchart", "ladderchart", "linechart"),
            *("piechart", "pivotchart", "scatterchart", "stackedareachart", "timechart", "timeline"),
            *("timepivot", "treemap"),
            *("contains_cs", "containscs", "endswith", "endswith_cs", "has_cs", "hasprefix", "hasprefix_cs"),
            *("hassuffix", "hassuffix_cs", "like", "likecs", "notcontains", "notcontainscs", "notlike"),
            *("notlikecs", "startswith", "startswith_cs"),
            *("bagexpansion", "decodeblocks", "expandoutput", "flags", "force_remote", "isfuzzy"),
            *("nooptimization", "pathformat", "relaxed", "simple", "with_itemindex", "with_match_id"),
            *("with_step_name",),
            *("cachingpolicy", "callout", "cancel", "cycles", "dataexport", "datascope", "encodingpolicy"),
            *("extent_tags_retention", "external_data", "harddelete", "hardretention", "hotcache", "journal"),
            *("queries", "query_results", "restricted_view_access", "row_level_security", "rowstore"),
            *("rowstore_references", "rowstore_sealinfo", "rowstorepolicy", "rowstores", "seal", "seals"),
            *("shards", "softdelete", "softretention", "statistics", "storedqueryresultcontainers"),
            *("tablepurge", "unrestrictedviewers", "views", "writeaheadlog"),
        )
    )
)
"""Words that name a column or a table only when written ['word'] (Kusto.Language, the keywords that are no
identifiers)."""

ASSIGNED_ONLY_WORDS: Final = frozenset(
    (
        *("accumulate", "as", "by", "contains", "datatable", "earliest", "externaldata", "find", "has", "in"),
        *("invoke", "latest", "materialize", "mdm", "of", "print", "sample", "search", "set", "sql", "title"),
        *("to", "toscalar", "totable", "verbose", "viewers", "where"),
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
